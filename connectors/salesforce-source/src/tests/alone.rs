//! Objects that fail alone: the others go on, and what was missed comes when they can be read again.

use std::time::Duration;

use orgstream_api::{AtEnd, Flow, Health, Source, TaskError};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::feed::{Committed, id};
use super::world::World;
use crate::config::Start;

fn refused(kind: CallKind, containing: &str) -> Fault {
    let code = if kind == CallKind::Describe { "NOT_FOUND" } else { "INSUFFICIENT_ACCESS" };
    let effect = Effect::Answer { status: 404, code: code.to_owned(), message: "You may not".to_owned() };
    Fault::new(kind, effect).containing(containing)
}

#[tokio::test]
async fn an_object_that_cannot_be_described_is_named_and_comes_when_it_can() {
    let world = World::start().await;
    world.create_accounts(3).await;
    let fault = world.sandbox.faults().add(refused(CallKind::Describe, "Account"));
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until_records(1).await;
    assert_eq!(id(&feed.committed.records[0]), contact.as_str());
    let shown = feed.health.borrow().clone();
    assert!(matches!(&shown, Health::Degraded(text) if text.contains("Account") && text.contains("org `a`")));

    // Everything that can be read is at its end, but a script must not take that for all.
    let left_out = |answer: &AtEnd| matches!(answer, AtEnd::Without(why) if why.len() == 1 && why[0].contains("Account"));
    feed.until_end(Duration::from_millis(500), left_out).await;

    world.sandbox.faults().remove(fault);
    feed.until_records(4).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until_records(5).await;
    assert_eq!(id(&feed.committed.records[4]), later.as_str());
    feed.until_running().await;
    feed.until_end(Duration::from_millis(500), |answer| *answer == AtEnd::Yes).await;
    committed.assert_order();
}

#[tokio::test]
async fn what_an_object_misses_while_its_rows_cannot_be_read_comes_once_and_in_order() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let first = world.create("Account", json!({"Name": "first"})).await;
    feed.until_records(1).await;
    let fault = world.sandbox.faults().add(refused(CallKind::Retrieve, "/sobjects/Account"));
    world.update("Account", first, json!({"Name": "missed"})).await;
    let second = world.create("Account", json!({"Name": "second"})).await;
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until_records(2).await;
    assert_eq!(id(&feed.committed.records[1]), contact.as_str(), "the others flow");
    assert!(matches!(&*feed.health.borrow(), Health::Degraded(text) if text.contains("Account")));
    feed.source.stop().await;

    // The place of the channel is where it was, so another source does not miss them either.
    let mut feed = committed.source(&world, Start::Latest).await;
    world.create("Contact", json!({"LastName": "Rossi"})).await;
    feed.until_records(3).await;
    world.delete(second).await;
    world.sandbox.faults().remove(fault);
    feed.until(|committed| committed.records.len() >= 5).await;
    feed.until_running().await;
    feed.until_end(Duration::from_millis(500), |answer| *answer == AtEnd::Yes).await;
    assert_eq!(committed.names().get(first.as_str()).map(String::as_str), Some("missed"));
    assert!(!committed.names().contains_key(second.as_str()));
    committed.assert_order();
}

#[tokio::test]
async fn what_is_asked_for_anew_is_on_record_for_an_object_that_cannot_be_read_too() {
    let world = World::start().await;
    let accounts = world.create_accounts(2).await;
    let mut committed = Committed::default();
    committed.source(&world, Start::Latest).await.until_subscribed().await;
    let fault = world.sandbox.faults().add(refused(CallKind::Describe, "Account"));
    committed.anew = true;
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| {
        committed.position("snapshot", "Contact").is_some_and(|snapshot| snapshot["state"] == "done")
    })
    .await;
    assert_eq!(feed.committed.position("snapshot", "Account").unwrap()["state"], "asked");
    feed.source.stop().await;

    world.sandbox.faults().remove(fault);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_records(accounts.len()).await;
    assert_eq!(committed.names().len(), accounts.len());
}

#[tokio::test]
async fn when_the_last_object_fails_in_a_run_it_is_tried_again_as_any_other() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.try_source_of(&world, &["Account"]).await.unwrap();
    feed.until_shown(|shown| shown.flow == Flow::Live).await;
    let fault = world.sandbox.faults().add(refused(CallKind::Retrieve, "/sobjects/Account"));
    let account = world.create("Account", json!({"Name": "unread"})).await;
    feed.until_health(|health| matches!(health, Health::Degraded(text) if text.contains("Account: "))).await;
    world.sandbox.faults().remove(fault);
    feed.until_records(1).await;
    assert_eq!(id(&feed.committed.records[0]), account.as_str());
}

#[tokio::test]
async fn a_source_that_can_read_no_object_at_its_start_ends_with_what_is_wrong() {
    let world = World::start().await;
    world.sandbox.faults().add(refused(CallKind::Describe, "Account"));
    world.sandbox.faults().add(refused(CallKind::Describe, "Contact"));
    let started = Committed::default().try_source(&world, Start::Latest).await.map(drop);
    let error = started.expect_err("it has nothing to read");
    let text = error.to_string();
    assert!(matches!(error, TaskError::Failed(_) | TaskError::Config(_)), "{text}");
    assert!(text.contains("Account") && text.contains("Contact"), "{text}");
}
