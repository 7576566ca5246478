//! A sink of several tasks: they share the partitions, what one writes the others see, and together they are one sink.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use crate::support::{Killing, World, eventually, on_both_brokers};

fn four_tasks(world: &World, more: &str) {
    world.edit("sink: { org: b,", &format!("sink: {{ org: b, tasks: 4, {more}"));
}

async fn leads(world: &World, name: &str, count: usize) {
    let rows = (0..count).map(|n| json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
}

/// The only pipeline, as a running process shows it.
async fn pipeline(world: &World) -> Json {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let mut status: Json = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}", shown.stdout));
    status["status"]["pipelines"][0].take()
}

fn sinks(pipeline: &Json) -> Vec<&Json> {
    pipeline["tasks"].as_array().expect("tasks").iter().filter(|task| task["kind"] == "sink").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_task_shows_its_own_partitions_and_the_pipeline_the_worst_state() {
    let Some(world) = World::builder().embedded().partitions(8).build().await else { return };
    four_tasks(&world, "");
    world.prime().await;
    let running = world.run(&[]);
    leads(&world, "Lead", 100).await;
    eventually("all leads arrive", || world.b.count("Lead") == 100).await;
    let mut pipeline = pipeline(&world).await;
    for _ in 0..300 {
        let shares = sinks(&pipeline).iter().map(|task| task["lag"].as_array().map_or(0, Vec::len)).min();
        if pipeline["state"] == "running" && shares > Some(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        pipeline = self::pipeline(&world).await;
    }
    let tasks = sinks(&pipeline);
    let names: Vec<String> = (0..4).map(|number| format!("{}-sink-{number}", world.pipeline)).collect();
    assert_eq!(tasks.iter().map(|task| task["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
    let mut partitions = BTreeSet::new();
    for task in &tasks {
        let lag = task["lag"].as_array().expect("lag");
        assert!(!lag.is_empty(), "{} has no partition", task["name"]);
        for lag in lag {
            let partition = (lag["topic"].as_str().unwrap(), lag["partition"].as_i64().unwrap());
            assert!(partitions.insert(partition), "{partition:?} is shown twice");
        }
    }
    assert_eq!(partitions.len(), 3 * 8);
    assert_eq!(pipeline["state"], "running");
    let shown = world.command(&["status", "orgstream.yaml"]).finish().await.expect_code(0).stdout;
    for task in ["sink-0", "sink-3"] {
        assert!(shown.contains(&format!("  {task} ")), "no {task} in {shown}");
    }

    let down = world.b.faults().take_down();
    leads(&world, "Late", 100).await;
    let mut state = Json::Null;
    for _ in 0..300 {
        state = self::pipeline(&world).await["state"].take();
        if state == "degraded" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(state, "degraded", "some of its tasks wait for the org");
    world.b.faults().remove(down);
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_of_all_tasks_count_together() {
    let Some(world) = World::builder().embedded().partitions(8).build().await else { return };
    four_tasks(&world, "stop_after: { rejected: 36, of: 100 },");
    world.prime().await;
    let code = "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned();
    let refused = Effect::RecordError { code, message: "Not like this".to_owned() };
    world.b.faults().add(Fault::new(CallKind::Write, refused).containing("Bad"));
    let running = world.run(&[]);
    leads(&world, "Bad", 40).await;
    let finished = running.finish().await.expect_code(1);
    assert!(finished.stderr.contains("`stop_after` does not let pass"), "{}", finished.stderr);
    let letters = world.dead_letters().await;
    assert!((36..=40).contains(&letters.len()), "{} dead letters", letters.len());
    // Each task had fewer than the file allows: only together they are too many.
    let mut by_task: BTreeMap<String, usize> = BTreeMap::new();
    for letter in world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await {
        let task = letter.headers.text("__connect.errors.task.id").expect("a task").to_owned();
        *by_task.entry(task).or_default() += 1;
    }
    assert!(by_task.values().all(|count| *count < 36), "{by_task:?}");
}

on_both_brokers! {
    async fn four_tasks_of_one_pipeline_lose_and_double_nothing_when_they_are_killed(
        builder: WorldBuilder, _kind: Kind
    ) {
        let Some(world) = builder.partitions(8).build().await else { return };
        four_tasks(&world, "");
        world.survives(Killing { kills: 4, after_ms: 2_500, changes: 3_000 }).await;
    }
}
