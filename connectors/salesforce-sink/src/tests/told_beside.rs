//! What org B is told beside the records: client, duplicate rules, assignment rules.

use std::time::Duration;

use orgstream_salesforce::{Assignment, SalesforceId, WriteOptions};
use orgstream_salesforce_simulator::{self as simulator, WriteCall};
use serde_json::Value as Json;

use super::change::{Change, id};
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config, jobs};
use crate::config::{Operation, SinkConfig};

/// Accounts of one name resemble each other; leads of one name are never saved twice.
const OBJECTS: &str = "
objects:
  Account:
    fields:
      - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
    duplicate_rules: [{ name: Same_Duplicate_Rule, fields: [Name], action: alert }]
  Lead:
    fields: [*id]
    duplicate_rules: [{ name: Lead_Duplicate_Rule, fields: [LastName] }]
  Contact: [*id]
";

async fn world() -> World {
    World::of(simulator::Org::builder().objects(OBJECTS)).await
}

async fn told(world: &World, writing: WriteOptions) -> Runtime {
    let config = config(Operation::Sync, Duration::from_secs(1));
    world.try_sink(SinkConfig { writing, ..config }).await.unwrap()
}

fn header<'a>(call: &'a WriteCall, name: &str) -> Option<&'a str> {
    call.headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn duplicates_that_org_b_warns_of_are_refused_unless_they_are_allowed_by_every_lane() {
    let world = world().await;
    for (allow_duplicates, saved) in [(false, 1), (true, 1_400)] {
        let writing = WriteOptions { allow_duplicates, ..WriteOptions::default() };
        let mut runtime = told(&world, writing).await;
        // Enough for a composite call and single collections.
        for number in 0..1_400 {
            runtime.submit_again(Change::created("Account", number).text("Name", "Same"), number.into());
        }
        runtime.settle().await;
        assert_eq!(world.sandbox.count("Account"), saved, "{allow_duplicates}");
        let refused = runtime.counts().rejected.get("DUPLICATES_DETECTED").copied().unwrap_or(0);
        assert_eq!(refused, if allow_duplicates { 0 } else { 1_399 });
    }
    let writing = WriteOptions { allow_duplicates: true, ..WriteOptions::default() };
    let inserting = SinkConfig { writing: writing.clone(), ..without_external_ids(Operation::Insert) };
    let mut runtime = world.try_sink(inserting).await.unwrap();
    runtime.submit_to(Change::created("Account", 1).text("Name", "Same"), 1);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (1, 1_401));
    // What a rule blocks nobody can save.
    let mut runtime = told(&world, writing).await;
    runtime.submit(Change::created("Lead", 1).text("LastName", "Same"));
    runtime.submit(Change::created("Lead", 2).text("LastName", "Same"));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "DUPLICATES_DETECTED");
}

#[tokio::test]
async fn rows_of_a_job_that_org_b_takes_for_duplicates_are_saved_by_other_calls() {
    let world = world().await;
    let writing = WriteOptions { allow_duplicates: true, ..WriteOptions::default() };
    let by_bulk =
        SinkConfig { bulk: jobs(Some(50)), writing, ..config(Operation::Sync, Duration::from_mins(1)) };
    let mut runtime = world.try_sink(by_bulk).await.unwrap();
    for number in 0..100 {
        runtime.submit(Change::created("Account", number).text("Name", "Same"));
    }
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (100, 100));
}

#[tokio::test]
async fn assignment_rules_are_off_unless_the_file_says_otherwise_and_only_spoken_of_where_there_are_some() {
    let world = world().await;
    let rule = SalesforceId::parse("01Q5g000000AbCd").unwrap();
    let own = WriteOptions {
        assignment: Assignment::Active,
        assignment_of: [("Account".to_owned(), Assignment::Rule(rule))].into(),
        client: "sync/emea".to_owned(),
        ..WriteOptions::default()
    };
    let cases = [
        (WriteOptions::default(), "orgstream", ["FALSE", "FALSE"]),
        (own, "sync/emea", [rule.as_str(), "TRUE"]),
    ];
    for (place, (writing, client, assignments)) in cases.into_iter().enumerate() {
        let mut runtime = told(&world, writing).await;
        let number = u32::try_from(place).unwrap();
        for (object, assignment) in
            [("Account", Some(assignments[0])), ("Lead", Some(assignments[1])), ("Contact", None)]
        {
            world.sandbox.reset_calls();
            runtime.submit_to(Change::created(object, number), 3);
            runtime.settle().await;
            let calls = world.sandbox.writes();
            assert_eq!(header(&calls[0], "sforce-auto-assign"), assignment, "{object}");
            assert_eq!(header(&calls[0], "sforce-duplicate-rule-header"), None);
            assert_eq!(header(&calls[0], "sforce-call-options"), Some(format!("client={client}").as_str()));
        }
        world.sandbox.reset_calls();
        runtime.submit_to(Change::deleted("Account", number), 3);
        runtime.settle().await;
        assert_eq!(
            header(&world.sandbox.writes()[0], "sforce-auto-assign"),
            None,
            "a deletion assigns nothing"
        );
    }
}

#[tokio::test]
async fn a_job_names_the_rule_and_none_is_begun_where_it_could_not() {
    let world = world().await;
    let rule = SalesforceId::parse("01Q5g000000AbCd").unwrap();
    for (assignment, by_job) in [(Assignment::Rule(rule), true), (Assignment::Active, false)] {
        world.sandbox.reset_calls();
        let writing = WriteOptions { assignment, ..WriteOptions::default() };
        let config = config(Operation::Sync, Duration::from_mins(1));
        let mut runtime =
            world.try_sink(SinkConfig { bulk: jobs(Some(20)), writing, ..config }).await.unwrap();
        for number in 0..40 {
            let number = number + if by_job { 0 } else { 100 };
            runtime.submit_to(Change::created("Lead", number), i32::from(by_job));
        }
        runtime.settle().await;
        assert_eq!(runtime.delivered_count(), 40);
        let jobs: Vec<WriteCall> =
            world.sandbox.writes().into_iter().filter(|call| call.method == "BULK").collect();
        assert_eq!(!jobs.is_empty(), by_job);
        let Some(job) = jobs.first() else { continue };
        let token = world.org.token();
        let url = token.instance_url().join(&format!("/services/data/v62.0{}", job.path)).unwrap();
        let asked = world.org.http().get(url).header("authorization", token.authorization());
        let job: Json = serde_json::from_str(&asked.send().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!(job["assignmentRuleId"], rule.as_str());
    }
    assert!(world.row("Lead", &id("Lead", 7)).is_some());
}
