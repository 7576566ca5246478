//! Trouble: the org's, a call's, a record's.

use std::time::Duration;

use orgstream_api::{Health, Outcome, Sink};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::change::{Change, id};
use super::world::World;
use crate::config::Operation;

fn error(code: &str) -> Effect {
    Effect::RecordError { code: code.to_owned(), message: "on demand".to_owned() }
}

#[tokio::test]
async fn an_outage_twenty_times_as_long_as_the_clock_costs_no_record() {
    let retry_for = Duration::from_millis(200);
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Sync, retry_for).await;
    runtime.submit(Change::created("Account", 0));
    runtime.settle().await;
    let outage = world.sandbox.faults().take_down();
    for number in 1..500 {
        runtime.submit(Change::created("Account", number));
    }
    let waited = tokio::time::timeout(retry_for * 20, runtime.sink.settled()).await;
    assert!(waited.is_err(), "nothing settles while the org is away: {waited:?}");
    assert!(matches!(&*runtime.health.borrow(), Health::Degraded(reason) if reason.contains("org `b`")));
    assert!(runtime.sink.paused().is_empty(), "no record is to blame");
    world.sandbox.faults().remove(outage);
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 500);
    assert_eq!(world.sandbox.count("Account"), 500);
    assert_eq!(*runtime.health.borrow(), Health::Running);
}

#[tokio::test]
async fn a_record_that_makes_every_call_fail_is_rejected_alone() {
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Sync, Duration::from_secs(1)).await;
    let effect = Effect::Answer { status: 500, code: "UNKNOWN_EXCEPTION".into(), message: "gack".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("poison"));
    for number in 0..300 {
        let change = Change::created("Account", number);
        runtime.submit(if number == 123 { change.text("Name", "poison") } else { change });
    }
    runtime.submit(Change::updated("Account", 123).text("Name", "harmless"));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 300);
    assert_eq!(runtime.rejections().len(), 1);
    assert_eq!(*runtime.health.borrow(), Health::Running);
    let row = world.row("Account", &id("Account", 123)).unwrap();
    assert_eq!(row["Name"], "harmless", "what comes after it is written in its turn");
}

#[tokio::test]
async fn a_locked_row_is_tried_again_and_pauses_its_partition() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world
        .sandbox
        .faults()
        .add(Fault::new(CallKind::Write, error("UNABLE_TO_LOCK_ROW")).containing("Account 7").times(3));
    for number in 0..10 {
        runtime.submit_to(Change::created("Account", number), i32::try_from(number).unwrap());
    }
    runtime.submit_to(Change::updated("Account", 7).text("Name", "later"), 7);
    runtime.step().await;
    let paused: Vec<i32> = runtime.sink.paused().iter().map(|partition| partition.partition).collect();
    assert_eq!(paused, [7]);
    assert_eq!(runtime.delivered_count(), 9);
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 11);
    assert_eq!(runtime.counts().retries, 3);
    assert_eq!(world.row("Account", &id("Account", 7)).unwrap()["Name"], "later");
}

#[tokio::test]
async fn a_row_that_stays_locked_is_rejected_when_its_clock_runs_out() {
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Sync, Duration::from_secs(1)).await;
    world
        .sandbox
        .faults()
        .add(Fault::new(CallKind::Write, error("UNABLE_TO_LOCK_ROW")).containing("Account 1"));
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
    let rejections = runtime.rejections();
    assert_eq!(rejections[0].code, "UNABLE_TO_LOCK_ROW");
    assert!(rejections[0].message.contains("given up after"), "{}", rejections[0]);
}

#[tokio::test]
async fn a_lost_answer_doubles_nothing() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    for number in 0..150 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 150);
    assert_eq!(world.sandbox.count("Account"), 150);
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    for number in 0..150 {
        runtime.submit(Change::deleted("Account", number));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 300);
    assert_eq!(world.sandbox.count("Account"), 0);
    world.sandbox.faults().add(Fault::new(CallKind::Soap, Effect::CutAfter).times(1));
    for number in 0..10 {
        runtime.submit(Change::undeleted("Account", number));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 10);
}

#[tokio::test]
async fn what_a_record_is_told_of_the_whole_org_runs_no_clock() {
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Sync, Duration::from_millis(100)).await;
    let full = Fault::new(CallKind::Write, error("STORAGE_LIMIT_EXCEEDED")).lasting(Duration::from_secs(2));
    world.sandbox.faults().add(full);
    for number in 0..20 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 20);
}

#[tokio::test]
async fn an_expired_token_costs_nothing() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.expire_tokens();
    for number in 0..450 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 450);
}

#[tokio::test]
async fn a_call_that_is_refused_as_a_whole_fails_only_what_is_at_fault() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    let effect = Effect::Answer { status: 400, code: "JSON_PARSER_ERROR".into(), message: "no".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("garbled"));
    for number in 0..40 {
        let change = Change::created("Account", number);
        runtime.submit(if number == 20 { change.text("Name", "garbled") } else { change });
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 39);
    assert_eq!(runtime.rejections()[0].code, "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn a_parent_deleted_while_its_child_is_written_does_not_reject_the_child() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    world.sandbox.faults().add(
        Fault::new(CallKind::Write, error("INVALID_CROSS_REFERENCE_KEY")).containing("Contact 1").times(1),
    );
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert!(matches!(runtime.last(), Outcome::Delivered(_)));
    assert!(runtime.rejections().is_empty());
}
