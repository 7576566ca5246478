//! Streaming sessions that end.

use std::time::Duration;

use orgstream_api::{Health, Source};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use super::feed::{Committed, Feed, id};
use super::world::{World, over_both_transports};
use crate::config::{Start, StreamConfig};

/// A change still comes through, exactly once.
async fn assert_streams(world: &World, feed: &mut Feed<'_>) {
    let account = world.create("Account", json!({"Name": "still there"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == account.as_str())).await;
    feed.committed.assert_order();
}

over_both_transports! {
async fn a_lost_session_is_replaced_without_loss(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    for _ in 0..3 {
        world.create_accounts(5).await;
        world.sandbox.drop_streaming_sessions();
        assert_streams(&world, &mut feed).await;
    }
    feed.until_records(18).await;
    assert_eq!(committed.records.len(), 18);
}

async fn an_expired_token_is_replaced_without_loss(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    for _ in 0..2 {
        world.sandbox.expire_tokens();
        assert_streams(&world, &mut feed).await;
    }
    assert_eq!(committed.records.len(), 2);
}

async fn a_session_that_never_answers_is_given_up_by_the_watchdog(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let sessions = feed.counter("sessions");
    world.sandbox.faults().add(Fault::new(CallKind::Connect, Effect::Delay { ms: 30_000 }).times(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_streams(&world, &mut feed).await;
    assert!(feed.counter("sessions") > sessions);
}

async fn what_a_silent_subscription_missed_comes_with_the_next_session(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let stream = StreamConfig { renew_every: Duration::from_secs(3), ..StreamConfig::default() };
    let mut committed = Committed { stream, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    assert_streams(&world, &mut feed).await;
    world.sandbox.silence("/topic/orgstream_Account");
    assert_streams(&world, &mut feed).await;
    assert_eq!(feed.health.borrow().clone(), Health::Running, "replacing a session is no trouble");
}

async fn answers_that_are_cut_off_come_again(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    for _ in 0..3 {
        world.sandbox.faults().add(Fault::new(CallKind::Connect, Effect::CutAfter).times(1));
        world.create_accounts(3).await;
        assert_streams(&world, &mut feed).await;
    }
    feed.until_records(12).await;
    assert_eq!(committed.records.len(), 12);
}

async fn an_outage_is_shown_and_waited_out(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let mut health = feed.health.clone();
    let down = world.sandbox.faults().take_down();
    tokio::select! {
        changed = health.wait_for(|health| matches!(health, Health::Degraded(_))) => drop(changed.unwrap()),
        batch = feed.source.poll() => panic!("an org that is down brings nothing: {batch:?}"),
    }
    world.sandbox.faults().remove(down);
    assert_streams(&world, &mut feed).await;
    feed.health.wait_for(|health| *health == Health::Running).await.unwrap();
}

async fn a_channel_that_is_gone_is_made_again_while_others_flow(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let found = world.org.query("SELECT Id FROM PushTopic WHERE Name = 'orgstream_Account'").await.unwrap();
    let topic = found.rows[0].get("Id").and_then(Value::as_str).unwrap().parse().unwrap();
    world.delete(topic).await;
    world.sandbox.drop_streaming_sessions();
    let mut health = feed.health.clone();
    let contact = async {
        let shown =
            health.wait_for(|health| matches!(health, Health::Degraded(text) if text.contains("Account")));
        let Health::Degraded(text) = shown.await.unwrap().clone() else { unreachable!() };
        assert!(text.contains("/topic/orgstream_Account") && text.contains("org `a`"), "{text}");
        world.create("Contact", json!({"LastName": "Verdi"})).await
    };
    let (contact, ()) = tokio::join!(contact, feed.until_records(1));
    assert_eq!(id(&feed.committed.records[0]), contact.as_str(), "the others flow");
    // The PushTopic was made again, and the channel is asked for where it was.
    feed.until_running().await;
    assert_streams(&world, &mut feed).await;
}

async fn an_org_that_answers_connects_at_once_is_asked_with_pauses(builder: OrgBuilder) {
    let world = World::of(builder.poll_hold(Duration::ZERO)).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let connects = world.sandbox.calls(CallKind::Connect);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let connects = world.sandbox.calls(CallKind::Connect) - connects;
    assert!(connects < 20, "{connects} connects");
    assert_streams(&world, &mut feed).await;
    assert_eq!(feed.counter("sessions"), 1);
}

async fn a_stopped_source_says_goodbye(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.source.stop().await;
    assert_eq!(world.sandbox.calls(CallKind::Disconnect), 1);
    let connects = world.sandbox.calls(CallKind::Connect);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.sandbox.calls(CallKind::Connect), connects, "nobody streams any more");
}
}

#[tokio::test]
async fn an_answer_that_nobody_held_does_not_say_that_everything_came() {
    let world = World::of(World::builder().poll_hold(Duration::ZERO)).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.source.stop().await;
    world.sandbox.advance(Duration::from_hours(1));

    let place = |committed: &Committed| {
        committed.position("channel", "/topic/orgstream_Account").map(|channel| channel["as_of"].clone())
    };
    let before = place(&committed);
    let mut feed = committed.source(&world, Start::Latest).await;
    let connects = world.sandbox.calls(CallKind::Connect);
    while world.sandbox.calls(CallKind::Connect) < connects + 6 {
        if let Ok(batch) = tokio::time::timeout(Duration::from_millis(50), feed.source.poll()).await {
            feed.committed.commit(batch.unwrap());
            feed.source.committed();
        }
    }
    // With its record all is stored that is to be.
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == contact.as_str())).await;
    assert_eq!(place(feed.committed), before, "what happened in that hour may still be on its way");
    assert_streams(&world, &mut feed).await;
}
