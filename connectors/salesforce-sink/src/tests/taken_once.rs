//! Fields that org B takes from a new record only.

use orgstream_api::{Outcome, Value};
use orgstream_salesforce_simulator::{self as simulator, CallKind, Effect, Fault};
use serde_json::json;

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{EXTERNAL, World};

/// An account keeps the origin that it was made with, a contact its master, a lead its sponsor, if it has one.
const OBJECTS: &str = "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
    - { name: Origin__c, type: string, label: Origin, length: 40, flags: [create, nillable] }
  Contact:
    - *id
    - { name: Master__c, type: reference, label: Master, reference_to: [Account], relationship: Master__r, on_delete: cascade, flags: [create] }
  Lead:
    - *id
    - { name: Sponsor__c, type: reference, label: Sponsor, reference_to: [Account], relationship: Sponsor__r, flags: [create, nillable] }
";

async fn world() -> (World, Runtime) {
    let world = World::of(simulator::Org::builder().objects(OBJECTS)).await;
    let runtime = world.sync().await;
    (world, runtime)
}

fn account(number: u32) -> Change {
    Change::created("Account", number).text("Origin__c", "fair")
}

#[tokio::test]
async fn a_new_record_gets_them_and_later_changes_go_without() {
    let (world, mut runtime) = world().await;
    runtime.submit(account(1));
    runtime.submit(Change::updated("Account", 1).text("Origin__c", "web").text("Name", "renamed"));
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Origin__c"], &row["Name"]), (&json!("fair"), &json!("renamed")));
    assert_eq!(runtime.delivered_count(), 2);
    assert_eq!(runtime.counts().retries, 0);
}

#[tokio::test]
async fn a_record_that_org_b_has_without_a_link_is_changed() {
    let (world, mut runtime) = world().await;
    let fields = json!({"Name": "old", "Origin__c": "mail", EXTERNAL: id("Account", 1)});
    let there = world.create("Account", fields).await;
    runtime.submit(account(1));
    runtime.submit(account(2));
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Origin__c"], &row["Name"]), (&json!("mail"), &json!("Account 1")));
    assert_eq!(row["Id"], there.as_str());
    assert_eq!(world.row("Account", &id("Account", 2)).unwrap()["Origin__c"], "fair");
}

#[tokio::test]
async fn a_record_that_was_deleted_behind_the_sinks_back_is_made_anew_with_them() {
    let (world, mut runtime) = world().await;
    runtime.submit(account(1));
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    world.delete(row["Id"].as_str().unwrap().parse().unwrap()).await;
    runtime.submit(account(1).event(Some("updated")));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Origin__c"], "fair");
    assert!(runtime.rejections().is_empty());
}

#[tokio::test]
async fn a_record_that_comes_back_keeps_them() {
    let (world, mut runtime) = world().await;
    runtime.submit(account(1));
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::undeleted("Account", 1).text("Origin__c", "web").text("Name", "back"));
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Origin__c"], &row["Name"]), (&json!("fair"), &json!("back")));
    assert!(runtime.rejections().is_empty());
}

#[tokio::test]
async fn a_lost_answer_to_new_records_refuses_none_of_them() {
    let (world, mut runtime) = world().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    for number in 0..150 {
        runtime.submit(account(number));
    }
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (150, 150));
}

#[tokio::test]
async fn a_child_is_made_with_the_master_that_it_can_never_change() {
    let (world, mut runtime) = world().await;
    runtime.submit(Change::created("Contact", 1).text("Master__c", &id("Account", 1)));
    runtime.step().await;
    assert!(matches!(runtime.last(), Outcome::Parked(_)), "the master is missing: {:?}", runtime.last());
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let (master, child) = (id("Account", 1), id("Contact", 1));
    let master = world.row("Account", &master).unwrap();
    assert_eq!(world.row("Contact", &child).unwrap()["Master__c"], master["Id"]);

    // Only in org A may it change; here a master that is not there holds up nothing.
    runtime.submit(
        Change::updated("Contact", 1).text("Master__c", &id("Account", 2)).text("LastName", "renamed"),
    );
    runtime.settle().await;
    let row = world.row("Contact", &child).unwrap();
    assert_eq!((&row["Master__c"], &row["LastName"]), (&master["Id"], &json!("renamed")));
}

#[tokio::test]
async fn a_reference_that_cannot_be_set_later_is_not_owed_but_waited_for() {
    let (world, mut runtime) = world().await;
    runtime.submit(Change::created("Lead", 1).text("Sponsor__c", &id("Account", 1)));
    runtime.submit(Change::created("Lead", 2).null("Sponsor__c"));
    runtime.step().await;
    assert!(world.row("Lead", &id("Lead", 2)).is_some(), "a lead without a sponsor waits for none");
    assert!(world.row("Lead", &id("Lead", 1)).is_none());
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let sponsor = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Sponsor__c"], sponsor["Id"]);
    assert_eq!(runtime.counts().owed, 0);
}

#[tokio::test]
async fn they_cost_one_query_a_call_and_nothing_where_they_are_as_org_b_sets_them() {
    let (world, mut runtime) = world().await;
    world.sandbox.reset_calls();
    for number in 0..400 {
        let lead = Change::created("Lead", number).null("Sponsor__c");
        runtime.submit(lead.value("IsConverted", Value::Boolean(false)));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Query), 0);
    for number in 0..400 {
        runtime.submit(account(number));
    }
    runtime.settle().await;
    let queries = world.sandbox.calls(CallKind::Query);
    assert!(queries <= runtime.counts().calls, "{queries} queries");
    for number in 0..400 {
        runtime.submit(Change::updated("Account", number).text("Origin__c", "web"));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Query), queries, "a link says that a record is there");
}
