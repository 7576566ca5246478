//! Inserts that are answered, and those that are never sent.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{Census, InputOffset, Insert, Intent, Intents, Made, Outcome, Sink, StoreError, Value};
use orgstream_salesforce_simulator::{self as simulator, CallKind, Effect, Fault};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{EXTERNAL, World, config};
use crate::config::{Operation, SinkConfig};

/// A sink for objects without external ids.
pub(super) fn without_external_ids(operation: Operation) -> SinkConfig {
    let mut config = config(operation, Duration::from_secs(2));
    config.objects.iter_mut().for_each(|object| object.external_id = None);
    config
}

async fn inserting(world: &World) -> Runtime {
    world.try_sink(without_external_ids(Operation::Insert)).await.unwrap()
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected(rejection) => &rejection.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_record_but_a_deleted_one_becomes_a_new_record() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::updated("Account", 1).text("Name", "two"));
    runtime.submit(Change::undeleted("Account", 1));
    runtime.submit(Change::created("Account", 1).event(None));
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (4, 4));
    assert_eq!(runtime.counts().created, 4);
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "DELETED_EVENT_NOT_WRITABLE");
    assert_eq!(world.sandbox.count("Account"), 4);
}

#[tokio::test]
async fn records_of_producers_with_ids_of_their_own_are_made() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    for number in 0..300 {
        let account = Change::created("Account", number).with_id(&format!("customer {}", number % 7));
        runtime.submit(account.without_headers());
    }
    // Nothing leads back to such a record, so a reference that waits would wait for ever.
    let contact = Change::created("Contact", 1).with_id("").text("AccountId", &id("Account", 1));
    runtime.submit(contact);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (301, 300));
    assert!(runtime.owed.is_empty());
    assert_eq!(runtime.counts().left_out, 1);
    assert_eq!(runtime.counts().calls, 3);
}

#[tokio::test]
async fn an_insert_carries_the_external_id_and_what_org_b_takes_once() {
    let objects = "
objects:
  Account:
    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
    - { name: Origin__c, type: string, label: Origin, length: 40, flags: [create, nillable] }
";
    let world = World::of(simulator::Org::builder().objects(objects)).await;
    let mut config = config(Operation::Insert, Duration::from_secs(1));
    config.objects.retain(|object| object.name == "Account");
    let mut runtime = world.try_sink(config).await.unwrap();
    let account =
        Change::created("Account", 1).text("Origin__c", "fair").value("IsDeleted", Value::Boolean(false));
    runtime.submit(account);
    runtime.submit(Change::created("Account", 2).text(EXTERNAL, &id("Account", 77)));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Origin__c"], "fair");
    assert!(world.row("Account", &id("Account", 77)).is_some(), "its own value comes first");
    // A second record with the same external id is refused, as org B has it.
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "DUPLICATE_VALUE");
    assert_eq!(world.sandbox.count("Account"), 2);
}

#[tokio::test]
async fn references_of_inserts_lead_to_inserts_also_when_the_parent_comes_late() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert_eq!(runtime.owed.len(), 1);
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(world.rows("Contact")[0]["AccountId"], world.rows("Account")[0]["Id"]);
}

#[tokio::test]
async fn one_record_that_makes_every_call_fail_is_found_without_making_another_twice() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    let effect = Effect::Answer { status: 500, code: "UNKNOWN_EXCEPTION".into(), message: "gack".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("poison"));
    for number in 0..100 {
        let change = Change::created("Account", number);
        runtime.submit(if number == 42 { change.text("Name", "poison") } else { change });
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 99);
    assert_eq!(runtime.rejections().len(), 1);
    assert_eq!(world.sandbox.count("Account"), 99);
}

#[tokio::test]
async fn a_locked_row_is_tried_again_and_a_refused_one_is_rejected() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    let error = |code: &str| Effect::RecordError { code: code.to_owned(), message: "on demand".to_owned() };
    let faults = world.sandbox.faults();
    faults.add(Fault::new(CallKind::Write, error("UNABLE_TO_LOCK_ROW")).containing("Account 7").times(2));
    faults
        .add(Fault::new(CallKind::Write, error("FIELD_CUSTOM_VALIDATION_EXCEPTION")).containing("Account 3"));
    for number in 0..10 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (9, 9));
    assert_eq!(runtime.rejections()[0].code, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(runtime.counts().retries, 2);
}

/// Notes that cannot be stored.
struct Broken;

#[async_trait]
impl Intents for Broken {
    async fn note(&self, _intents: Vec<Intent>) -> Result<(), StoreError> {
        Err(StoreError { what: "cannot note".to_owned(), source: None })
    }

    fn known(&self, _at: &InputOffset) -> Option<Insert> {
        None
    }

    fn not_made(&self, _at: &InputOffset) {}

    fn made(&self, _made: Made) {}

    async fn census(&self) -> Result<Census, StoreError> {
        Ok(Census::default())
    }
}

#[tokio::test]
async fn nothing_is_inserted_before_its_note_is_durable() {
    let world = World::start().await;
    let config = without_external_ids(Operation::Insert);
    let mut runtime = world.sink_with(config, Arc::new(Broken)).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    assert!(runtime.sink.settled().await.is_err(), "the task ends");
    assert!(world.sandbox.writes().is_empty());
}
