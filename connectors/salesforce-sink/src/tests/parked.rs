//! Records that wait outside the sink: what is parked, what waits behind it, when it comes back, and what ends it.

use std::time::Duration;

use orgstream_api::{Health, Outcome, Sink, Wait};
use orgstream_salesforce_simulator as simulator;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkConfig};
use crate::parking::{Expired, Parking};

/// Fields of org B: a lead cannot be without a customer, can be without a referrer, and a contact gets its agent when it is made
/// or never.
const OBJECTS: &str = "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
  Contact:
    - *id
    - { name: Agent__c, type: reference, label: Agent, reference_to: [Account], relationship: Agent__r, flags: [create, nillable] }
  Lead:
    - *id
    - { name: Customer__c, type: reference, label: Customer, reference_to: [Account], relationship: Customer__r, flags: [create, update] }
    - { name: Referrer__c, type: reference, label: Referrer, reference_to: [Account], relationship: Referrer__r, children: Referred__r, flags: [create, update, nillable] }
";

/// A moment after which records in passing trouble are parked.
const SOON: Duration = Duration::from_millis(300);

pub(super) async fn world() -> World {
    World::of(simulator::Org::builder().objects(OBJECTS)).await
}

pub(super) fn lead(number: u32, customer: u32) -> Change {
    Change::created("Lead", number).text("Customer__c", &id("Account", customer))
}

pub(super) fn locked(name: &str) -> Fault {
    let effect =
        Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: "on demand".to_owned() };
    Fault::new(CallKind::Write, effect).containing(name)
}

/// A sink that parks soon and tries for `retry_for`.
async fn soon(world: &World, retry_for: Duration) -> Runtime {
    let parking = Parking { after: SOON, ..Parking::default() };
    world.try_sink(SinkConfig { parking, ..config(Operation::Sync, retry_for) }).await.unwrap()
}

/// Runs until so many records are parked.
async fn until_parked(runtime: &mut Runtime, count: usize) {
    while runtime.parked.len() != count {
        runtime.step().await;
    }
}

#[tokio::test]
async fn what_comes_of_a_parked_record_is_parked_behind_it_and_all_is_written_in_order() {
    let world = world().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 2));
    runtime.submit(lead(1, 1));
    runtime.submit(Change::updated("Lead", 1).text("LastName", "second"));
    until_parked(&mut runtime, 2).await;
    runtime.submit(Change::updated("Lead", 1).text("LastName", "third"));
    runtime.submit(lead(2, 2));
    runtime.step().await;
    let waits: Vec<bool> =
        runtime.parked.values().map(|aside| matches!(aside.parked.wait, Wait::Turn)).collect();
    assert_eq!(waits, [false, true, true]);
    assert!(runtime.sink.paused().is_empty());

    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    let written = world.row("Lead", &id("Lead", 1)).unwrap();
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&written["LastName"], &written["Customer__c"]), (&json!("third"), &parent["Id"]));
    let history: Vec<_> = runtime
        .outcomes
        .iter()
        .filter(|(change, outcome)| change.id() == id("Lead", 1) && matches!(outcome, Outcome::Delivered(_)))
        .collect();
    assert_eq!(history.len(), 3, "each change is a write of its own");
}

#[tokio::test]
async fn a_row_that_stays_locked_leaves_its_partition_to_others_and_is_written_when_it_is_free() {
    let world = World::start().await;
    let mut runtime = soon(&world, Duration::from_mins(2)).await;
    let lock = world.sandbox.faults().add(locked("Account 7"));
    for number in 0..10 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.submit(Change::updated("Account", 7).text("Phone", "7"));
    until_parked(&mut runtime, 2).await;
    assert!(runtime.sink.paused().is_empty());
    runtime.submit(Change::created("Account", 11));
    while world.row("Account", &id("Account", 11)).is_none() {
        runtime.step().await;
    }
    assert!(world.row("Account", &id("Account", 7)).is_none());
    assert!(world.sandbox.faults().remove(lock));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 11);
    assert_eq!(world.row("Account", &id("Account", 7)).unwrap()["Phone"], "7");
}

#[tokio::test]
async fn the_clock_of_a_parked_record_goes_on_in_the_next_sink() {
    let world = World::start().await;
    let retry_for = Duration::from_mins(2);
    let mut runtime = soon(&world, retry_for).await;
    world.sandbox.faults().add(locked("Account 1"));
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::updated("Account", 1).text("Name", "free"));
    until_parked(&mut runtime, 2).await;
    let mut parked = std::mem::take(&mut runtime.parked);
    let head = parked.values_mut().next().unwrap();
    let failed = head.parked.tried.failed;
    assert!(failed > 1 && head.parked.tried.spent > Duration::ZERO, "{:?}", head.parked.tried);
    head.parked.tried.spent = retry_for;
    drop(runtime);

    let mut next = soon(&world, retry_for).await;
    next.inherit(parked);
    next.settle().await;
    let rejections = next.rejections();
    assert_eq!(rejections.len(), 1);
    assert!(rejections[0].message.contains(&format!("after {} attempts", failed + 1)), "{}", rejections[0]);
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "free", "the next has its turn");
}

#[tokio::test]
async fn what_is_inherited_is_not_passed_by_what_comes_first() {
    let world = world().await;
    let mut runtime = world.sync().await;
    runtime.submit(lead(1, 1));
    until_parked(&mut runtime, 1).await;
    let parked = std::mem::take(&mut runtime.parked);
    drop(runtime);

    let mut next = world.sync().await;
    next.inherit(parked);
    next.submit_again(Change::updated("Lead", 1).text("LastName", "newest"), 1);
    next.step().await;
    assert!(matches!(next.last(), Outcome::Parked(parked) if parked.wait == Wait::Turn), "{:?}", next.last());
    next.submit(Change::created("Account", 1));
    next.settle().await;
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["LastName"], "newest");
}

#[tokio::test]
async fn who_has_waited_long_enough_is_written_without_what_it_does_not_need() {
    let world = world().await;
    let expire_after = Duration::from_secs(1);
    let parking = Parking { expire_after, then: Expired::WriteWithout, ..Parking::default() };
    let mut runtime = world.parking(parking).await;
    runtime.submit(Change::created("Contact", 1).text("Agent__c", &id("Account", 1)));
    runtime.submit(lead(1, 1));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["Agent__c"], json!(null));
    let codes: Vec<&str> = runtime.rejections().iter().map(|rejection| rejection.code.as_str()).collect();
    assert_eq!(codes, ["REQUIRED_PARENT_MISSING"], "org B takes no lead without a customer");
}

#[tokio::test]
async fn what_kafka_does_not_take_holds_its_partition_and_is_refused_behind_what_waits() {
    let world = world().await;
    let mut runtime = world.parking(Parking { after: SOON, largest: 2_000, ..Parking::default() }).await;
    let long = |change: Change| change.text("Description", &"x".repeat(3_000));
    runtime.submit(lead(1, 1));
    until_parked(&mut runtime, 1).await;
    runtime.submit(long(Change::updated("Lead", 1)));
    while runtime.rejections().is_empty() {
        runtime.step().await;
    }
    let refused = runtime.rejections()[0].clone();
    assert_eq!(refused.code, "TOO_LARGE_TO_WAIT");
    assert!(refused.message.contains("max.message.bytes"), "{refused}");

    let lock = world.sandbox.faults().add(locked("Account"));
    runtime.submit(long(Change::created("Account", 1)));
    runtime.run_for(SOON * 4).await;
    assert_eq!(runtime.sink.paused().len(), 1);
    assert!(runtime.parked.keys().all(|(whose, _)| whose.id == id("Lead", 1)));
    assert!(world.sandbox.faults().remove(lock));
    runtime.settle().await;
    assert_eq!((world.sandbox.count("Account"), world.sandbox.count("Lead")), (1, 1));
}

#[tokio::test]
async fn with_too_many_parked_records_their_partitions_wait_and_those_of_their_parents_do_not() {
    // Each counts for 1,000 bytes.
    let bounds =
        [Parking { max: 3, ..Parking::default() }, Parking { max_bytes: 3_000, ..Parking::default() }];
    for parking in bounds {
        too_many(parking).await;
    }
}

async fn too_many(parking: Parking) {
    let world = world().await;
    let mut runtime = world.parking(parking).await;
    for number in 0..3 {
        runtime.submit_to(lead(number, 1), 5);
    }
    until_parked(&mut runtime, 3).await;
    assert!(tokio::time::timeout(SOON, runtime.sink.settled()).await.is_err(), "nothing is to be done");
    assert!(matches!(&*runtime.health.borrow(), Health::Degraded(why) if why.contains("sink.parked.max")));
    let paused: Vec<String> = runtime.sink.paused().iter().map(ToString::to_string).collect();
    assert_eq!(paused, ["a.Lead-5"]);
    runtime.submit_to(Change::created("Account", 1), 5);
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Lead"), 3);
    assert_eq!(*runtime.health.borrow(), Health::Running);
}

#[tokio::test]
async fn a_partition_that_was_taken_away_takes_what_is_parked_with_it() {
    let world = world().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 2));
    runtime.submit(lead(1, 1));
    until_parked(&mut runtime, 1).await;
    let place = runtime.parked.keys().next().unwrap().1.partition.clone();
    runtime.sink.revoke(&[place]);
    runtime.parked.clear();
    runtime.submit(lead(1, 2));
    runtime.settle().await;
    assert!(matches!(runtime.last(), Outcome::Delivered(_)), "{:?}", runtime.last());
}
