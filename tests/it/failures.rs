//! What the file says of records that org B refuses, in a whole process.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use crate::support::{World, eventually};

const VALIDATION: &str = "FIELD_CUSTOM_VALIDATION_EXCEPTION";

/// A world whose sink has more keys.
async fn world(keys: &str) -> Option<World> {
    let world = World::builder().embedded().retry_for("2s").partitions(1).build().await?;
    world.edit("retry_for: 2s }", &format!("retry_for: 2s, {keys} }}"));
    Some(world)
}

/// Org B refuses leads whose name contains `text`.
fn refuse(world: &World, text: &str) -> u64 {
    let effect = Effect::RecordError { code: VALIDATION.to_owned(), message: "Not like this".to_owned() };
    world.b.faults().add(Fault::new(CallKind::Write, effect).containing(text))
}

async fn leads(world: &World, names: &[&str]) {
    for name in names {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }
}

async fn status(world: &World) -> Json {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}", shown.stdout))
}

/// The sink task of the only pipeline.
fn sink(status: &Json) -> &Json {
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks");
    tasks.iter().find(|task| task["kind"] == "sink").expect("a sink")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_that_stops_the_task_comes_again_until_it_is_let_pass() {
    let Some(world) = world(&format!("on_error: {{ {VALIDATION}: stop }}")).await else { return };
    world.prime().await;
    refuse(&world, "Bad");
    leads(&world, &["Good", "Bad", "Better"]).await;
    for _ in 0..2 {
        let finished = world.sync().await.expect_code(1);
        for part in ["`on_error` says `stop`", VALIDATION, "Not like this", &world.topic("Lead")] {
            assert!(finished.stderr.contains(part), "no {part} in {}", finished.stderr);
        }
        assert_eq!(world.dead_letters().await, []);
        let status = status(&world).await;
        assert_eq!(sink(&status)["state"], "failed");
        let reason = sink(&status)["reason"].as_str().expect("a reason");
        assert!(reason.contains(VALIDATION), "{reason}");
    }
    world.edit(": stop }", ": skip }");
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2);
    assert_eq!(world.dead_letters().await, []);
    assert_eq!(sink(&status(&world).await)["skipped"][VALIDATION], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rejections_stop_the_task_with_all_of_them_in_the_dead_letters() {
    let Some(world) = world("stop_after: { rejected: 3, of: 20 }").await else { return };
    world.prime().await;
    let rule = refuse(&world, "Bad");
    let running = world.run(&[]);
    leads(&world, &["Good 1", "Bad 1", "Good 2", "Bad 2"]).await;
    eventually("the good ones arrive", || world.b.count("Lead") == 2).await;
    leads(&world, &["Bad 3", "Bad 4"]).await;
    let finished = running.finish().await.expect_code(1);
    assert!(finished.stderr.contains("`stop_after` does not let pass"), "{}", finished.stderr);
    let first = world.dead_letters().await.len();
    assert!((3..=4).contains(&first), "{first} dead letters");
    // The next start goes on behind what has its outcome.
    assert!(world.b.faults().remove(rule));
    leads(&world, &["Good 3"]).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead") + first, 7);
    assert_eq!(world.dead_letters().await.len(), first);
}

/// What became of records, as (key, value, headers) of a topic.
async fn reports(world: &World, topic: &str) -> Vec<(Json, Json, Vec<String>)> {
    let json = |bytes: &Option<Vec<u8>>| -> Json {
        serde_json::from_slice(bytes.as_deref().unwrap_or(b"null")).expect("JSON")
    };
    let records = world.read(&format!("{}-{topic}", world.pipeline)).await;
    let headers = |record: &orgstream::kafka::Consumed| {
        record.headers.iter().map(|(name, _)| name.to_owned()).collect()
    };
    records.iter().map(|record| (json(&record.key), json(&record.value), headers(record))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_written_and_every_refused_record_has_a_report() {
    let keys = "reports: { success: \"${pipeline}-success\", error: \"${connector}-error\" }";
    let Some(world) = world(keys).await else { return };
    refuse(&world, "Bad");
    leads(&world, &["Good", "Bad"]).await;
    world.sync().await.expect_code(1);
    let success = reports(&world, "success").await;
    let good = world.a.rows("Lead").into_iter().find(|row| row["LastName"] == "Good").expect("it is there");
    assert_eq!(success.len(), 1);
    let (key, value, headers) = &success[0];
    assert_eq!(*key, json!({ "Id": good["Id"] }));
    assert_eq!(*value, "Successfully delivered the record to salesforce");
    assert_eq!(
        headers[..],
        ["input_record_offset", "input_record_timestamp", "input_record_partition", "input_record_topic"]
    );
    let error = reports(&world, "error").await;
    assert_eq!(error.len(), 1);
    assert!(error[0].1.as_str().is_some_and(|text| text.starts_with(VALIDATION)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_a_report_is_what_the_file_says() {
    let body = "'{\"source\": event.id, \"target\": response.id, \"code\": response.code, \"name\": value.LastName}'";
    let keys =
        format!("reports: {{ success: \"${{pipeline}}-all\", error: \"${{pipeline}}-all\", body: {body} }}");
    let Some(world) = world(&format!("{keys}, on_error: {{ {VALIDATION}: skip }}")).await else { return };
    refuse(&world, "Bad");
    leads(&world, &["Good", "Bad"]).await;
    world.sync().await.expect_code(0);
    let mut bodies: Vec<Json> = reports(&world, "all").await.into_iter().map(|(_, value, _)| value).collect();
    bodies.sort_by_key(|body| body["name"].to_string());
    let in_a = |name: &str| {
        world.a.rows("Lead").into_iter().find(|row| row["LastName"] == name).expect("it is there")["Id"]
            .clone()
    };
    let in_b = world.b.rows("Lead")[0]["Id"].clone();
    assert_eq!(
        bodies,
        [
            json!({ "source": in_a("Bad"), "target": null, "code": VALIDATION, "name": "Bad" }),
            json!({ "source": in_a("Good"), "target": in_b, "code": null, "name": "Good" }),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_rejected_again_after_a_kill_has_one_dead_letter() {
    // The first lead is tried again all the time, so that the offsets of those behind it are not committed.
    let Some(world) = World::builder().embedded().partitions(1).build().await else { return };
    world.prime().await;
    let lock = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: "locked".to_owned() };
    let lock = world.b.faults().add(Fault::new(CallKind::Write, lock).containing("Locked"));
    refuse(&world, "Bad");
    let rows =
        ["Locked", "Bad 1", "Bad 2", "Good"].map(|name| json!({ "LastName": name, "Company": "Acme" }));
    let source = ["--only", "source", "--until-synced", "--quiet", "1s"];
    world.in_a.create_many("Lead", rows.into()).await;
    world.run(&source).finish().await.expect_code(0);
    for _ in 0..2 {
        let running = world.run(&["--only", "sink"]);
        running.warns("A record is rejected").await;
        eventually("the good one arrives", || world.b.count("Lead") == 1).await;
        for _ in 0..100 {
            if world.dead_letters().await.len() >= 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        running.kill().await;
        assert_eq!(world.dead_letters().await.len(), 2);
    }
    assert!(world.b.faults().remove(lock));
    // What is rejected again counts again, though its letter is there.
    world.sync().await.expect_code(1);
    assert_eq!(world.b.count("Lead"), 2);
    let letters = world.read(&format!("{}.dead_letters", world.pipeline)).await;
    let ids: std::collections::BTreeSet<_> =
        letters.iter().filter_map(|letter| letter.headers.text("orgstream.write_id")).collect();
    assert_eq!((letters.len(), ids.len()), (2, 2), "{ids:?}");
    // The next run rejects nothing, and does not say that all is well.
    let next = world.sync().await.expect_code(0).stderr;
    for part in
        ["2 record(s) of earlier ones lie in topic", "orgstream snapshot orgstream.yaml --object", "--where"]
    {
        assert!(next.contains(part), "no {part} in {next}");
    }
}
