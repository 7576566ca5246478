//! Topics that are deleted under a pipeline: never made anew in silence.

use std::time::Duration;

use orgstream::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use serde_json::json;

use crate::inputs::{id, produce_values, sink_only};
use crate::support::{Link, World, eventually};

/// Deletes a topic, as an operator does.
pub(crate) async fn delete(world: &Link, topic: &str) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_made_anew_hides_nothing_behind_the_offsets_of_the_old_one() {
    let Some(world) = World::builder().embedded().partitions(1).build().await else { return };
    let lead = |n| json!({ "LastName": format!("Lead {n}"), "Company": "Before" });
    let ids = world.in_a.create_many("Lead", (0..20).map(lead).collect()).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 20);
    // What comes now lies in the old topic and never arrives.
    world.in_a.update("Lead", &ids[3], json!({ "Company": "After" })).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    delete(&world, &world.topic("Lead")).await;
    world.sync().await.expect_code(1);
    let pipeline = world.pipeline.clone();
    let again = world.sync_with(&["--snapshot", &pipeline]).await.expect_code(0);
    assert!(again.stderr.contains("made anew"), "{}", again.stderr);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_deleted_in_mid_run_ends_the_process_with_its_name() {
    // Without a change only the sink notices; with one the source may be first.
    for change in [None, Some("Lead")] {
        let Some(world) = World::builder().embedded().build().await else { return };
        world.prime().await;
        let topic = world.topic("Lead");
        let running = world.run(&[]);
        world.in_a.create("Account", json!({ "Name": "Before" })).await;
        eventually("the account arrives", || world.b.count("Account") == 1).await;
        delete(&world, &topic).await;
        if let Some(object) = change {
            world.in_a.create(object, json!({ "LastName": "After", "Company": "Acme" })).await;
        }
        let ended = running.finish().await.expect_code(1);
        let said = format!("topic {topic} does not exist any more");
        assert!(ended.stderr.contains(&said), "no `{said}` in\n{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_anew_while_it_is_read_is_read_from_its_first_record() {
    let Some(world) = sink_only("input: { value: json }", None).await else { return };
    let topic = world.topic("Contact");
    let contacts = async |from: u32, count: u32| {
        let value =
            |n| json!({ "Id": id(n), "LastName": "Čapek", "_EventType": "created" }).to_string().into_bytes();
        produce_values(&world, &(from..from + count).map(value).collect::<Vec<_>>()).await;
    };
    contacts(0, 5).await;
    let running = world.run(&[]);
    eventually("the first contacts arrive", || world.b.count("Contact") == 5).await;
    committed(&world, &topic).await;
    // So that it does not see the topic empty, which it tells of in another way.
    running.freeze();
    delete(&world, &topic).await;
    make(&world, &topic).await;
    contacts(5, 12).await;
    running.thaw();
    eventually("all contacts arrive", || world.b.count("Contact") == 17).await;
    let ended = running.terminate().await.expect_code(0);
    assert!(ended.stderr.contains(&topic) && ended.stderr.contains("made anew"), "{}", ended.stderr);
}

async fn kafka(world: &Link) -> Admin {
    let bootstrap_servers = world.bootstrap_servers.clone();
    let config = KafkaConfig {
        bootstrap_servers,
        partitions: None,
        replication_factor: None,
        ..KafkaConfig::default()
    };
    Admin::connect(&config).await.expect("the broker answers")
}

/// Makes a topic with one partition, as an operator does who has deleted it. A broker deletes in the background.
pub(crate) async fn make(world: &Link, topic: &str) {
    let admin = kafka(world).await;
    while admin.partitions(topic).await.expect("an answer").is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let spec = TopicSpec { name: topic.to_owned(), partitions: Some(1), cleanup: Cleanup::Delete };
    admin.ensure_topics(&[spec]).await.expect("the topic is made");
}

/// Waits until the sink has committed what lies in `topic`.
pub(crate) async fn committed(world: &World, topic: &str) {
    let (admin, topics) = (kafka(world).await, [topic.to_owned()]);
    let ends = admin.end_offsets(&topics).await.expect("an answer");
    loop {
        let group = format!("orgstream.{}", world.pipeline);
        if admin.committed(&group, &topics).await.expect("an answer") == ends {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
