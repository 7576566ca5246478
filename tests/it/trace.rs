//! Where the changes of a record went, as a person asks for it.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use crate::support::World;

/// What `orgstream trace` says of a record.
async fn trace(world: &World, object: &str, id: &str) -> Vec<Json> {
    let shown = world.command(&["trace", "orgstream.yaml", object, id, "--json"]).finish().await;
    serde_json::from_str(&shown.expect_code(0).stdout).expect("JSON")
}

fn column(traced: &[Json], name: &str) -> Vec<String> {
    traced.iter().map(|change| change[name].as_str().unwrap_or_default().to_owned()).collect()
}

fn states(traced: &[Json]) -> Vec<String> {
    traced.iter().map(|change| change["became"]["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn lead(name: &str) -> Json {
    json!({ "LastName": name, "Company": "Acme" })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_record_is_found_with_what_became_of_it() {
    let Some(world) = World::builder().embedded().retry_for("2s").start_from("earliest").build().await else {
        return;
    };
    world.prime().await;
    let effect = Effect::RecordError {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "No".to_owned(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, effect).containing("Bad"));
    let id = world.in_a.create("Lead", lead("Kant")).await;
    let bad = world.in_a.create("Lead", lead("Bad")).await;
    world.sync().await.expect_code(1);
    world.in_a.update("Lead", &id, json!({ "LastName": "Hegel" })).await;
    world.sync().await.expect_code(0);

    let changes = trace(&world, "Lead", &id).await;
    assert_eq!(column(&changes, "event"), ["created", "updated"]);
    assert_eq!(column(&changes, "origin"), ["stream", "stream"]);
    assert_eq!(states(&changes), ["settled", "written"]);
    let in_b = world.b.rows("Lead");
    assert_eq!(changes[1]["became"]["target_id"], in_b[0]["Id"]);
    // The places are those where the records lie.
    let all = world.read(&world.topic("Lead")).await;
    for change in &changes {
        assert_eq!(change["topic"], world.topic("Lead"));
        let at = |record: &&orgstream::kafka::Consumed| {
            json!(record.at.offset) == change["offset"]
                && json!(record.at.partition.partition) == change["partition"]
        };
        let record = all.iter().find(at).expect("a record lies there");
        assert_eq!(record.headers.text("orgstream.replay_id"), change["replay_id"].as_str());
    }

    let refused = trace(&world, "lead", &bad[..15]).await;
    assert_eq!(states(&refused), ["rejected"]);
    assert_eq!(refused[0]["became"]["code"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let shown = world.command(&["trace", "orgstream.yaml", "Lead", &bad]).finish().await.expect_code(0);
    assert!(shown.stdout.contains("rejected: FIELD_CUSTOM_VALIDATION_EXCEPTION: No"), "{}", shown.stdout);

    // What no sink has had yet.
    world.in_a.update("Lead", &id, json!({ "LastName": "Fichte" })).await;
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    assert_eq!(states(&trace(&world, "Lead", &id).await), ["settled", "written", "pending"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_change_and_an_object_of_no_pipeline_are_said_to_be_so() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let none = world.command(&["trace", "orgstream.yaml", "Lead", "00Q5g00000ABCDE"]).finish().await;
    let none = none.expect_code(1).stderr;
    assert!(none.contains("no topic of this file has a change of Lead 00Q5g00000ABCDE"), "{none}");
    for (object, id, part) in [("Leed", "00Q5g00000ABCDE", "an object `Leed`"), ("Lead", "x", "`x`")] {
        let wrong = world.command(&["trace", "orgstream.yaml", object, id]).finish().await.expect_code(2);
        assert!(wrong.stderr.contains(part), "{}", wrong.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_refused_and_what_it_wrote_in_a_form_of_its_own_is_found_too() {
    let source = "\
key: { from: expression, expr: value.Country, missing: reject }
headers: { prefix: sf- }
value: '{\"id\": event.id}'";
    let builder = World::builder().embedded().source_only().start_from("earliest").objects("Lead:");
    let Some(world) = builder.source(source).build().await else { return };
    world.prime().await;
    let id =
        world.in_a.create("Lead", json!({ "LastName": "Kant", "Company": "Acme", "Country": "DE" })).await;
    let bad = world.in_a.create("Lead", lead("Hegel")).await;
    let running = world.run(&[]);
    // It has the state directory then, which a look at a schema store that nobody runs would take for itself.
    running.says("schema_registry").await;
    let mut known = Vec::new();
    for _ in 0..300 {
        let shown = world.command(&["trace", "orgstream.yaml", "Lead", &bad, "--json"]).finish().await;
        known = serde_json::from_str(&shown.stdout).unwrap_or_default();
        if !known.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let known: Vec<Json> = known;
    assert_eq!(states(&known), ["rejected"]);
    assert_eq!(known[0]["topic"], orgstream::kafka::topics::dead_letters(&world.pipeline));
    let written = trace(&world, "Lead", &id).await;
    assert_eq!(
        (states(&written), column(&written, "origin")),
        (vec!["produced".to_owned()], vec!["stream".to_owned()])
    );
    running.terminate().await.expect_code(0);
}
