//! Every refusal of the Streaming API, as the source meets it.

use std::time::Duration;

use orgstream_api::{Flow, Health, TaskError};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use super::feed::{Committed, Feed, id};
use super::world::{World, over_both_transports};
use crate::bayeux::refusal::tests::TEXTS;
use crate::bayeux::refusal::{Refusal, Remedy, Resort};
use crate::config::{Start, SweepConfig};

/// The texts with a meaning, and the messages that are refused with them.
fn texts(wanted: impl Fn(Refusal) -> bool) -> impl Iterator<Item = (CallKind, &'static str)> {
    TEXTS.iter().filter(move |(.., refusal)| wanted(*refusal)).map(|(place, text, _)| {
        let kind = match *place {
            "handshake" => CallKind::Handshake,
            "connect" => CallKind::Connect,
            _ => CallKind::Subscribe,
        };
        (kind, *text)
    })
}

fn refused(kind: CallKind, text: &str) -> Fault {
    Fault::new(kind, Effect::BayeuxError { error: text.to_owned(), reconnect: None })
}

/// A change still comes through, exactly once.
async fn assert_streams(world: &World, feed: &mut Feed<'_>) {
    let account = world.create("Account", json!({"Name": "still there"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == account.as_str())).await;
    feed.committed.assert_order();
}

async fn delete_push_topic(world: &World) {
    let found = world.org.query("SELECT Id FROM PushTopic WHERE Name = 'orgstream_Account'").await.unwrap();
    world.delete(found.rows[0].get("Id").and_then(Value::as_str).unwrap().parse().unwrap()).await;
}

over_both_transports! {
async fn what_refuses_a_session_passes_with_another_one(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    for (kind, text) in texts(|refusal| matches!(refusal, Refusal::Session(remedy) if remedy != Remedy::Fail))
    {
        let sessions = feed.counter("sessions");
        world.sandbox.faults().add(refused(kind, text).times(1));
        world.sandbox.drop_streaming_sessions();
        assert_streams(&world, &mut feed).await;
        assert!(feed.counter("sessions") > sessions, "{text}");
        assert!(world.sandbox.faults().list().is_empty(), "nobody was refused: {text}");
    }
    feed.until_running().await;
}

async fn a_goodbye_of_the_org_is_followed_by_another_session(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_running().await;
    for kind in [CallKind::Connect, CallKind::Subscribe] {
        let sessions = feed.counter("sessions");
        world.sandbox.faults().add(Fault::new(kind, Effect::BayeuxDisconnect).times(1));
        if kind == CallKind::Subscribe {
            world.sandbox.drop_streaming_sessions();
        }
        assert_streams(&world, &mut feed).await;
        assert!(feed.counter("sessions") > sessions, "{kind:?}");
        assert!(world.sandbox.faults().list().is_empty(), "nobody was dismissed");
    }
    feed.until_running().await;
}

async fn what_refuses_a_channel_concerns_that_channel_alone(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    for (kind, text) in
        texts(|refusal| matches!(refusal, Refusal::Channel(resort) if resort != Resort::Retained))
    {
        let fault = world.sandbox.faults().add(refused(kind, text).containing("orgstream_Account"));
        world.sandbox.drop_streaming_sessions();
        feed.until_health(|health| matches!(health, Health::Degraded(shown) if shown.contains(text))).await;
        let sessions = feed.counter("sessions");
        let missed = world.create("Account", json!({"Name": "missed"})).await;
        let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
        feed.until(|committed| committed.records.iter().any(|record| id(record) == contact.as_str())).await;
        world.sandbox.faults().remove(fault);
        feed.until(|committed| committed.records.iter().any(|record| id(record) == missed.as_str())).await;
        feed.until_running().await;
        assert_eq!(feed.counter("sessions"), sessions, "the others keep their session: {text}");
    }
    committed.assert_order();
}

async fn a_place_that_the_org_cannot_serve_is_taken_up_from_what_it_retains(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    assert_streams(&world, &mut feed).await;
    for (kind, text) in texts(|refusal| refusal == Refusal::Channel(Resort::Retained)) {
        world.sandbox.faults().add(refused(kind, text).containing("orgstream_Account").times(1));
        world.sandbox.drop_streaming_sessions();
        assert_streams(&world, &mut feed).await;
        assert!(world.sandbox.faults().list().is_empty(), "nobody was refused: {text}");
    }
    assert_eq!(*feed.health.borrow(), Health::Running);
}

async fn a_version_that_the_org_does_not_have_is_a_fault_of_the_file(builder: OrgBuilder) {
    for (kind, text) in texts(|refusal| refusal == Refusal::Session(Remedy::Fail)) {
        let world = World::of(builder.clone()).await;
        let mut committed = Committed::default();
        let mut feed = committed.source(&world, Start::Latest).await;
        feed.until_subscribed().await;
        world.sandbox.faults().add(refused(kind, text));
        world.sandbox.drop_streaming_sessions();
        let error = loop {
            if let Err(error) = feed.next().await {
                break error;
            }
        };
        let shown = error.to_string();
        assert!(matches!(error, TaskError::Config(_)), "{shown}");
        assert!(shown.contains(text) && shown.contains("api_version"), "{shown}");
    }
}

async fn an_address_without_streaming_ends_a_source_only_while_it_never_streamed(builder: OrgBuilder) {
    let gone = || {
        let effect =
            Effect::Answer { status: 404, code: "NOT_FOUND".to_owned(), message: "Nothing here".to_owned() };
        Fault::new(CallKind::Handshake, effect)
    };
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_shown(|shown| shown.flow == Flow::Live).await;
    world.sandbox.faults().add(gone().times(2));
    world.sandbox.drop_streaming_sessions();
    assert_streams(&world, &mut feed).await;
    feed.until_running().await;
    drop(feed);

    world.sandbox.faults().add(gone());
    let mut feed = committed.source(&world, Start::Latest).await;
    let error = feed.next().await.unwrap_err();
    assert!(matches!(error, TaskError::Failed(_)) && error.to_string().contains("404"), "{error}");
}

async fn a_channel_that_is_gone_is_made_anew_at_once_beside_a_held_connect(builder: OrgBuilder) {
    // Longer than this test waits for anything.
    let long = Duration::from_mins(5);
    let world = World::of(builder.poll_hold(long)).await;
    let mut committed = Committed { again: Some(long), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    delete_push_topic(&world).await;
    world.sandbox.drop_streaming_sessions();
    feed.until_health(|health| matches!(health, Health::Degraded(shown) if shown.contains("made anew")))
        .await;
    // What changed before that raised no event.
    feed.until_running().await;
    assert_streams(&world, &mut feed).await;
    assert_eq!(feed.counter("sessions"), 2, "the channel is asked for in the session at hand");
}

async fn an_allowance_of_one_kind_of_channel_that_is_used_up_silences_no_other(builder: OrgBuilder) {
    let text = "403::Organization total events daily limit exceeded";
    let world = World::of(builder).await;
    let sweep = SweepConfig { every: Some(Duration::from_secs(1)), ..SweepConfig::default() };
    let mut committed = Committed { sweep, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    assert_streams(&world, &mut feed).await;
    // The account that was just seen is old by then.
    world.sandbox.advance(Duration::from_mins(30));
    let fault = world.sandbox.faults().add(refused(CallKind::Subscribe, text).containing("orgstream_Account"));
    world.sandbox.drop_streaming_sessions();
    feed.until_health(|health| matches!(health, Health::Degraded(shown) if shown.contains(text))).await;
    let sessions = feed.counter("sessions");
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == contact.as_str())).await;

    // Sweeps go on, and what they leave to the stream comes when there is allowance again.
    let swept = world.create("Account", json!({"Name": "swept"})).await;
    world.sandbox.advance(Duration::from_mins(3));
    feed.until(|committed| committed.records.iter().any(|record| id(record) == swept.as_str())).await;
    let waits = world.create("Account", json!({"Name": "waits"})).await;
    world.sandbox.faults().remove(fault);
    feed.until(|committed| committed.records.iter().any(|record| id(record) == waits.as_str())).await;
    feed.until_running().await;
    assert_eq!(feed.counter("sessions"), sessions, "the others keep their session");
    committed.assert_order();
}

async fn an_only_channel_that_is_refused_is_waited_for(builder: OrgBuilder) {
    let world = World::of(builder).await;
    let mut committed = Committed::default();
    let mut feed = committed.try_source_of(&world, &["Account"]).await.unwrap();
    feed.until(|committed| committed.position("channel", "/topic/orgstream_Account").is_some()).await;
    let text = "403::Subscription limit exceeded for this topic";
    let fault = world.sandbox.faults().add(refused(CallKind::Subscribe, text));
    world.sandbox.drop_streaming_sessions();
    feed.until_health(|health| matches!(health, Health::Degraded(shown) if shown.contains(text))).await;
    world.sandbox.faults().remove(fault);
    assert_streams(&world, &mut feed).await;
    feed.until_running().await;
}
}

#[tokio::test]
async fn an_answer_that_is_no_bayeux_is_told_with_what_is_odd_about_it() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let effect = Effect::Answer { status: 200, code: "ODD".to_owned(), message: "from a proxy".to_owned() };
    let fault = world.sandbox.faults().add(Fault::new(CallKind::Handshake, effect));
    world.sandbox.drop_streaming_sessions();
    let is_told =
        |text: &str| text.contains("missing field `channel`") && text.contains("check what stands between");
    feed.until_health(|health| matches!(health, Health::Degraded(shown) if is_told(shown))).await;
    world.sandbox.faults().remove(fault);
    assert_streams(&world, &mut feed).await;
    feed.until_running().await;
}
