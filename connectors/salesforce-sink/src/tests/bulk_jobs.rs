//! Bulk jobs that are slow, cannot be looked at or stopped, or cannot be at all: nothing older overwrites anything newer, nothing is
//! lost, and the status says what is waited for.

use std::time::Duration;

use orgstream_api::{Health, Sink};
use orgstream_salesforce::IngestState;
use orgstream_salesforce_simulator::{self as simulator, CallKind, Effect, Fault};
use serde_json::json;
use tokio::time::timeout;

use super::bulk::{create, partition, refused};
use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::bulk::rules::{BulkFrom, BulkRules};
use crate::config::{Operation, SinkConfig};

fn from(count: usize) -> BulkRules {
    BulkRules { from: BulkFrom::Waiting(count), ..BulkRules::default() }
}

/// Each 200 rows of a job take so long.
fn slow(world: &World, ms: u64) {
    world.sandbox.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms }));
}

/// Works for a moment.
async fn work(runtime: &mut Runtime) {
    runtime.keep();
    if let Ok(answers) = timeout(Duration::from_millis(20), runtime.sink.settled()).await {
        runtime.answer(answers.unwrap()).await;
    }
}

/// Works until org B works on a job, and names it.
async fn until_at_work(world: &World, runtime: &mut Runtime) -> String {
    loop {
        work(runtime).await;
        for job in runtime.sink.open_jobs().into_values().flatten() {
            let found = world.org.ingest_job(&job).await;
            if found.is_ok_and(|job| job.state == IngestState::InProgress) {
                return job;
            }
        }
    }
}

/// Works until the status says this.
async fn until_told(runtime: &mut Runtime, what: &str) {
    let told = async {
        loop {
            let health = runtime.health.borrow().clone();
            if matches!(&health, Health::Degraded(reason) if reason.contains(what)) {
                return;
            }
            work(runtime).await;
        }
    };
    timeout(Duration::from_secs(30), told).await.unwrap_or_else(|_| panic!("nobody says {what:?}"));
}

fn name(world: &World, number: u32) -> serde_json::Value {
    world.row("Account", &id("Account", number)).unwrap()["Name"].clone()
}

/// Looks at the job until org B is done with it, whatever the sink thinks of it.
async fn until_over_in_org_b(world: &World, job: &str) {
    while !world.org.ingest_job(job).await.unwrap().state.is_over() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_slow_job_is_told_of_given_up_and_outlived_with_what_it_still_writes() {
    let world = World::start().await;
    slow(&world, 3_000);
    let mut runtime = world.sync_with(BulkRules { give_up_after: Duration::from_secs(1), ..from(100) }).await;
    create(&mut runtime, 400);
    let job = until_at_work(&world, &mut runtime).await;
    runtime.submit(Change::updated("Account", 0).text("Name", "newer"));
    until_told(&mut runtime, "is not over after 0.5 s").await;
    assert_eq!(
        runtime.sink.paused(),
        [partition()],
        "what is read behind the job would come again after a crash"
    );
    // It is stopped while 200 rows are at work, which are written two seconds later.
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 401);
    assert_eq!(world.sandbox.count("Account"), 400);
    while world.org.ingest_job(&job).await.unwrap().processed < 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(name(&world, 0), "newer");
    work(&mut runtime).await;
    assert_eq!(*runtime.health.borrow(), Health::Running);
}

#[tokio::test]
async fn a_job_that_cannot_be_stopped_is_waited_for_and_told_of() {
    let world = World::start().await;
    slow(&world, 2_000);
    let denied = Fault::new(CallKind::Bulk, refused(403, "INSUFFICIENT_ACCESS")).containing("Aborted");
    world.sandbox.faults().add(denied);
    let mut runtime =
        world.sync_with(BulkRules { give_up_after: Duration::from_millis(500), ..from(100) }).await;
    create(&mut runtime, 400);
    until_at_work(&world, &mut runtime).await;
    runtime.submit(Change::updated("Account", 399).text("Name", "newer"));
    until_told(&mut runtime, "is to be stopped and goes on").await;
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (401, 400));
    assert_eq!(name(&world, 399), "newer");
}

#[tokio::test]
async fn only_org_b_saying_twice_that_there_is_no_job_ends_the_waiting_for_it() {
    for (status, code, times) in [
        (403, "INSUFFICIENT_ACCESS", 3),
        (400, "UNKNOWN_EXCEPTION", 3),
        (404, "NOT_FOUND", 1),
        (404, "HTTP_404", 3),
    ] {
        let world = World::start().await;
        slow(&world, 1_500);
        let mut runtime = world.sync_by_bulk(100).await;
        create(&mut runtime, 400);
        let job = until_at_work(&world, &mut runtime).await;
        runtime.submit(Change::updated("Account", 399).text("Name", "newer"));
        let looks = Fault::new(CallKind::Bulk, refused(status, code)).containing(&job).times(times);
        world.sandbox.faults().add(looks);
        world.sandbox.reset_calls();
        runtime.settle().await;
        until_over_in_org_b(&world, &job).await;
        assert_eq!(runtime.delivered_count(), 401, "{code}");
        assert_eq!(world.sandbox.calls(CallKind::Write), 1, "{code}: the job wrote its rows");
        assert_eq!(name(&world, 399), "newer", "{code}");
    }
}

#[tokio::test]
async fn rows_of_a_job_that_is_gone_are_written_by_other_calls() {
    let world = World::start().await;
    slow(&world, 500);
    let mut runtime = world.sync_by_bulk(100).await;
    create(&mut runtime, 400);
    let job = until_at_work(&world, &mut runtime).await;
    world
        .sandbox
        .faults()
        .add(Fault::new(CallKind::Bulk, refused(404, "NOT_FOUND")).containing(&job).times(2));
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (400, 400));
    assert!(runtime.sink.open_jobs().is_empty());
}

#[tokio::test]
async fn a_job_of_the_owner_before_that_cannot_be_looked_at_is_waited_for_and_told_of() {
    let world = World::start().await;
    let mut first = world.sync_by_bulk(100).await;
    slow(&world, 1_500);
    create(&mut first, 400);
    let job = until_at_work(&world, &mut first).await;
    let jobs = first.sink.open_jobs();
    drop(first);

    let denied = Fault::new(CallKind::Bulk, refused(403, "INSUFFICIENT_ACCESS")).containing(&job).times(4);
    world.sandbox.faults().add(denied);
    let mut second = world.sync_by_bulk(2_000).await;
    second.sink.adopt_jobs(jobs);
    second.submit(Change::updated("Account", 399).text("Name", "newer"));
    until_told(&mut second, "nobody knows how far").await;
    second.settle().await;
    until_over_in_org_b(&world, &job).await;
    assert_eq!(name(&world, 399), "newer");
    assert!(second.sink.open_jobs().is_empty());
}

#[tokio::test]
async fn a_refusal_concerns_its_object_alone() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    let refusal = Fault::new(CallKind::Bulk, refused(400, "FEATURENOTENABLED")).containing("\"Account\"");
    world.sandbox.faults().add(refusal);
    create(&mut runtime, 300);
    runtime.settle().await;
    world.sandbox.reset_calls();
    (300..600).for_each(|number| runtime.submit(Change::created("Account", number)));
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Bulk), 0, "it is not asked again at once");
    (0..300).for_each(|number| runtime.submit(Change::created("Lead", number)));
    world.sandbox.reset_calls();
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Write), 0, "leads go by a job");
    assert_eq!((world.sandbox.count("Account"), world.sandbox.count("Lead")), (600, 300));
}

#[tokio::test]
async fn a_disk_that_takes_no_rows_costs_calls_and_no_record_and_is_told_of() {
    let mut world = World::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    world.spool = file.path().join("bulk");
    let mut runtime = world.sync_by_bulk(100).await;
    create(&mut runtime, 300);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (300, 300));
    assert_eq!(world.sandbox.calls(CallKind::Bulk), 0);
    until_told(&mut runtime, "no bulk job can be filled in").await;
}

/// Fields of org B where a lead cannot be without an account.
const REQUIRED: &str = "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
  Contact: [*id]
  Lead:
    - *id
    - { name: Customer__c, type: reference, label: Customer, reference_to: [Account], relationship: Customer__r, flags: [create, update] }
";

#[tokio::test]
async fn children_that_wait_for_parents_in_a_job_are_not_given_up() {
    let world = World::of(simulator::Org::builder().objects(REQUIRED)).await;
    slow(&world, 2_000);
    // A record in trouble of its own has a quarter of the job's time.
    let config = SinkConfig { bulk: from(100), ..config(Operation::Sync, Duration::from_secs(1)) };
    let mut runtime = world.try_sink(config).await.unwrap();
    create(&mut runtime, 400);
    until_at_work(&world, &mut runtime).await;
    for number in 0..10 {
        runtime.submit(Change::created("Lead", number).text("Customer__c", &id("Account", 390 + number)));
    }
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Lead")), (410, 10));
    assert_eq!(runtime.counts().retries, 0, "waiting for a job is no attempt");
    let parent = world.row("Account", &id("Account", 395)).unwrap();
    assert_eq!(world.row("Lead", &id("Lead", 5)).unwrap()["Customer__c"], parent["Id"]);
}

#[tokio::test]
async fn a_job_begins_by_itself_only_when_it_saves_calls() {
    let world = World::start().await;
    let mut runtime = world.sync_with(BulkRules::default()).await;
    world.sandbox.reset_calls();
    create(&mut runtime, 5_000);
    runtime.settle().await;
    assert_eq!(
        world.sandbox.calls(CallKind::Bulk),
        0,
        "five calls of a thousand records are fewer than a job's"
    );
    (5_000..25_000).for_each(|number| runtime.submit(Change::created("Account", number)));
    world.sandbox.reset_calls();
    runtime.settle().await;
    let calls = world.sandbox.calls(CallKind::Bulk) + world.sandbox.calls(CallKind::Write);
    assert!(calls < 20, "{calls} calls for 20,000 records");
    assert!(world.sandbox.calls(CallKind::Bulk) > 0);
    assert_eq!(world.rows("Account").len(), 25_000);
}

#[tokio::test]
async fn an_object_whose_names_make_no_line_of_a_job_goes_by_other_calls() {
    let name = "N".repeat(36);
    let fields = (0..900).map(|number| {
        format!(
            "    - {{ name: {name}{number:03}__c, type: string, label: L, length: 18, flags: [create, update, nillable] }}\n"
        )
    });
    let own = "    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }\n";
    let objects =
        format!("objects:\n  Account:\n{own}{}  Contact:\n{own}  Lead:\n{own}", fields.collect::<String>());
    let world = World::of(simulator::Org::builder().objects(objects)).await;
    let mut runtime = world.sync_by_bulk(100).await;
    create(&mut runtime, 300);
    world.sandbox.reset_calls();
    runtime.settle().await;
    assert_eq!((world.sandbox.count("Account"), world.sandbox.calls(CallKind::Bulk)), (300, 0));
    assert_eq!(world.row("Account", &id("Account", 7)).unwrap()["Name"], json!("Account 7"));
}
