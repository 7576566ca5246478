//! Bulk jobs: few calls, and the same records in org B as by any other way.

use std::time::Duration;

use orgstream_api::{Outcome, Sink, TopicPartition};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::World;

pub(super) fn partition() -> TopicPartition {
    TopicPartition { topic: "a.Account".to_owned(), partition: 0 }
}

pub(super) fn refused(status: u16, code: &str) -> Effect {
    Effect::Answer { status, code: code.to_owned(), message: "on demand".to_owned() }
}

pub(super) fn create(runtime: &mut Runtime, count: u32) {
    (0..count).for_each(|number| runtime.submit(Change::created("Account", number)));
}

/// Works until a job is in org B's hands.
async fn until_begun(world: &World, runtime: &mut Runtime) {
    loop {
        runtime.keep();
        if let Ok(answers) = timeout(Duration::from_millis(20), runtime.sink.settled()).await {
            runtime.answer(answers.unwrap()).await;
        }
        for job in runtime.sink.open_jobs().into_values().flatten() {
            if world.org.ingest_job(&job).await.is_ok_and(|job| job.processed > 0) {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_records_need_at_most_thirty_calls() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(2_000).await;
    world.sandbox.reset_calls();
    create(&mut runtime, 100_000);
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 100_000);
    assert_eq!(world.sandbox.count("Account"), 100_000);
    let calls = world.sandbox.calls(CallKind::Bulk) + world.sandbox.calls(CallKind::Write);
    assert!(calls <= 30, "{calls} calls");
    assert_eq!(runtime.counts().calls, calls);
    assert_eq!(runtime.counts().created, 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_enough_for_a_job_each_have_one_in_turn() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(2_000).await;
    world.sandbox.reset_calls();
    for number in 0..3_000 {
        runtime.submit(Change::created("Account", number));
        runtime.submit(Change::created("Lead", number));
        // Fewer than a job is made for go by other calls meanwhile.
        if number % 10 == 0 {
            runtime.submit(Change::created("Contact", number));
        }
    }
    assert!(runtime.sink.later().is_empty());
    while runtime.sink.later().is_empty() {
        runtime.step_or_not().await;
    }
    assert_eq!(runtime.sink.later(), ["a.Lead"], "accounts are read on while their job is filled");
    runtime.settle().await;
    assert!(runtime.sink.later().is_empty());
    assert_eq!(runtime.delivered_count(), 6_300);
    assert_eq!((world.sandbox.count("Account"), world.sandbox.count("Lead")), (3_000, 3_000));
    let others = world.sandbox.writes().into_iter().filter(|write| write.path.contains("composite"));
    assert_eq!(others.map(|write| write.records).sum::<usize>(), 300, "the contacts alone");
    assert!(world.sandbox.calls(CallKind::Bulk) <= 20, "{}", world.sandbox.calls(CallKind::Bulk));
}

#[tokio::test]
async fn a_job_writes_what_other_calls_write_down_to_cleared_fields_and_odd_texts() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    for number in 0..300 {
        let name = format!("a \"{number}\", b;\nc\t=1");
        let change =
            Change::created("Account", number).text("Name", &name).text("Phone", "1").text("Site", "x");
        runtime.submit(change.text("Description", if number == 7 { "#N/A" } else { "d" }));
    }
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 7)).unwrap()["Description"], "#N/A");
    world.sandbox.reset_calls();
    for number in 0..300 {
        let change = Change::updated("Account", number).null("Phone").text("Description", "");
        runtime.submit(change.value("NumberOfEmployees", orgstream_api::Value::Int32(12)));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Write), 0, "all of them went by the job");
    assert!(runtime.rejections().is_empty());
    let rows = world.rows("Account");
    assert_eq!(rows.len(), 300);
    for number in 0..300 {
        let row = world.row("Account", &id("Account", number)).unwrap();
        assert_eq!(row["Name"], json!(format!("a \"{number}\", b;\nc\t=1")));
        assert_eq!((&row["Phone"], &row["Description"]), (&json!(null), &json!(null)));
        assert_eq!((&row["Site"], &row["NumberOfEmployees"]), (&json!("x"), &json!(12)));
    }
}

#[tokio::test]
async fn rows_that_a_job_did_not_write_have_their_own_outcome() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    let locked = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: String::new() };
    world.sandbox.faults().add(Fault::new(CallKind::Bulk, locked).containing("Account 99").times(5));
    for number in 0..1_000 {
        let change = Change::created("Account", number);
        runtime.submit(if number % 100 == 3 { change.text("Name", &"x".repeat(300)) } else { change });
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 990);
    assert_eq!(world.sandbox.count("Account"), 990);
    assert_eq!(runtime.counts().rejected["STRING_TOO_LONG"], 10);
}

#[tokio::test]
async fn a_job_that_fails_midway_or_is_not_taken_leaves_no_record_behind() {
    for fault in [
        Fault::new(CallKind::BulkChunk, refused(500, "InternalServerError")).times(1),
        Fault::new(CallKind::Bulk, refused(400, "FEATURENOTENABLED")).times(1),
        Fault::new(CallKind::Bulk, refused(400, "INVALIDJOBSTATE")).containing("UploadComplete").times(1),
    ] {
        let world = World::start().await;
        let mut runtime = world.sync_by_bulk(100).await;
        world.sandbox.faults().add(fault.clone());
        create(&mut runtime, 500);
        runtime.settle().await;
        assert_eq!(runtime.delivered_count(), 500, "{fault:?}");
        assert_eq!(world.sandbox.count("Account"), 500, "{fault:?}");
        assert!(runtime.sink.open_jobs().is_empty());
    }
}

#[tokio::test]
async fn lost_answers_of_a_jobs_calls_double_and_lose_nothing() {
    for (lost, part) in [
        (Effect::CutAfter, "externalIdFieldName"),
        (Effect::CutAfter, "batches"),
        (Effect::CutAfter, "UploadComplete"),
        (Effect::Cut, "UploadComplete"),
        (Effect::CutAfter, "successfulResults"),
    ] {
        let world = World::start().await;
        let mut runtime = world.sync_by_bulk(100).await;
        world.sandbox.faults().add(Fault::new(CallKind::Bulk, lost).containing(part).times(1));
        create(&mut runtime, 300);
        runtime.settle().await;
        assert_eq!(runtime.delivered_count(), 300, "{part}");
        assert_eq!(world.sandbox.count("Account"), 300, "{part}");
    }
}

#[tokio::test]
async fn what_changes_while_its_row_is_in_a_job_is_written_after_it() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    world.sandbox.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 100 }));
    create(&mut runtime, 500);
    until_begun(&world, &mut runtime).await;
    runtime.submit(Change::updated("Account", 499).text("Name", "newer"));
    runtime.submit(Change::deleted("Account", 498));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 502);
    assert_eq!(world.row("Account", &id("Account", 499)).unwrap()["Name"], "newer");
    assert_eq!(world.row("Account", &id("Account", 498)), None);
}

#[tokio::test]
async fn no_job_begins_before_its_name_is_kept() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    create(&mut runtime, 500);
    let waited = timeout(Duration::from_secs(3), runtime.sink.settled()).await;
    assert!(waited.is_err(), "{waited:?}");
    assert_eq!(world.sandbox.count("Account"), 0);
    let jobs = runtime.sink.open_jobs();
    assert_eq!(jobs.keys().collect::<Vec<_>>(), [&partition()]);
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 500);
}

#[tokio::test]
async fn the_next_owner_of_a_partition_writes_when_the_job_of_the_one_before_is_over() {
    let world = World::start().await;
    let mut first = world.sync_by_bulk(100).await;
    world.sandbox.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 300 }));
    create(&mut first, 1_000);
    until_begun(&world, &mut first).await;
    let jobs = first.sink.open_jobs();
    drop(first);

    let mut second = world.sync_by_bulk(2_000).await;
    second.sink.adopt_jobs(jobs);
    assert!(!second.sink.open_jobs().is_empty(), "it has to be known of after the next kill, too");
    create(&mut second, 1_000);
    second.submit(Change::updated("Account", 999).text("Name", "newer"));
    second.settle().await;
    assert_eq!(second.delivered_count(), 1_001);
    // Longer than what is left of the job, had it not been waited for.
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.row("Account", &id("Account", 999)).unwrap()["Name"], "newer");
    assert_eq!(world.sandbox.count("Account"), 1_000);
}

#[tokio::test]
async fn a_partition_that_goes_while_a_job_is_filled_takes_its_rows_out_of_it() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    for number in 0..1_000 {
        runtime.submit_to(Change::created("Account", number), i32::try_from(number % 2).unwrap());
    }
    // The rows are on disk, and the job waits for its name to be kept.
    assert!(timeout(Duration::from_secs(2), runtime.sink.settled()).await.is_err());
    runtime.sink.revoke(&[partition()]);
    let mut delivered = 0;
    while delivered < 500 {
        runtime.keep();
        if let Ok(answers) = timeout(Duration::from_millis(50), runtime.sink.settled()).await {
            let answers = answers.unwrap();
            delivered +=
                answers.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Delivered(_))).count();
            for (ticket, _) in answers {
                let _settled = ticket.redeem();
            }
        }
    }
    assert_eq!(delivered, 500);
    let rows = world.rows("Account");
    assert_eq!(rows.len(), 500, "nothing of the partition that went is written");
}
