//! A topic that others write gets more partitions, while a sink reads it and while none does.

use std::collections::BTreeMap;

use orgstream::kafka::{Admin, Cleanup, KafkaConfig, Outgoing, Place, Producer, TopicSpec, topics};
use orgstream_api::{Headers, HealthReporter};
use serde_json::json;

use crate::inputs::{id, sink_only};
use crate::support::{SecuredKafka, World, eventually};

/// Inserts are noted in the partition number of their records, by a producer that knew the topic when it was narrow.
const SINK: &str = "operation: insert, input: { value: json }, session_timeout: 10s";

fn config(world: &World) -> KafkaConfig {
    KafkaConfig { bootstrap_servers: world.bootstrap_servers.clone(), ..KafkaConfig::default() }
}

async fn widen(world: &World, width: i32) {
    let admin = Admin::connect(&config(world)).await.expect("the broker answers");
    admin.widen(&world.topic("Contact"), width).await.expect("the topic is widened");
}

/// A contact of this number in a partition.
async fn contact(world: &World, number: u32, partition: i32) {
    let (health, _listener) = HealthReporter::new();
    let producer = Producer::open(&config(world), health).expect("a producer");
    let value = json!({ "Id": id(number), "LastName": number.to_string(), "_EventType": "created" });
    let outgoing = Outgoing {
        topic: world.topic("Contact"),
        place: Place::Partition(partition),
        key: None,
        value: Some(value.to_string().into_bytes()),
        headers: Headers::default(),
        timestamp: None,
    };
    producer.send(vec![outgoing]).await.expect("written");
}

/// How often each contact stands in org B.
fn contacts(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in world.b.rows("Contact") {
        *counts.entry(row["LastName"].as_str().expect("a text").to_owned()).or_default() += 1;
    }
    counts
}

async fn scenario(world: World) {
    world.edit("kafka: { ", "kafka: { consumer_properties: { topic.metadata.refresh.interval.ms: 1000 }, ");
    let running = world.run(&[]);
    contact(&world, 1, 0).await;
    eventually("the first contact arrives", || world.b.count("Contact") == 1).await;
    widen(&world, 3).await;
    contact(&world, 2, 2).await;
    eventually("the contact of the new partition arrives", || world.b.count("Contact") == 2).await;
    // A second process takes partitions over, and the first is killed.
    let second = world.run(&["--state", "second"]);
    contact(&world, 3, 1).await;
    running.kill().await;
    widen(&world, 5).await;
    contact(&world, 4, 4).await;
    eventually("the contacts of both new partitions arrive", || world.b.count("Contact") == 4).await;
    second.terminate().await.expect_code(0);
    widen(&world, 6).await;
    contact(&world, 5, 5).await;
    world.command(&["check", "orgstream.yaml", "--online"]).finish().await.expect_code(0);
    world.sync().await.expect_code(0);
    assert_eq!(contacts(&world), (1..=5).map(|number| (number.to_string(), 1)).collect());
    let admin = Admin::connect(&config(&world)).await.expect("the broker answers");
    for own in [topics::parked(&world.pipeline), topics::intents(&world.pipeline)] {
        assert_eq!(admin.partitions(&own).await.expect("an answer"), Some(6), "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_new_partitions_are_written_once_on_the_embedded_broker() {
    let Some(world) = sink_only(SINK, None).await else { return };
    scenario(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_new_partitions_are_written_once_on_apache_kafka() {
    let Some(kafka) = SecuredKafka::shared() else { return };
    let Some(mut world) = sink_only(SINK, None).await else { return };
    let servers = kafka.address("bootstrap_servers");
    world.edit(&world.bootstrap_servers, &servers);
    world.link_mut().bootstrap_servers = servers;
    let admin = Admin::connect(&config(&world)).await.expect("the broker answers");
    let spec = TopicSpec { name: world.topic("Contact"), partitions: Some(1), cleanup: Cleanup::Delete };
    admin.ensure_topics(&[spec]).await.expect("the topic is made");
    scenario(world).await;
}
