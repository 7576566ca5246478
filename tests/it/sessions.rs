//! Streaming sessions that end beside changes: tokens that expire, sessions that the org forgets, connects that are never
//! answered. Org B is as org A in the end, and each event stands on its topic once.

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use crate::support::{Dice, Rest, World, eventually};

const OBJECTS: [&str; 2] = ["Account", "Lead"];

async fn world(web_socket: bool) -> Option<World> {
    let world = World::builder().fast().org_a(move |org| org.websocket(web_socket)).build().await?;
    world.prime().await;
    Some(world)
}

/// So many changes, one twentieth of them updates and as many deletes.
async fn change(org: Rest, changes: usize) {
    for round in 0..changes.div_ceil(20) {
        let leads = (0..18).map(|n| json!({ "LastName": format!("Lead {round}-{n}"), "Company": "Acme" }));
        let leads = org.create_many("Lead", leads.collect()).await;
        org.update("Lead", &leads[0], json!({ "Company": format!("Round {round}") })).await;
        org.delete("Lead", &leads[1]).await;
        org.create("Account", json!({ "Name": format!("Account {round}") })).await;
    }
}

/// Nothing is lost, doubled or refused.
async fn assert_all_is_well(world: &World) {
    world.sync().await.expect_code(0);
    world.verify().await;
    for object in OBJECTS {
        assert_eq!(world.b.count(object), world.a.count(object), "{object}");
        world.every_event_stands_once(object).await;
    }
    assert_eq!(world.dead_letters().await, []);
}

/// How often the tokens are taken back.
const EXPIRIES: u64 = 5;

async fn expired_tokens(web_socket: bool) {
    let Some(world) = world(web_socket).await else { return };
    let running = world.run(&[]);
    world.in_a.create("Account", json!({ "Name": "Before" })).await;
    eventually("the account arrives", || world.b.count("Account") == 1).await;
    let before = world.a.calls(CallKind::Token);
    let writer = tokio::spawn(change(world.in_a.clone(), 1_000));
    for _ in 0..EXPIRIES {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let known = world.a.calls(CallKind::Token);
        world.a.expire_tokens();
        eventually("a token is asked for", || world.a.calls(CallKind::Token) > known).await;
    }
    writer.await.expect("the writer does not panic");
    eventually("all accounts arrive", || world.b.count("Account") == world.a.count("Account")).await;
    // The writer needs one for itself each time.
    let asked = world.a.calls(CallKind::Token) - before;
    assert!((EXPIRIES..=2 * EXPIRIES).contains(&asked), "{asked} tokens for {EXPIRIES} expiries");
    running.terminate().await.expect_code(0);
    assert_all_is_well(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_mid_stream_is_refreshed_once_by_long_polling() {
    expired_tokens(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_mid_stream_is_refreshed_once_over_a_web_socket() {
    expired_tokens(true).await;
}

async fn dropped_sessions(web_socket: bool) {
    let Some(world) = world(web_socket).await else { return };
    let running = world.run(&[]);
    let writer = tokio::spawn(change(world.in_a.clone(), 2_000));
    let mut dice = Dice::new();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50 + dice.next() % 500)).await;
        world.a.drop_streaming_sessions();
    }
    writer.await.expect("the writer does not panic");
    eventually("all leads arrive", || world.b.count("Lead") == world.a.count("Lead")).await;
    running.terminate().await.expect_code(0);
    assert_all_is_well(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_dropped_twenty_times_beside_changes_loses_nothing_by_long_polling() {
    dropped_sessions(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_dropped_twenty_times_beside_changes_loses_nothing_over_a_web_socket() {
    dropped_sessions(true).await;
}

async fn stalled_connect(web_socket: bool) {
    let Some(world) = world(web_socket).await else { return };
    let running = world.run(&[]);
    world.in_a.create("Lead", json!({ "LastName": "Before", "Company": "Acme" })).await;
    eventually("the lead arrives", || world.b.count("Lead") == 1).await;
    let sessions = world.a.calls(CallKind::Handshake);
    // Longer than anything here waits.
    world.a.faults().add(Fault::new(CallKind::Connect, Effect::Delay { ms: 600_000 }).times(1));
    eventually("a connect is stalled", || world.a.faults().list().is_empty()).await;
    world.in_a.create("Account", json!({ "Name": "Meanwhile" })).await;
    world.in_a.create("Lead", json!({ "LastName": "Meanwhile", "Company": "Acme" })).await;
    eventually("the lead arrives", || world.b.count("Lead") == 2).await;
    assert!(world.a.calls(CallKind::Handshake) > sessions, "the session was given up");
    running.terminate().await.expect_code(0);
    assert_all_is_well(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_is_never_answered_ends_its_session_by_long_polling() {
    stalled_connect(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_is_never_answered_ends_its_session_over_a_web_socket() {
    stalled_connect(true).await;
}
