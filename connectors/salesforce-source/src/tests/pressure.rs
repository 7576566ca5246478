//! More events than Kafka takes, and more in one answer than is taken.

use std::time::Duration;

use orgstream_api::Health;
use orgstream_salesforce_simulator::CallKind;

use super::feed::Committed;
use super::world::{World, over_both_transports};
use crate::config::{Start, StreamConfig};

over_both_transports! {
async fn above_its_bound_the_session_lets_go_and_comes_back_without_loss(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let stream = StreamConfig { buffer: 30_000, ..StreamConfig::default() };
    let mut committed = Committed { stream, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_running().await;
    // Kafka takes nothing: nobody polls.
    for _ in 0..5 {
        world.create_accounts(200).await;
    }
    let resting =
        |health: &Health| matches!(health, Health::Degraded(shown) if shown.contains("Kafka takes"));
    feed.health.wait_for(resting).await.unwrap();
    assert_eq!(world.sandbox.calls(CallKind::Disconnect), 1, "it says goodbye");
    let connects = world.sandbox.calls(CallKind::Connect);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.sandbox.calls(CallKind::Connect), connects, "it rests as long as nothing is taken");

    feed.until_records(1_000).await;
    feed.until_running().await;
    assert_eq!(feed.counter("sessions"), 2, "it comes back once");
    committed.assert_order();
    assert_eq!(committed.names().len(), 1_000);
}

async fn events_that_wait_below_the_bound_keep_the_session_alive(builder: OrgBuilder) {
    // A session ends that is not heard of for so long.
    let session = Duration::from_secs(2);
    let world = World::of(builder.streaming_session(session)).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_running().await;
    for _ in 0..5 {
        world.create_accounts(50).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    feed.until_records(250).await;
    assert_eq!(feed.counter("sessions"), 1);
    committed.assert_order();
}

async fn an_answer_that_is_too_large_is_named_with_its_key_and_comes_when_it_may(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let stream = StreamConfig { max_response: 10_000, ..StreamConfig::default() };
    let mut committed = Committed { stream, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_running().await;
    world.create_accounts(200).await;
    let named = |health: &Health| matches!(health, Health::Degraded(shown) if shown.contains("10000 bytes") && shown.contains("source.stream.max_response"));
    feed.until_health(named).await;
    drop(feed);

    committed.stream = StreamConfig::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_records(200).await;
    committed.assert_order();
    assert_eq!(committed.names().len(), 200);
}
}
