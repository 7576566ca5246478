//! `algorithm: merged`: changes of one record that wait together are one write, and each has its outcome.

use std::time::Duration;

use orgstream_api::{Outcome, Sink, Skip, TopicPartition};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;
use tokio::time::timeout;

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config, jobs};
use crate::config::{Algorithm, Operation, SinkConfig};

fn skipped(runtime: &Runtime) -> Vec<&str> {
    let outcomes = runtime.outcomes.iter().map(|(_, outcome)| outcome);
    outcomes
        .map(|outcome| match outcome {
            Outcome::Skipped(skip) => skip.as_str(),
            Outcome::Delivered(_) => "delivered",
            Outcome::Rejected(rejection) => &rejection.code,
            Outcome::Parked(_) => "parked",
        })
        .collect()
}

#[tokio::test]
async fn changes_that_wait_together_are_one_write_with_the_newest_of_each_field() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Contact", 1).text("Title", "Countess").text("Phone", "1"));
    runtime.submit(Change::updated("Contact", 1).text("FirstName", "Ada").null("Title"));
    runtime.submit(Change::updated("Contact", 1).text("FirstName", "Augusta").null("LastName"));
    runtime.settle().await;
    assert_eq!(skipped(&runtime), ["merged", "merged", "delivered"]);
    assert_eq!(world.sandbox.writes().len(), 1);
    let row = world.row("Contact", &id("Contact", 1)).unwrap();
    assert_eq!((&row["FirstName"], &row["Title"]), (&json!("Augusta"), &json!(null)));
    assert_eq!((&row["Phone"], &row["LastName"]), (&json!("1"), &json!("Contact 1")));
    let Outcome::Skipped(Skip::Merged { target }) = &runtime.outcomes[0].1 else { panic!() };
    assert_eq!(target.as_deref(), row["Id"].as_str());
    assert_eq!(runtime.counts().skipped["merged"], 2);
    assert_eq!((runtime.counts().delivered, runtime.counts().created), (1, 1));
    // The newest one's place is bound: what comes again is written already.
    for offset in 0..3 {
        runtime.submit_again(Change::created("Contact", 1), offset);
    }
    runtime.settle().await;
    assert_eq!(skipped(&runtime)[3..], ["duplicate"; 3]);
    assert_eq!(world.sandbox.writes().len(), 1);
}

#[tokio::test]
async fn a_record_that_is_made_and_deleted_meanwhile_is_never_written() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::updated("Account", 1).text("Phone", "1"));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(skipped(&runtime), ["cancelled"; 3]);
    assert_eq!(runtime.counts().skipped["cancelled"], 3);
    assert!(world.sandbox.writes().is_empty());
    // It is known to be gone, and may come back.
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    runtime.submit(Change::undeleted("Account", 1).text("Name", "back"));
    runtime.settle().await;
    let back = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(back["Name"], "back");
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], back["Id"]);
}

#[tokio::test]
async fn a_record_that_org_b_has_is_deleted_though_no_link_says_so() {
    let world = World::start().await;
    let mut first = world.merged().await;
    first.submit(Change::created("Account", 1));
    // The answer, and with it the link, is lost with the process.
    drop(first.sink.settled().await.unwrap());
    drop(first);
    let mut second = world.merged().await;
    second.submit(Change::created("Account", 1));
    second.submit(Change::deleted("Account", 1));
    second.settle().await;
    assert_eq!(skipped(&second), ["merged", "delivered"]);
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn a_record_that_goes_and_comes_back_stays_with_its_id() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let before = world.row("Account", &id("Account", 1)).unwrap();
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::undeleted("Account", 1).text("Name", "back"));
    runtime.settle().await;
    assert_eq!(skipped(&runtime), ["delivered", "merged", "delivered"]);
    let after = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&after["Id"], &after["Name"]), (&before["Id"], &json!("back")));
    assert_eq!(world.sandbox.writes().len(), 2, "it was never in the bin");
}

#[tokio::test]
async fn all_changes_of_a_refused_write_are_refused_each_for_itself() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 2));
    runtime.submit(Change::updated("Account", 1).text("Name", &"x".repeat(300)));
    runtime.submit(Change::updated("Account", 1).text("Phone", "1"));
    runtime.settle().await;
    assert_eq!(runtime.counts().rejected["STRING_TOO_LONG"], 3);
    assert_eq!(runtime.delivered_count(), 1);
    let message = &runtime.rejections()[0].message;
    assert!(message.contains("3 changes of the record, from a.Account"), "{message}");
}

#[tokio::test]
async fn what_flies_is_not_folded_and_what_waits_behind_it_is() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::Delay { ms: 500 }).times(1));
    runtime.submit(Change::created("Account", 1));
    assert!(timeout(Duration::from_millis(200), runtime.sink.settled()).await.is_err());
    for number in 0..5 {
        runtime.submit(Change::updated("Account", 1).text("Phone", &number.to_string()));
    }
    runtime.settle().await;
    assert_eq!(skipped(&runtime), ["delivered", "merged", "merged", "merged", "merged", "delivered"]);
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Phone"], "4");
}

#[tokio::test]
async fn references_of_a_fold_are_owed_and_paid_as_its_newest_change_says() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.submit(Change::updated("Contact", 1).text("AccountId", &id("Account", 2)));
    runtime.submit(Change::updated("Contact", 1).text("ReportsToId", &id("Contact", 2)));
    runtime.settle().await;
    let owed: Vec<_> = runtime.owed.values().map(|owed| (owed.field.as_str(), &owed.parent_id)).collect();
    assert_eq!(owed, [("AccountId", &id("Account", 2)), ("ReportsToId", &id("Contact", 2))]);
    runtime.submit(Change::updated("Contact", 1).text("Phone", "1"));
    runtime.submit(Change::updated("Contact", 1).null("ReportsToId"));
    runtime.submit(Change::created("Account", 2));
    runtime.submit(Change::created("Contact", 2));
    runtime.settle().await;
    assert!(runtime.owed.is_empty());
    let row = world.row("Contact", &id("Contact", 1)).unwrap();
    let account = world.row("Account", &id("Account", 2)).unwrap();
    assert_eq!((&row["AccountId"], &row["ReportsToId"]), (&account["Id"], &json!(null)));
}

#[tokio::test]
async fn a_fold_whose_record_owes_does_not_end_its_debt_when_it_comes_again() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    let owed = runtime.owed.values().next().unwrap().clone();
    world.create("Account", json!({"Name": "there", super::world::EXTERNAL: id("Account", 1)})).await;
    // After a restart the record that owes comes again, with a later one, before its debt.
    let mut next = world.merged().await;
    next.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    next.submit(Change::updated("Contact", 1).text("Phone", "1"));
    next.submit_owed(owed);
    next.settle().await;
    assert_eq!(skipped(&next), ["duplicate", "delivered"]);
    assert!(matches!(next.payments[0].1, Outcome::Delivered(_)), "{:?}", next.payments);
    let row = world.row("Contact", &id("Contact", 1)).unwrap();
    assert!(row["AccountId"].is_string() && row["Phone"] == "1", "{row:?}");
}

#[tokio::test]
async fn a_fold_of_a_partition_that_is_taken_away_is_dropped_whole_and_gives_its_room_back() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    let room = runtime.sink.capacity();
    for number in 0..5 {
        runtime.submit_to(Change::created("Account", 1).text("Phone", &number.to_string()), 1);
        runtime.submit_to(Change::created("Account", 2).text("Phone", &number.to_string()), 2);
    }
    assert_eq!(runtime.sink.capacity().records, room.records - 10);
    runtime.sink.revoke(&[TopicPartition { topic: "a.Account".into(), partition: 1 }]);
    let answers = runtime.sink.settled().await.unwrap();
    assert_eq!(answers.len(), 5);
    drop(answers);
    assert_eq!(runtime.forget(), 10);
    assert_eq!(runtime.sink.capacity(), room);
    assert_eq!(world.row("Account", &id("Account", 1)), None);
    assert_eq!(world.row("Account", &id("Account", 2)).unwrap()["Phone"], "4");
}

#[tokio::test]
async fn a_thousand_changes_of_ten_records_cost_one_call() {
    let world = World::start().await;
    let mut runtime = world.merged().await;
    for number in 0..1_000 {
        let change = Change::updated("Account", number % 10).text("Name", &number.to_string());
        runtime.submit(change);
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Write), 1);
    assert_eq!((runtime.delivered_count(), runtime.counts().skipped["merged"]), (10, 990));
    assert_eq!(world.row("Account", &id("Account", 9)).unwrap()["Name"], "999");
}

#[tokio::test]
async fn folds_go_by_bulk_jobs_and_free_their_room_meanwhile() {
    let world = World::start().await;
    let config = config(Operation::Sync, Duration::from_mins(1));
    let bulk = jobs(Some(100));
    let config = SinkConfig { algorithm: Algorithm::Merged, bulk, ..config };
    let mut runtime = world.try_sink(config).await.unwrap();
    for field in ["Phone", "Fax", "Site"] {
        for number in 0..900 {
            runtime.submit(Change::created("Account", number).text(field, &number.to_string()));
        }
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Write), 0, "all of them went by a job");
    assert_eq!((runtime.delivered_count(), runtime.counts().skipped["merged"]), (900, 1_800));
    let row = world.row("Account", &id("Account", 77)).unwrap();
    assert_eq!((&row["Phone"], &row["Fax"], &row["Site"]), (&json!("77"), &json!("77"), &json!("77")));
}
