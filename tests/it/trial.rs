//! What an applied file has started and fails soon afterwards, and files that cannot be read again.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::Value as Json;

use crate::apply::{LEADS, add_accounts, all_run, apply, create, running, second};
use crate::support::{World, eventually};

/// A sink whose file was applied just now stops at the first record that is refused, and ends alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_soon_after_a_file_is_applied_harms_nothing_else_and_is_shown() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let mut process = world.run(&[]);
    all_run(&world, 2).await;
    add_accounts(&world, "a");
    world.edit("sink: { org: b }", "sink: { org: b, stop_after: { rejected: 1, of: 1 } }");
    apply(&world).await.expect_code(0);
    let refusal = Effect::RecordError { code: "REQUIRED_FIELD_MISSING".to_owned(), message: "No".to_owned() };
    world.b.faults().add(Fault::new(CallKind::Write, refusal).containing("Refused"));
    let name = second(&world);
    create(&world.in_a, "Account", "Refused", 1).await;
    process.warns("the others go on. Mend the file and apply it again").await;
    let tasks = running(&world).await;
    let is_failed =
        |(task, state, _): &(String, String, String)| *task == format!("{name}-sink-0") && state == "failed";
    assert!(tasks.iter().any(is_failed), "{tasks:?}");
    create(&world.in_a, "Lead", "Beside", 2).await;
    eventually("leads arrive", || world.b.count("Lead") == 2).await;
    assert!(process.alive());
    process.terminate().await;
}

/// Somebody who stops the process while a file is applied does not wait for pipelines that the file would start.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_stopped_while_a_file_is_applied_ends_without_starting_what_is_new() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let process = world.run(&[]);
    all_run(&world, 2).await;
    create(&world.in_a, "Lead", "Before", 1).await;
    eventually("a lead arrives", || world.b.count("Lead") == 1).await;
    // The sink has a call in flight when it is to be restarted.
    let slow = Effect::Delay { ms: 4_000 };
    world.b.faults().add(Fault::new(CallKind::Write, slow).containing("Slow"));
    create(&world.in_a, "Lead", "Slow", 1).await;
    eventually("the call is made", || world.b.calls(CallKind::Write) > 1).await;
    add_accounts(&world, "a");
    world.edit("retry_for: 15m", "retry_for: 7m");
    let asked = world.command(&["apply", "orgstream.yaml"]);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let ended = process.terminate().await.expect_code(0);
    let started = format!("the source starts pipeline={} ", second(&world));
    assert!(!ended.stderr.contains(&started), "{}", ended.stderr);
    let told = asked.finish().await.expect_code(1);
    assert!(!told.stderr.contains("everything goes on as before"), "{}", told.stderr);
    assert_eq!(world.b.count("Lead"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_no_file_that_can_be_applied() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let process = world.run(&[]);
    let before = all_run(&world, 2).await;
    let pipe = world.dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let told = world.command(&["apply", "pipe", "--state", "state"]).finish().await.expect_code(1);
    assert!(told.stderr.contains("is no file that can be read again"), "{}", told.stderr);
    assert_eq!(running(&world).await, before);
    let status: Json = {
        let said = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
        serde_json::from_str(&said.stdout).expect("JSON")
    };
    assert_eq!(status["running"], true);
    process.terminate().await.expect_code(0);
}
