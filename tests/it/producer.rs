//! How records are written: codecs, what brokers answer on the way, and when a source gives up.

use std::sync::Arc;

use orgstream_kafka_simulator::{ApiKey, Broker, Effect, Fault, ResponseError};
use serde_json::{Value as Json, json};

use crate::support::World;

fn lead(nth: usize) -> Json {
    json!({ "LastName": format!("Lead {nth}"), "Company": "Acme" })
}

/// A broker of the test's own, in this process, and a source of leads that writes to it.
async fn world(kafka: &str) -> Option<(World, Arc<Broker>, tempfile::TempDir)> {
    let data = tempfile::tempdir().expect("a directory");
    let broker = Broker::builder().data(data.path()).start().await.expect("it starts");
    let builder = World::builder().embedded().source_only().start_from("earliest").objects("Lead:");
    let world = builder.partitions(1).kafka(broker.bootstrap_servers()).build().await?;
    world.edit("  topics: { partitions: 1", &format!("  {kafka}\n  topics: {{ partitions: 1"));
    Some((world, Arc::new(broker), data))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_every_codec_and_level_are_read() {
    let Some((world, _broker, _data)) = world("producer: { compression: { type: none } }").await else {
        return;
    };
    world.prime().await;
    let mut before = "type: none".to_owned();
    for (nth, codec) in
        ["type: none", "type: gzip, level: 9", "type: snappy", "type: lz4, level: 12", "type: zstd, level: 6"]
            .into_iter()
            .enumerate()
    {
        world.edit(&before, codec);
        before = codec.to_owned();
        world.in_a.create("Lead", lead(nth)).await;
        world.sync().await.expect_code(0);
        assert_eq!(world.read(&world.topic("Lead")).await.len(), nth + 1, "{codec}");
    }
}

/// Each is answered to requests of a running source. Where the client may send again it does, where its producer can do no more
/// the source begins anew at what is committed.
#[tokio::test(flavor = "multi_thread")]
async fn what_brokers_answer_on_the_way_loses_and_doubles_nothing() {
    let keys = "producer: { retry_delay: 50ms, reconnect_backoff_max: 200ms }";
    let Some((world, broker, _data)) = world(keys).await else { return };
    world.prime().await;
    let running = world.run(&[]);
    let mut count = 0;
    for (api, error) in [
        (ApiKey::Produce, ResponseError::OutOfOrderSequenceNumber),
        (ApiKey::Produce, ResponseError::UnknownProducerId),
        (ApiKey::EndTxn, ResponseError::TransactionCoordinatorFenced),
        (ApiKey::AddPartitionsToTxn, ResponseError::TransactionCoordinatorFenced),
        (ApiKey::Produce, ResponseError::NotEnoughReplicas),
    ] {
        broker.faults().add(Fault::new(api, Effect::Error(error)).times(1));
        world.in_a.create("Lead", lead(count)).await;
        count += 1;
        arrived(&world, count).await;
    }
    // All brokers are down.
    broker.faults().set_away(true);
    world.in_a.create("Lead", lead(count)).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    broker.faults().clear();
    count += 1;
    arrived(&world, count).await;
    running.terminate().await.expect_code(0);
    world.every_event_stands_once("Lead").await;
    assert_eq!(world.read(&world.topic("Lead")).await.len(), count);
}

async fn arrived(world: &World, count: usize) {
    for _ in 0..300 {
        if world.read(&world.topic("Lead")).await.len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("{count} records never arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_try_twice_gives_up_after_that_and_goes_on_with_the_same() {
    let keys = "producer: { retries: 2, retry_delay: 10ms, send_retries: 1 }";
    let Some((world, broker, _data)) = world(keys).await else { return };
    world.prime().await;
    world.in_a.create("Lead", lead(0)).await;
    let topic = world.topic("Lead");
    let refused = Effect::Error(ResponseError::NotEnoughReplicas);
    broker.faults().add(Fault::new(ApiKey::Produce, refused).partition(topic.as_str(), 0));
    let said = world.sync().await.expect_code(1).stderr;
    assert!(said.contains("tried again 2 time(s)") && said.contains("kafka.producer.retries"), "{said}");
    assert_eq!(world.read(&topic).await.len(), 0);

    broker.faults().clear();
    world.sync().await.expect_code(0);
    assert_eq!(world.read(&topic).await.len(), 1);
    world.every_event_stands_once("Lead").await;
}
