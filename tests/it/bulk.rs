//! Bulk jobs through a whole file.

use std::collections::HashSet;
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use crate::support::{Running, World, eventually, on_both_brokers};

const RECORDS: usize = 100_000;

/// What a process may have resident at most, in MB. Aimed at are 150 MB, of a release. Of a build for development tens of megabytes
/// more of the program's own text are there, and beside other tests it lets go of memory later.
const MEMORY: u64 = if cfg!(debug_assertions) { 200 } else { 150 };

on_both_brokers! {
async fn a_job_whose_process_is_killed_is_outlived_before_anything_newer_is_written(
    builder: WorldBuilder, _kind: Kind
) {
    let Some(world) = builder.build().await else { return };
    // The job of the killed process goes on in org B.
    world.edit("operation: sync", "operation: sync, bulk: { from: 200 }");
    let rows = (0..1_000).map(|n| json!({ "LastName": format!("Lead {n}"), "Company": "Acme" }));
    let leads = world.in_a.create_many("Lead", rows.collect()).await;
    let slow = world.b.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 1_500 }));
    let running = world.run(&[]);
    eventually("the job is at work", || world.b.count("Lead") > 0).await;
    running.kill().await;
    assert!(world.b.count("Lead") < 1_000, "the job is slower than the kill");
    // Leads of the whole job, the last row of it included.
    for (n, lead) in leads.iter().enumerate().filter(|(n, _)| n % 50 == 49) {
        world.in_a.update("Lead", lead, json!({ "Company": format!("Newer {n}") })).await;
    }
    world.sync().await.expect_code(0);
    world.b.faults().remove(slow);
    world.verify().await;
    let external: HashSet<Json> =
        world.b.rows("Lead").into_iter().map(|mut row| row["OrgA_Id__c"].take()).collect();
    assert_eq!((external.len(), world.b.count("Lead")), (1_000, 1_000));
    assert_eq!(world.dead_letters().await, []);
}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_records_take_thirty_calls_and_little_memory() {
    let objects = "Lead: { external_id: OrgA_Id__c }";
    let Some(world) = World::builder().embedded().objects(objects).build().await else { return };
    let rows = (0..RECORDS).map(|n| json!({ "LastName": format!("Lead {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
    world.edit("operation: sync", "operation: sync, bulk: { from: 2000 }");
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    world.b.reset_calls();
    let running = world.run(&["--only", "sink"]);
    let mut left = 1_800;
    while world.b.count("Lead") < RECORDS {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left -= 1;
        assert!(left > 0, "{} were written", world.b.count("Lead"));
    }
    let memory = running.peak_memory_mb();
    running.terminate().await.expect_code(0);
    let calls = world.b.calls(CallKind::Bulk) + world.b.calls(CallKind::Write);
    println!("{RECORDS} records in {calls} calls, {memory} MB at most");
    assert!(calls <= 30, "{calls} calls");
    assert!(memory < MEMORY, "{memory} MB");
}

#[tokio::test]
async fn a_disk_that_is_full_midway_costs_calls_and_no_record() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit("operation: sync", "operation: sync, bulk: { from: 200 }");
    let rows =
        (0..8_000).map(|n| json!({ "Name": format!("Account {n}"), "Description": "y".repeat(2_400) }));
    world.in_a.create_many("Account", rows.collect()).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    let arguments = ["run", "orgstream.yaml", "--only", "sink", "--until-synced"];
    let running = Running::start_with_small_files(world.dir.path(), 12_288, &arguments);
    let ended = running.finish().await.expect_code(0);
    assert!(ended.stderr.contains("no bulk job can be filled in"), "{}", ended.stderr);
    assert_eq!(world.b.count("Account"), 8_000);
    assert_eq!(world.dead_letters().await, []);
    world.verify().await;
}
