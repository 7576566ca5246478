//! What the user's file says of records that org B, or the sink, refuses.

use std::num::NonZeroUsize;
use std::time::Duration;

use orgstream_api::{Outcome, Sink, Skip, TaskError};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkConfig};
use crate::failures::{Action, Failures, Fate, OnError, StopAfter};

const VALIDATION: &str = "FIELD_CUSTOM_VALIDATION_EXCEPTION";

fn on_error(default: Fate, codes: &[(&str, Action)]) -> Failures {
    let codes = codes.iter().map(|(code, action)| ((*code).to_owned(), *action)).collect();
    Failures { on_error: OnError { default, codes }, ..Failures::default() }
}

async fn sink(world: &World, retry_for: Duration, failures: Failures) -> Runtime {
    let config = SinkConfig { failures, ..config(Operation::Sync, retry_for) };
    world.try_sink(config).await.unwrap()
}

/// Org B refuses every record that contains `text`.
fn refuse(world: &World, code: &str, text: &str) -> Fault {
    let effect = Effect::RecordError { code: code.to_owned(), message: "on demand".to_owned() };
    let fault = Fault::new(CallKind::Write, effect).containing(text);
    world.sandbox.faults().add(fault.clone());
    fault
}

/// Takes outcomes until the task ends, and returns why.
async fn until_the_end(runtime: &mut Runtime) -> String {
    loop {
        let settled = tokio::time::timeout(Duration::from_secs(20), runtime.sink.settled()).await;
        match settled.expect("the task ends") {
            Ok(answers) => runtime.answer(answers).await,
            Err(TaskError::Failed(reason)) => return reason.to_string(),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_code_that_is_passed_over_is_counted_under_its_name() {
    let world = World::start().await;
    let failures = on_error(Fate::Reject, &[(VALIDATION, Action::End(Fate::Skip))]);
    let mut runtime = sink(&world, Duration::from_mins(1), failures).await;
    refuse(&world, VALIDATION, "Account 3");
    refuse(&world, "STRING_TOO_LONG", "Account 5");
    for number in 0..10 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    let skipped = |outcome: &Outcome| match outcome {
        Outcome::Skipped(Skip::Refused(rejection)) => Some(rejection.code.clone()),
        _ => None,
    };
    let skipped: Vec<_> = runtime.outcomes.iter().filter_map(|(_, outcome)| skipped(outcome)).collect();
    assert_eq!(skipped, [VALIDATION]);
    assert_eq!(runtime.rejections()[0].code, "STRING_TOO_LONG");
    assert_eq!((runtime.counts().skipped[VALIDATION], runtime.delivered_count()), (1, 8));
}

#[tokio::test]
async fn what_the_sink_itself_refuses_follows_the_file_too() {
    let world = World::start().await;
    let failures = on_error(Fate::Reject, &[("DELETED_EVENT_NOT_WRITABLE", Action::End(Fate::Skip))]);
    let config = SinkConfig { failures, ..config(Operation::Upsert, Duration::from_mins(1)) };
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    assert_eq!(runtime.counts().skipped["DELETED_EVENT_NOT_WRITABLE"], 1);
}

#[tokio::test]
async fn a_refusal_that_is_tried_again_passes_or_is_rejected_when_its_clock_runs_out() {
    let world = World::start().await;
    let failures = on_error(Fate::Reject, &[(VALIDATION, Action::Retry)]);
    let mut runtime = sink(&world, Duration::from_secs(1), failures).await;
    let effect = Effect::RecordError { code: VALIDATION.to_owned(), message: "not yet".to_owned() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("Account 1").times(2));
    refuse(&world, VALIDATION, "Account 2");
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
    let rejections = runtime.rejections();
    assert_eq!(rejections[0].code, VALIDATION);
    assert!(rejections[0].message.contains("given up after"), "{}", rejections[0]);
}

#[tokio::test]
async fn passing_trouble_that_is_not_waited_for_is_rejected_at_once() {
    let world = World::start().await;
    let failures = on_error(Fate::Reject, &[("UNABLE_TO_LOCK_ROW", Action::End(Fate::Reject))]);
    let mut runtime = sink(&world, Duration::from_mins(10), failures).await;
    refuse(&world, "UNABLE_TO_LOCK_ROW", "Account 1");
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "UNABLE_TO_LOCK_ROW");
    assert_eq!(runtime.counts().retries, 0);
}

#[tokio::test]
async fn a_refusal_that_may_only_say_that_two_calls_met_is_not_passed_over() {
    let world = World::start().await;
    let failures = on_error(Fate::Reject, &[("DUPLICATE_VALUE", Action::End(Fate::Skip))]);
    let mut runtime = sink(&world, Duration::from_mins(1), failures).await;
    let effect = Effect::RecordError { code: "DUPLICATE_VALUE".into(), message: "a race".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).times(1));
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
}

#[tokio::test]
async fn a_stop_names_the_record_leaves_it_unsettled_and_writes_nothing_more() {
    let world = World::start().await;
    let codes = [("STRING_TOO_LONG", Action::End(Fate::Reject))];
    let mut runtime = sink(&world, Duration::from_mins(1), on_error(Fate::Stop, &codes)).await;
    refuse(&world, VALIDATION, "Account 3");
    refuse(&world, "STRING_TOO_LONG", "Account 5");
    for number in 0..10 {
        runtime.submit(Change::created("Account", number));
    }
    let reason = until_the_end(&mut runtime).await;
    for part in [id("Account", 3).as_str(), "a.Account-0@3", VALIDATION, "on demand", "pipeline `crm`"] {
        assert!(reason.contains(part), "no {part} in {reason}");
    }
    // What was settled with it has its outcome.
    assert_eq!((runtime.delivered_count(), runtime.rejections().len()), (8, 1));
    assert!(runtime.outcomes.iter().all(|(change, _)| change.id() != id("Account", 3)));
    runtime.submit(Change::created("Account", 11));
    assert_eq!(until_the_end(&mut runtime).await, reason);
    assert_eq!(world.sandbox.count("Account"), 8);
    assert_eq!(runtime.forget(), 2, "the refused record and the one behind the stop");
}

#[tokio::test]
async fn too_many_rejections_among_the_last_records_stop_the_task_when_they_have_their_outcome() {
    let world = World::start().await;
    let number = |number| NonZeroUsize::new(number).unwrap();
    let stop_after = Some(StopAfter { rejected: number(3), of: number(10) });
    let failures = Failures { stop_after, ..Failures::default() };
    let mut runtime = sink(&world, Duration::from_mins(1), failures).await;
    // Seldom enough, two among ten, they stop nothing.
    refuse(&world, VALIDATION, "bad");
    for number in 0..60 {
        let change = Change::created("Account", number);
        runtime.submit(if number % 5 == 0 { change.text("Name", "bad") } else { change });
        runtime.settle().await;
    }
    assert_eq!(runtime.rejections().len(), 12);
    for number in 60..63 {
        runtime.submit(Change::created("Account", number).text("Name", "bad"));
    }
    let reason = until_the_end(&mut runtime).await;
    assert!(reason.contains("of the last 10 records were rejected"), "{reason}");
    assert!(reason.contains(VALIDATION), "{reason}");
    assert_eq!(runtime.rejections().len(), 15, "the offending ones have their outcome");
    runtime.submit(Change::created("Account", 100));
    assert_eq!(until_the_end(&mut runtime).await, reason);
    assert!(world.row("Account", &id("Account", 100)).is_none());
}

/// The id of org B's own user, who is active.
async fn user(world: &World) -> SalesforceId {
    let page = world.org.query("SELECT Id FROM User WHERE IsActive = true").await.unwrap();
    SalesforceId::parse(page.rows[0]["Id"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_record_whose_owner_is_inactive_is_given_to_the_fallback_owner() {
    let world = World::start().await;
    let owner = user(&world).await;
    let failures = Failures { fallback_owner: Some(owner), ..Failures::default() };
    let mut runtime = sink(&world, Duration::from_mins(1), failures).await;
    let effect = Effect::RecordError { code: "INACTIVE_OWNER_OR_USER".into(), message: "gone".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("Account 1").times(1));
    for number in 0..3 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), runtime.counts().fell_back), (3, 1));
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["OwnerId"], owner.as_str());
    // Refused all the same, it is rejected.
    refuse(&world, "INACTIVE_OWNER_OR_USER", "Account 7");
    runtime.submit(Change::created("Account", 7));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "INACTIVE_OWNER_OR_USER");
    assert_eq!(runtime.counts().fell_back, 1);
}

#[tokio::test]
async fn a_new_record_whose_owner_is_inactive_is_made_once_and_for_the_fallback_owner() {
    let world = World::start().await;
    let owner = user(&world).await;
    let failures = Failures { fallback_owner: Some(owner), ..Failures::default() };
    let config = SinkConfig { failures, ..super::inserts::without_external_ids(Operation::Insert) };
    let mut runtime = world.try_sink(config).await.unwrap();
    let effect = Effect::RecordError { code: "INACTIVE_OWNER_OR_USER".into(), message: "gone".into() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, effect).containing("Account 1").times(1));
    // The answer to the second attempt is lost: what it made is found, with the owner that it was given.
    world
        .sandbox
        .faults()
        .add(Fault::new(CallKind::Write, Effect::CutAfter).containing(owner.as_str()).times(1));
    for number in 0..3 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (3, 3));
    let rows = world.rows("Account");
    let given = rows.iter().find(|row| row["Name"] == "Account 1").unwrap();
    assert_eq!(given["OwnerId"], owner.as_str());
    assert_eq!(runtime.counts().fell_back, 1);
    refuse(&world, "INACTIVE_OWNER_OR_USER", "Account 7");
    runtime.submit(Change::created("Account", 7));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "INACTIVE_OWNER_OR_USER");
}

#[tokio::test]
async fn a_fallback_owner_that_cannot_own_is_refused_at_the_start() {
    let world = World::start().await;
    let refused = async |owner: SalesforceId| {
        let failures = Failures { fallback_owner: Some(owner), ..Failures::default() };
        let config = SinkConfig { failures, ..config(Operation::Sync, Duration::from_mins(1)) };
        match world.try_sink(config).await {
            Err(TaskError::Config(fault)) => fault.to_string(),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("it starts"),
        }
    };
    let nobody = SalesforceId::parse("0055g00000ZZZZZ").unwrap();
    let fault = refused(nobody).await;
    assert!(fault.contains("is no user and no queue") && fault.contains("org `b`"), "{fault}");
    let no_queue = SalesforceId::parse("00G5g00000ZZZZZ").unwrap();
    assert!(refused(no_queue).await.contains("is no user and no queue"));
}

#[tokio::test]
async fn a_long_value_in_the_words_of_org_b_is_cut() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1).text("Name", &"x".repeat(900_000)));
    runtime.settle().await;
    let rejection = runtime.rejections()[0];
    assert_eq!(rejection.code, "STRING_TOO_LONG");
    assert!(rejection.message.len() < 2_000, "{} bytes", rejection.message.len());
    assert!(
        rejection.message.contains("(cut: 900") && rejection.message.contains("max length=255"),
        "{rejection}"
    );
}

#[test]
fn what_is_refused_before_the_sink_sees_it_is_counted_by_its_code() {
    let refusals = crate::Refusals::default();
    refusals.refuse("UNREADABLE_VALUE");
    assert_eq!(refusals.counters.read().rejected["UNREADABLE_VALUE"], 1);
}
