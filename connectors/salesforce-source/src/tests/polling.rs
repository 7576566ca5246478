//! Objects that no channel brings.

use std::time::Duration;

use orgstream_api::{AtEnd, Flow, Health, Source};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::feed::{Committed, Feed, id, kind};
use super::sweep::Target;
use super::world::World;
use crate::config::{Changes, SourceConfig, Start};

const QUIET: Duration = Duration::from_millis(500);
const HOUR: Duration = Duration::from_hours(1);

fn poll(config: &mut SourceConfig) {
    for object in &mut config.objects {
        (object.changes, object.poll_every) = (Changes::Polling, Duration::from_secs(1));
    }
}

fn poll_from_a_snapshot(config: &mut SourceConfig) {
    poll(config);
    config.start = Start::Snapshot;
}

/// Contacts come by their PushTopic.
fn poll_accounts(config: &mut SourceConfig) {
    let accounts = config.objects.iter_mut().filter(|object| object.name == "Account");
    accounts
        .for_each(|object| (object.changes, object.poll_every) = (Changes::Polling, Duration::from_secs(1)));
}

fn polled() -> Committed {
    Committed { configure: Some(poll), ..Committed::default() }
}

impl Feed<'_> {
    async fn until_deleted(&mut self, wanted: &str) {
        let is_deletion = |record: &_| kind(record) == "deleted" && id(record) == wanted;
        self.until(|committed| committed.records.iter().any(is_deletion)).await;
    }
}

#[tokio::test]
async fn an_object_without_a_channel_is_polled_and_needs_no_session() {
    let world = World::start().await;
    let ids = world.create_accounts(3).await;
    let mut committed = polled();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(3).await;
    world.update("Account", ids[0], json!({"Name": "changed"})).await;
    world.delete(ids[1]).await;
    let made = world.create("Account", json!({"Name": "made"})).await;
    feed.until_deleted(ids[1].as_str()).await;
    feed.until(|committed| {
        let names = committed.names();
        names.contains_key(made.as_str()) && names[ids[0].as_str()] == "changed"
    })
    .await;
    world.undelete(ids[1]).await;
    feed.until(|committed| committed.names().len() == 4).await;
    feed.until_running().await;
    assert_eq!(feed.counter("sessions"), 0);
    assert!(world.sandbox.rows("PushTopic").is_empty());
    assert!(committed.position("poll", "Account").is_some());
    assert!(committed.gap("Account").is_none(), "nothing else was to bring it");
    committed.assert_order();
}

#[tokio::test]
async fn what_happens_while_no_source_runs_is_polled_by_the_next_one() {
    let world = World::start().await;
    let ids = world.create_accounts(3).await;
    world.sandbox.advance(HOUR);
    let mut committed = polled();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(3).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(feed.committed.records.len(), 3, "what nobody changed is read once");
    feed.source.stop().await;
    // Longer than any channel retains its events.
    world.sandbox.advance(HOUR * 100);
    world.update("Account", ids[0], json!({"Name": "changed"})).await;
    world.delete(ids[1]).await;
    world.sandbox.advance(HOUR * 100);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    let names = committed.names();
    assert_eq!((names.len(), names[ids[0].as_str()].as_str()), (2, "changed"));
    assert_eq!(committed.records.len(), 5);
    assert!(committed.gap("Account").is_none());
}

#[tokio::test]
async fn a_polled_object_that_starts_with_the_present_brings_what_changes_from_then_on() {
    let world = World::start().await;
    world.create_accounts(3).await;
    let mut committed = polled();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.position("poll", "Account").is_some()).await;
    // It begins with the next whole second.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let made = world.create("Account", json!({"Name": "made"})).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(committed.names().into_keys().collect::<Vec<_>>(), [made.as_str()]);
}

#[tokio::test]
async fn a_change_within_the_second_of_a_poll_is_not_taken_for_the_one_before() {
    let world = World::start().await;
    let mut committed = polled();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(|committed| committed.position("poll", "Account").is_some()).await;
    let id = world.create("Account", json!({"Name": "0"})).await;
    for number in 1..=40 {
        world.update("Account", id, json!({"Name": number.to_string()})).await;
        let pause = tokio::time::sleep(Duration::from_millis(90));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                batch = feed.source.poll() => {
                    feed.committed.commit(batch.unwrap());
                    feed.source.committed();
                }
            }
        }
    }
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(committed.names()[id.as_str()], "40");
    committed.assert_order();
}

#[tokio::test]
async fn a_polled_object_stands_beside_one_with_a_channel() {
    let world = World::start().await;
    let ids = world.create_accounts(2).await;
    let mut committed = Committed { configure: Some(poll_accounts), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(2).await;
    let contact = world.create("Contact", json!({"LastName": "streamed"})).await;
    world.update("Account", ids[0], json!({"Name": "polled"})).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(feed.committed.names()[ids[0].as_str()], "polled");
    assert!(feed.committed.records.iter().any(|record| id(record) == contact.as_str()));

    feed.until_shown(|shown| shown.flow == Flow::Live && shown.as_of.is_some()).await;
    let shown = feed.shown();
    let names: Vec<&str> = shown.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["/topic/orgstream_Contact", "polling Account"]);
    assert!(shown.channels.iter().all(|channel| channel.as_of >= shown.as_of && channel.remark.is_none()));

    // The channel of one and the pause of the other have nothing to do with each other.
    world.sandbox.silence("/topic/orgstream_Contact");
    world.delete(ids[1]).await;
    feed.until_deleted(ids[1].as_str()).await;
    assert!(committed.gap("Account").is_none() && committed.gap("Contact").is_none());
}

#[tokio::test]
async fn an_object_without_a_system_modstamp_is_polled_by_its_next_best_date() {
    let hidden = "objects: { Lead: { denied_fields: { SystemModstamp: [read] } } }";
    let world = World::of(World::builder().objects(hidden)).await;
    let lead = world.create("Lead", json!({"LastName": "First", "Company": "Acme"})).await;
    let mut committed = Committed { configure: Some(poll_from_a_snapshot), ..Committed::default() };
    let mut feed = committed.try_source_of(&world, &["Lead"]).await.unwrap();
    feed.until_records(1).await;
    world.update("Lead", lead, json!({"LastName": "Second"})).await;
    feed.until(|committed| {
        committed.records.iter().any(|record| record.record.text("LastName") == Some("Second"))
    })
    .await;
    world.delete(lead).await;
    feed.until_deleted(lead.as_str()).await;
    let remark = feed.shown().channels[0].remark.clone().unwrap();
    assert!(remark.contains("by LastModifiedDate") && !remark.contains("deletes"), "{remark}");
}

/// Accounts of which the org tells neither by a recycle bin nor by a record of deletions.
const UNTOLD: &str = "objects: { Account: { replicateable: false, denied_fields: { IsDeleted: [read] } } }";

#[tokio::test]
async fn deletions_that_the_org_does_not_show_are_found_once_a_day_by_what_the_target_has() {
    let world = World::of(World::builder().objects(UNTOLD)).await;
    let ids = world.create_accounts(3).await;
    let target = Target::with(ids.clone());
    let mut committed = Committed { links: Some(target), ..polled() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(3).await;
    world.delete(ids[0]).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    let remark = feed.shown().channels[0].remark.clone().unwrap();
    assert!(remark.contains("once a day"), "{remark}");
    assert!(feed.committed.names().contains_key(ids[0].as_str()), "a day is not over");
    world.sandbox.advance(HOUR * 24);
    feed.until_deleted(ids[0].as_str()).await;
    feed.source.stop().await;
    assert_eq!(committed.names().len(), 2, "and nothing that lives");

    // When it was looked for is on record.
    world.delete(ids[1]).await;
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert!(feed.committed.names().contains_key(ids[1].as_str()));
}

#[tokio::test]
async fn deletions_that_the_target_has_not_heard_of_are_not_missed_again_the_next_day() {
    let world = World::of(World::builder().objects(UNTOLD)).await;
    let ids = world.create_accounts(110).await;
    // What changed in the second of the first poll would be read once more.
    world.sandbox.advance(HOUR);
    let mut committed = Committed { links: Some(Target::with(ids.clone())), ..polled() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(110).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    world.org.delete_many(&ids[..99], Duration::from_secs(20)).await.unwrap();
    world.sandbox.advance(HOUR * 24);
    feed.until_records(110 + 99).await;
    feed.source.stop().await;
    world.delete(ids[99]).await;
    world.sandbox.advance(HOUR * 23);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    feed.source.stop().await;

    // This run has not seen yesterday's deletions, and with them more than a hundred would be missing.
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    world.sandbox.advance(HOUR);
    feed.until_deleted(ids[99].as_str()).await;
    assert_eq!(committed.records.len(), 110 + 100, "each is told once");
}

#[tokio::test]
async fn deletions_that_nothing_shows_are_said_to_be_unseen() {
    let world = World::of(World::builder().objects(UNTOLD)).await;
    let ids = world.create_accounts(2).await;
    let mut committed = Committed { configure: Some(poll_from_a_snapshot), ..Committed::default() };
    let mut feed = committed.try_source_of(&world, &["Account"]).await.unwrap();
    feed.until_records(2).await;
    world.delete(ids[0]).await;
    world.sandbox.advance(HOUR * 24 * 20);
    world.update("Account", ids[1], json!({"Name": "changed"})).await;
    feed.until(|committed| committed.names()[ids[1].as_str()] == "changed").await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    let shown = feed.shown();
    assert_eq!(shown.channels[0].remark.as_deref(), Some("deletes are not seen"));
    assert!(committed.gap("Account").is_none());
}

#[tokio::test]
async fn a_polled_object_gets_on_while_the_org_refuses_to_stream() {
    let world = World::start().await;
    let ids = world.create_accounts(1).await;
    let mut committed = Committed { configure: Some(poll_accounts), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(1).await;
    feed.until_running().await;
    world.sandbox.faults().add(Fault::new(CallKind::Handshake, Effect::too_busy()));
    world.sandbox.drop_streaming_sessions();
    feed.until_health(|health| matches!(health, Health::Degraded(_))).await;
    world.update("Account", ids[0], json!({"Name": "polled"})).await;
    feed.until(|committed| committed.names()[ids[0].as_str()] == "polled").await;
    let shown = feed.shown();
    let flow = |name: &str| shown.channels.iter().find(|channel| channel.name == name).unwrap().flow.clone();
    assert_eq!(flow("polling Account"), Flow::Live);
    assert_eq!(flow("/topic/orgstream_Contact").as_str(), "degraded");
}

#[tokio::test]
async fn an_org_whose_clock_has_not_reached_what_was_read_is_said_to_be_so() {
    let world = World::start().await;
    world.sandbox.advance(HOUR);
    let mut committed = polled();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(*feed.health.borrow(), Health::Running);
    feed.source.stop().await;

    // An org that lost its data, and its clock with it.
    let world = World::start().await;
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_end(QUIET, |_| true).await;
    let shown = feed.health.borrow().clone();
    assert!(matches!(&shown, Health::Degraded(text) if text.contains("the org's clock")), "{shown:?}");
}
