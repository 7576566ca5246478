//! Topics that are deleted under a pipeline: never made anew in silence.

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use serde_json::json;

use crate::support::{Link, World};

/// Deletes a topic, as an operator does.
async fn delete(world: &Link, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", &world.bootstrap_servers)
        .create()
        .expect("a client");
    for result in admin.delete_topics(&[topic], &AdminOptions::new()).await.expect("an answer") {
        result.expect("the topic is deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_topic_that_was_deleted_before_it_was_read_is_not_made_anew() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.in_a.create("Lead", json!({ "LastName": "Lost", "Company": "Acme" })).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    delete(&world, &world.topic("Lead")).await;
    for half in [&["--only", "sink"][..], &["--only", "source"], &[]] {
        let refused = world.sync_with(half).await.expect_code(1);
        for said in [&world.topic("Lead"), &world.pipeline, "does not exist any more"] {
            assert!(refused.stderr.contains(said), "no `{said}` in\n{}", refused.stderr);
        }
    }
}
