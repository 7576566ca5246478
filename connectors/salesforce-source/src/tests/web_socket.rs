//! Which transport a session takes.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::feed::{Committed, Feed, id};
use super::world::World;
use crate::config::{Start, StreamConfig, Transport};

/// The sessions that were opened, and those of them that went on over a WebSocket.
fn sessions(feed: &Feed<'_>) -> (u64, u64) {
    (feed.counter("sessions"), feed.counter("web_sockets"))
}

/// A change still comes through, also after another session.
async fn assert_streams(world: &World, feed: &mut Feed<'_>) {
    feed.until_subscribed().await;
    for _ in 0..2 {
        let account = world.create("Account", json!({"Name": "there"})).await;
        feed.until(|committed| committed.records.iter().any(|record| id(record) == account.as_str())).await;
        feed.until_running().await;
        world.sandbox.drop_streaming_sessions();
    }
    let account = world.create("Account", json!({"Name": "still there"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == account.as_str())).await;
    feed.committed.assert_order();
}

#[tokio::test]
async fn a_web_socket_is_taken_where_the_org_offers_one() {
    let world = World::of(World::builder().websocket(true)).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_streams(&world, &mut feed).await;
    let (all, over_web_sockets) = sessions(&feed);
    assert!(all >= 3 && over_web_sockets == all, "{over_web_sockets} of {all}");
}

#[tokio::test]
async fn no_web_socket_is_asked_for_where_none_is_offered_or_wanted() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_streams(&world, &mut feed).await;
    assert_eq!(sessions(&feed).1, 0);
    drop(feed);

    let world = World::of(World::builder().websocket(true)).await;
    let stream = StreamConfig { transport: Transport::LongPolling, ..StreamConfig::default() };
    let mut committed = Committed { stream, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_streams(&world, &mut feed).await;
    assert_eq!(sessions(&feed).1, 0);
    assert_eq!(world.sandbox.calls(CallKind::Other), 0, "nobody asked for an upgrade");
}

#[tokio::test]
async fn a_web_socket_that_cannot_be_opened_is_done_without_for_the_run() {
    let world = World::of(World::builder().websocket(true)).await;
    let refused =
        Effect::Answer { status: 403, code: "PROXY".to_owned(), message: "No upgrades here".to_owned() };
    world.sandbox.faults().add(Fault::new(CallKind::Other, refused).containing("/cometd/").times(1));
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_streams(&world, &mut feed).await;
    let (all, over_web_sockets) = sessions(&feed);
    assert!(all >= 3 && over_web_sockets == 0, "{over_web_sockets} of {all}");
    assert_eq!(world.sandbox.calls(CallKind::Other), 1, "it is not asked for again");
}

#[tokio::test]
async fn a_web_socket_that_the_org_refuses_after_all_is_done_without_for_the_run() {
    let world = World::of(World::builder().websocket(true)).await;
    let refused =
        Effect::BayeuxError { error: "400::Invalid connection type {websocket}".to_owned(), reconnect: None };
    world.sandbox.faults().add(Fault::new(CallKind::Connect, refused).containing("websocket"));
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_streams(&world, &mut feed).await;
    assert_eq!(sessions(&feed).1, 1);
}
