//! `algorithm: merged` in a whole process.

use std::collections::BTreeMap;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use crate::support::World;

/// Waits until the topic of leads has so many records, so that the next change is a record of its own.
async fn until_written(world: &World, records: usize) {
    while world.read(&world.topic("Lead")).await.len() < records {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_merged_and_each_refused_change_is_a_dead_letter_of_its_own() {
    let Some(world) = World::builder().embedded().retry_for("2s").partitions(1).build().await else { return };
    world.edit("operation: sync", "operation: sync, algorithm: merged");
    world.prime().await;
    // The sink finds all of it waiting.
    let source = world.run(&["--only", "source"]);
    let mut written = world.read(&world.topic("Lead")).await.len();
    let before = written;
    let mut ids = BTreeMap::new();
    for name in ["Good", "Bad", "Gone"] {
        let lead = world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
        ids.insert(name, lead);
        written += 1;
        until_written(&world, written).await;
    }
    for (name, title) in [("Good", "1"), ("Bad", "1"), ("Good", "2"), ("Bad", "2"), ("Good", "3")] {
        world.in_a.update("Lead", &ids[name], json!({ "Title": title })).await;
        written += 1;
        until_written(&world, written).await;
    }
    world.in_a.delete("Lead", &ids["Gone"]).await;
    written += 1;
    until_written(&world, written).await;
    source.terminate().await.expect_code(0);
    assert_eq!(written - before, 9);

    let effect = Effect::RecordError {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "Not like this".to_owned(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, effect).containing("Bad"));
    world.b.reset_calls();
    world.sync().await.expect_code(1);
    let rows = world.b.rows("Lead");
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["LastName"], &rows[0]["Title"]), (&json!("Good"), &json!("3")));
    assert_eq!(world.b.calls(CallKind::Write), 1, "both leads that live, in one call");

    let letters = world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await;
    let place = |letter: &orgstream::kafka::Consumed| {
        letter.headers.text("orgstream.write_id").expect("a write id").to_owned()
    };
    let mut places: Vec<String> = letters.iter().map(place).collect();
    places.dedup();
    assert_eq!(places.len(), 3, "{places:?}");
    let mut values: Vec<_> = letters.iter().map(|letter| letter.value.clone()).collect();
    values.dedup();
    assert_eq!(values.len(), 3, "each has its own bytes");

    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let status: Json = serde_json::from_str(&shown.stdout).expect("JSON");
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks").clone();
    let sink = tasks.iter().find(|task| task["kind"] == "sink").expect("a sink");
    assert_eq!(sink["skipped"], json!({ "merged": 3, "cancelled": 2 }));
}
