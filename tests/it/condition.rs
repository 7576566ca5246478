//! `sink.when`: records that are none of the sink's are passed over, counted and committed, whatever they are.

use serde_json::{Value as Json, json};

use crate::inputs::{id, produce_values, sink_only};
use crate::support::{World, eventually};

fn contact(number: u32, kind: &str) -> Vec<u8> {
    json!({ "Id": id(number), "LastName": format!("{number}"), "_EventType": "created", "kind": kind })
        .to_string()
        .into_bytes()
}

/// What the sink's tasks have passed over, by reason, since they were started.
async fn skipped(world: &World) -> Json {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let mut status: Json = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}", shown.stdout));
    status["status"]["pipelines"][0]["tasks"][0]["skipped"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_the_sink_is_counted_and_committed_and_poison_is_kept_with_its_bytes() {
    let keys = "input: { value: json }, when: 'value.kind == \"contact\" && topic.endsWith(\".Contact\")'";
    let Some(world) = sink_only(keys, None).await else { return };
    let running = world.run(&[]);
    let all: Vec<_> =
        (0..200).map(|number| contact(number, if number % 4 == 0 { "contact" } else { "invoice" })).collect();
    produce_values(&world, &all).await;
    eventually("some arrive", || world.b.count("Contact") > 0).await;
    running.kill().await;
    let running = world.run(&[]);
    eventually("its own arrive", || world.b.count("Contact") == 50).await;
    // Nothing that the condition can be asked of.
    let odd = [b"[1,2]".to_vec(), b"{\"kind\":7}".to_vec(), b"{\"Kind\":\"contact\"}".to_vec()];
    produce_values(&world, &odd).await;
    let mut counted = Json::Null;
    for _ in 0..300 {
        counted = skipped(&world).await;
        if world.dead_letters().await.len() == 2 && counted["unmatched"].as_u64() > Some(0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!(counted["unmatched"].as_u64() > Some(0), "{counted}");
    running.terminate().await.expect_code(0);
    let letters = world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await;
    let kept: Vec<&[u8]> = letters.iter().map(|letter| letter.value.as_deref().expect("a value")).collect();
    assert_eq!(kept, [&odd[0][..], &odd[2][..]]);
    let codes: Vec<String> = world.dead_letters().await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["CONDITION_FAILED", "CONDITION_FAILED"]);
    // All of it is settled: another run finds nothing.
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Contact"), 50);

    // As the file says otherwise.
    world.edit(keys, &format!("{keys}, on_error: {{ CONDITION_FAILED: stop }}"));
    produce_values(&world, &odd[..1]).await;
    let stopped = world.sync().await.expect_code(1);
    assert!(
        stopped.stderr.contains("CONDITION_FAILED") && stopped.stderr.contains("value.kind"),
        "{}",
        stopped.stderr
    );
    world.edit("CONDITION_FAILED: stop", "CONDITION_FAILED: skip");
    world.sync().await.expect_code(0);
    assert_eq!(world.dead_letters().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_value_is_asked_with_a_null_and_its_key() {
    let keys = "input: { value: json }, on_null: delete, when: 'value != null || key.startsWith(\"003\")'";
    let Some(world) = sink_only(keys, None).await else { return };
    produce_values(&world, &[contact(1, ""), contact(2, "")]).await;
    world.sync().await.expect_code(0);
    let one = id(1);
    crate::inputs::produce(&world, &[(Some(b"other"), None), (Some(one.as_bytes()), None)]).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Contact"), 1);
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_is_no_expression_is_a_fault_of_the_file() {
    let Some(world) = sink_only("when: 'valeu.kind == 1'", None).await else { return };
    let refused = world.command(&["check", "orgstream.yaml"]).finish().await.expect_code(78);
    assert!(
        refused.stderr.contains("sink.when") && refused.stderr.contains("`valeu` is not known"),
        "{}",
        refused.stderr
    );
}
