//! References out of the pipeline: found by what both orgs know, by a file, or by a default.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Health, Outcome, Sink, TaskError};
use orgstream_salesforce::{Org, SalesforceId};
use orgstream_salesforce_simulator as simulator;
use orgstream_salesforce_simulator::{CallKind, Fault};
use serde_json::{Value as Json, json};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config, connect};
use crate::config::{Operation, SinkConfig};
use crate::parking::Parking;
use crate::rules::{Fallback, FindRule, ReferenceRule};

const TIMEOUT: Duration = Duration::from_secs(20);

/// The fields of both orgs: record types of the same names on two objects, and a lead that must have an agent.
const OBJECTS: &str = "
objects:
  Account:
    record_types: [{ name: Partner, label: Partner }, { name: Customer, label: Customer, default: true }]
    fields:
      - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
  Contact: [*id]
  Lead:
    record_types: [{ name: Partner, label: Partner }, { name: Web, label: Web, default: true }]
    fields:
      - *id
      - { name: Agent__c, type: reference, label: Agent, reference_to: [User], relationship: Agent__r, flags: [create, update] }
";

/// Two orgs.
struct Pair {
    world: World,
    a: simulator::Org,
    in_a: Org,
}

impl Pair {
    async fn start() -> Self {
        Self::of(OBJECTS).await
    }

    /// As [`Pair::start`], where a lead can be without an agent.
    async fn freely() -> Self {
        Self::of(&OBJECTS.replace("flags: [create, update] }", "flags: [create, update, nillable] }")).await
    }

    async fn of(objects: &str) -> Self {
        let a = simulator::Org::builder().name("a").objects(objects).start().await.unwrap();
        let in_a = connect("a", &a).await;
        let mut world = World::of(simulator::Org::builder().objects(objects)).await;
        world.org_a = Some(in_a.clone());
        Self { world, a, in_a }
    }

    /// A user of both orgs: the ids in A and in B.
    async fn user(&self, name: &str) -> [SalesforceId; 2] {
        [user(&self.in_a, name, name).await, user(&self.world.org, name, name).await]
    }

    /// A sink with a rule for a field, see [`ruled`].
    async fn sink(&self, field: &str, rule: FindRule) -> Runtime {
        self.world.try_sink(ruled(field, rule)).await.unwrap()
    }

    fn lead(&self, number: u32) -> Change {
        Change::created("Lead", number).of_org(self.a.id())
    }

    fn written(&self, number: u32, field: &str) -> Json {
        self.world.row("Lead", &id("Lead", number)).unwrap()[field].clone()
    }
}

async fn user(org: &Org, username: &str, email: &str) -> SalesforceId {
    let profile = org.query("SELECT Id FROM Profile LIMIT 1").await.unwrap().rows[0]["Id"].clone();
    let alias: String = username.chars().take(8).collect();
    let row = json!({
        "Username": username, "Email": email, "LastName": "Doe", "Alias": alias, "ProfileId": profile,
        "TimeZoneSidKey": "Europe/Rome", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US",
    });
    create(org, "User", row).await
}

async fn create(org: &Org, object: &str, row: Json) -> SalesforceId {
    org.create_one(object, &serde_json::from_value(row).unwrap(), TIMEOUT).await.unwrap()
}

/// The id of the one record of `object` for which a condition holds.
async fn one(org: &Org, object: &str, condition: &str) -> SalesforceId {
    let page = org.query(&format!("SELECT Id FROM {object} WHERE {condition}")).await.unwrap();
    assert_eq!(page.total, 1, "{object} {condition}");
    SalesforceId::parse(page.rows[0]["Id"].as_str().unwrap()).unwrap()
}

fn by(field: &str) -> FindRule {
    FindRule { by: Some(field.to_owned()), ..FindRule::default() }
}

/// A sink with a rule for the field of that name of leads, and of accounts where they have it.
fn ruled(field: &str, rule: FindRule) -> SinkConfig {
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    let rule = ReferenceRule::Find(Arc::new(rule));
    let has = |name: &str| name == "Lead" || (name == "Account" && field == "RecordTypeId");
    for object in config.objects.iter_mut().filter(|object| has(&object.name)) {
        object.references.fields.insert(field.to_owned(), rule.clone());
    }
    config
}

#[tokio::test]
async fn an_owner_is_the_user_of_the_same_name_and_a_queue_the_one_of_the_same_developer_name() {
    let pair = Pair::freely().await;
    let [ann_a, ann_b] = pair.user("Ann@acme.example").await;
    let queue = |org: &Org| {
        let org = org.clone();
        async move {
            let queue = json!({"Name": "Hot leads", "DeveloperName": "Hot", "Type": "Queue"});
            create(&org, "Group", queue).await
        }
    };
    let (queue_a, queue_b) = (queue(&pair.in_a).await, queue(&pair.world.org).await);
    // A public group of the same name is not the queue.
    create(&pair.world.org, "Group", json!({"Name": "Hot", "DeveloperName": "Hot", "Type": "Regular"})).await;
    let mut runtime = pair.sink("OwnerId", by("Username")).await;
    runtime.submit(pair.lead(1).text("OwnerId", ann_a.as_str()));
    runtime.submit(pair.lead(2).text("OwnerId", queue_a.as_str()));
    runtime.settle().await;
    assert_eq!(pair.written(1, "OwnerId"), ann_b.as_str());
    assert_eq!(pair.written(2, "OwnerId"), queue_b.as_str());
    assert_eq!((runtime.counts().left_out, runtime.counts().defaulted), (0, 0));
}

#[tokio::test]
async fn a_record_type_is_the_one_of_the_same_object() {
    let pair = Pair::freely().await;
    let mut runtime = pair.sink("RecordTypeId", by("DeveloperName")).await;
    for (number, object) in [(1, "Account"), (2, "Lead")] {
        let condition = format!("DeveloperName = 'Partner' AND SobjectType = '{object}'");
        let in_a = one(&pair.in_a, "RecordType", &condition).await;
        let record = Change::created(object, number).of_org(pair.a.id());
        runtime.submit(record.text("RecordTypeId", in_a.as_str()));
        runtime.settle().await;
        let expected = one(&pair.world.org, "RecordType", &condition).await;
        let row = pair.world.row(object, &id(object, number)).unwrap();
        assert_eq!(row["RecordTypeId"], expected.as_str(), "{object}");
    }
}

#[tokio::test]
async fn two_records_that_fit_are_a_rejection_with_both_ids() {
    let pair = Pair::freely().await;
    let in_a = user(&pair.in_a, "ann@a.example", "team@acme.example").await;
    let first = user(&pair.world.org, "ann@b.example", "team@acme.example").await;
    let second = user(&pair.world.org, "bob@b.example", "Team@acme.example").await;
    let mut runtime = pair.sink("OwnerId", by("Email")).await;
    runtime.submit(pair.lead(1).text("OwnerId", in_a.as_str()));
    runtime.submit(pair.lead(2));
    runtime.settle().await;
    let rejections = runtime.rejections();
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0].code, "AMBIGUOUS_REFERENCE");
    for said in [first.as_str(), second.as_str(), in_a.as_str(), "team@acme.example", "`OwnerId`"] {
        assert!(rejections[0].message.contains(said), "{said}: {}", rejections[0]);
    }
    assert_eq!(pair.world.sandbox.count("Lead"), 1);
}

#[tokio::test]
async fn what_is_not_found_is_left_out_or_gets_the_default_and_is_counted() {
    let pair = Pair::freely().await;
    let only_in_a = user(&pair.in_a, "ann@a.example", "ann@acme.example").await;
    let [_, fallback] = pair.user("integration@acme.example").await;
    let value = Fallback::Value("Integration@ACME.example".to_owned());
    for (number, default, expected) in [
        (1, None, None),
        (2, Some(Fallback::Id(fallback)), Some(fallback)),
        (3, Some(value), Some(fallback)),
        (4, Some(Fallback::Value("nobody@acme.example".to_owned())), None),
    ] {
        let rule = FindRule { fallback: default.clone(), ..by("Username") };
        let mut runtime = pair.sink("Agent__c", rule).await;
        runtime.submit(pair.lead(number).text("Agent__c", only_in_a.as_str()));
        runtime.settle().await;
        let expected = expected.map_or(Json::Null, |id| json!(id.as_str()));
        assert_eq!(pair.written(number, "Agent__c"), expected, "{default:?}");
        let counted = if expected.is_null() { (1, 0) } else { (0, 1) };
        assert_eq!((runtime.counts().left_out, runtime.counts().defaulted), counted, "{default:?}");
    }
}

#[tokio::test]
async fn a_default_owner_is_a_user_by_the_field_of_the_rule_or_a_queue_by_its_name() {
    let pair = Pair::freely().await;
    let only_in_a = user(&pair.in_a, "ann@a.example", "ann@acme.example").await;
    let [_, bot] = pair.user("bot@acme.example").await;
    let queue = json!({"Name": "Hot leads", "DeveloperName": "Hot", "Type": "Queue"});
    let queue = create(&pair.world.org, "Group", queue).await;
    for (number, default, expected) in [(1, "bot@acme.example", bot), (2, "hot", queue)] {
        let rule = FindRule { fallback: Some(Fallback::Value(default.to_owned())), ..by("Username") };
        let mut runtime = pair.sink("OwnerId", rule).await;
        runtime.submit(pair.lead(number).text("OwnerId", only_in_a.as_str()));
        runtime.settle().await;
        assert_eq!(pair.written(number, "OwnerId"), expected.as_str());
    }
}

#[tokio::test]
async fn ids_that_are_given_come_before_everything_else() {
    let pair = Pair::freely().await;
    let [ann_a, _] = pair.user("ann@acme.example").await;
    let [bob_a, bob_b] = pair.user("bob@acme.example").await;
    let ids = HashMap::from([(ann_a, bob_b)]);
    let mut runtime = pair.sink("Agent__c", FindRule { ids, ..by("Username") }).await;
    runtime.submit(pair.lead(1).text("Agent__c", &ann_a.as_str()[..15]));
    runtime.submit(pair.lead(2).text("Agent__c", bob_a.as_str()));
    runtime.settle().await;
    assert_eq!(pair.written(1, "Agent__c"), bob_b.as_str());
    assert_eq!(pair.written(2, "Agent__c"), bob_b.as_str());
}

#[tokio::test]
async fn a_file_alone_needs_no_org_a() {
    let mut pair = Pair::freely().await;
    let [ann_a, ann_b] = pair.user("ann@acme.example").await;
    pair.world.org_a = None;
    let ids = HashMap::from([(ann_a, ann_b)]);
    let mut runtime = pair.sink("Agent__c", FindRule { ids, ..FindRule::default() }).await;
    runtime.submit(pair.lead(1).text("Agent__c", ann_a.as_str()));
    runtime.submit(pair.lead(2).text("Agent__c", "0055g000004XyzEAAS"));
    runtime.settle().await;
    assert_eq!(
        (pair.written(1, "Agent__c"), pair.written(2, "Agent__c")),
        (json!(ann_b.as_str()), Json::Null)
    );
    assert_eq!(runtime.counts().left_out, 1);
}

#[tokio::test]
async fn a_required_reference_is_waited_for_until_its_record_is_made() {
    let pair = Pair::start().await;
    let ann_a = user(&pair.in_a, "ann@acme.example", "ann@acme.example").await;
    let mut runtime = pair.sink("Agent__c", by("Username")).await;
    runtime.submit(pair.lead(1).text("Agent__c", ann_a.as_str()));
    runtime.step().await;
    assert!(matches!(runtime.last(), Outcome::Parked(_)), "the agent is missing: {:?}", runtime.last());
    let ann_b = user(&pair.world.org, "ann@acme.example", "ann@acme.example").await;
    runtime.settle().await;
    assert_eq!(pair.written(1, "Agent__c"), ann_b.as_str());
    // The first look asks the org, whatever it said before.
    assert_eq!(runtime.outcomes.len(), 2);
}

#[tokio::test]
async fn a_required_reference_that_nobody_finds_is_a_rejection_that_says_what_was_looked_for() {
    let pair = Pair::start().await;
    let ann_a = user(&pair.in_a, "ann@acme.example", "ann@acme.example").await;
    let parking = Parking { expire_after: Duration::from_secs(1), ..Parking::default() };
    let config = SinkConfig { parking, ..ruled("Agent__c", by("Username")) };
    let mut runtime = pair.world.try_sink(config).await.unwrap();
    runtime.submit(pair.lead(1).text("Agent__c", ann_a.as_str()));
    runtime.settle().await;
    let rejection = runtime.rejections()[0];
    assert_eq!(rejection.code, "REQUIRED_PARENT_MISSING");
    for said in ["`ann@acme.example`", "User", "org `b`", "`default`"] {
        assert!(rejection.message.contains(said), "{said}: {rejection}");
    }
}

#[tokio::test]
async fn a_thousand_records_of_three_owners_cost_a_few_reads_of_each_org() {
    let pair = Pair::freely().await;
    let mut owners = Vec::new();
    for name in ["ann@acme.example", "bob@acme.example", "cyd@acme.example"] {
        owners.push(pair.user(name).await);
    }
    let mut runtime = pair.sink("Agent__c", by("Username")).await;
    pair.a.reset_calls();
    pair.world.sandbox.reset_calls();
    for number in 0..1_000 {
        runtime.submit(pair.lead(number).text("Agent__c", owners[number as usize % 3][0].as_str()));
    }
    runtime.settle().await;
    for row in pair.world.rows("Lead") {
        let number: usize = row["LastName"].as_str().unwrap().trim_start_matches("Lead ").parse().unwrap();
        assert_eq!(row["Agent__c"], owners[number % 3][1].as_str());
    }
    assert_eq!(pair.world.sandbox.count("Lead"), 1_000);
    // Calls that began together each ask once.
    let reads = pair.a.calls(CallKind::Retrieve) + pair.world.sandbox.calls(CallKind::Query);
    assert!(reads <= 8, "{reads} reads");
}

#[tokio::test]
async fn an_outage_of_org_a_costs_no_record() {
    let pair = Pair::freely().await;
    let [ann_a, ann_b] = pair.user("ann@acme.example").await;
    let config = SinkConfig { retry_for: Duration::from_millis(200), ..ruled("Agent__c", by("Username")) };
    let mut runtime = pair.world.try_sink(config).await.unwrap();
    let outage = pair.a.faults().take_down();
    runtime.submit(pair.lead(1).text("Agent__c", ann_a.as_str()));
    let waited = tokio::time::timeout(Duration::from_secs(4), runtime.sink.settled()).await;
    assert!(waited.is_err(), "nothing settles while org a is away: {waited:?}");
    assert!(matches!(&*runtime.health.borrow(), Health::Degraded(reason) if reason.contains("org `a`")));
    pair.a.faults().remove(outage);
    runtime.settle().await;
    assert_eq!(pair.written(1, "Agent__c"), ann_b.as_str());
}

#[tokio::test]
async fn an_answer_of_org_a_that_is_lost_is_asked_for_again() {
    let pair = Pair::freely().await;
    let [ann_a, ann_b] = pair.user("ann@acme.example").await;
    let mut runtime = pair.sink("Agent__c", by("Username")).await;
    let lost = simulator::Effect::CutAfter;
    pair.a.faults().add(Fault::new(CallKind::Retrieve, lost).times(1));
    runtime.submit(pair.lead(1).text("Agent__c", ann_a.as_str()));
    runtime.settle().await;
    assert_eq!(pair.written(1, "Agent__c"), ann_b.as_str());
}

#[tokio::test]
async fn records_of_an_org_that_cannot_be_asked_leave_such_references_out() {
    let pair = Pair::freely().await;
    let [ann_a, _] = pair.user("ann@acme.example").await;
    let mut runtime = pair.sink("Agent__c", by("Username")).await;
    runtime.submit(Change::created("Lead", 1).text("Agent__c", ann_a.as_str()));
    runtime.settle().await;
    assert_eq!(pair.written(1, "Agent__c"), Json::Null);
    assert_eq!(runtime.counts().left_out, 1);
}

#[tokio::test]
async fn a_reference_into_the_pipeline_that_is_to_be_left_out_is_never_written_and_never_owed() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[0].references.default = ReferenceRule::LeaveOut;
    config.objects[0].references.fields.insert("ReportsToId".to_owned(), ReferenceRule::Map);
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Contact", 1));
    runtime.settle().await;
    let child = Change::created("Contact", 2).text("AccountId", &id("Account", 1));
    runtime.submit(child.text("ReportsToId", &id("Contact", 1)));
    runtime.submit(Change::created("Contact", 3).text("AccountId", &id("Account", 9)));
    runtime.settle().await;
    let (boss, child) =
        (world.row("Contact", &id("Contact", 1)), world.row("Contact", &id("Contact", 2)).unwrap());
    assert_eq!((&child["AccountId"], &child["ReportsToId"]), (&Json::Null, &boss.unwrap()["Id"]));
    assert!(runtime.owed.is_empty());
}

#[tokio::test]
async fn rules_that_org_b_cannot_follow_are_refused_at_the_start_all_together() {
    let pair = Pair::freely().await;
    let mut config = ruled("OwnerId", by("Usernme"));
    let lead = config.objects.iter_mut().find(|object| object.name == "Lead").unwrap();
    lead.references.fields.insert("Agnt__c".to_owned(), ReferenceRule::Map);
    let gone = Fallback::Id(SalesforceId::parse("005000000000001AAA").unwrap());
    let rule = FindRule { fallback: Some(gone), ..FindRule::default() };
    lead.references.fields.insert("Agent__c".to_owned(), ReferenceRule::Find(Arc::new(rule)));
    let message = match pair.world.try_sink(config).await.err() {
        Some(TaskError::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for part in [
        "Lead.OwnerId: none of Group, User has a text field `Usernme`",
        "`Agnt__c`",
        "the default 005000000000001AAA",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[tokio::test]
async fn ids_of_a_file_that_are_of_other_objects_are_refused_at_the_start_with_their_lines() {
    let pair = Pair::freely().await;
    let id = |text: &str| SalesforceId::parse(text).unwrap();
    let (user, account) = (id("005000000000001AAA"), id("001000000000001AAA"));
    let other = id("005000000000002AAA");
    let ids = [(user, account), (account, other), (other, other)].into();
    let lines = [(user, 2), (account, 3), (other, 4)].into();
    let config = ruled("OwnerId", FindRule { ids, lines, ..FindRule::default() });
    let message = match pair.world.try_sink(config).await.err() {
        Some(TaskError::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for line in [2, 3] {
        let part = format!("Lead.OwnerId: `file` line {line}: {account} is no id of");
        assert!(message.contains(&part), "{part} is not in: {message}");
    }
    assert!(!message.contains("line 4"), "{message}");
}
