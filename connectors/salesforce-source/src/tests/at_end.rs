//! Whether everything that happened is produced.

use std::time::Duration;

use orgstream_api::{AtEnd, Source};
use serde_json::json;

use super::feed::Committed;
use super::world::World;
use crate::config::{Start, SweepConfig};

const HOUR: Duration = Duration::from_hours(1);

const QUIET: Duration = Duration::from_millis(500);

#[tokio::test]
async fn the_end_is_reached_when_everything_is_produced() {
    let world = World::start().await;
    world.create_accounts(10).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    assert_eq!(feed.source.at_end(QUIET).await.unwrap(), AtEnd::No, "nothing is read yet");
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert_eq!(feed.committed.names().len(), 10);

    let account = world.create("Account", json!({"Name": "one more"})).await;
    feed.until_records(11).await;
    world.delete(account).await;
    feed.until_records(12).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
}

#[tokio::test]
async fn a_change_without_an_event_keeps_the_end_away_where_nothing_is_swept() {
    let world = World::start().await;
    let sweep = SweepConfig { every: None, ..SweepConfig::default() };
    let mut committed = Committed { sweep, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    // `from` is a second at best, so what counts has to be later than that.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.create("Account", json!({"Name": "seen"})).await;
    feed.until_records(1).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;

    world.sandbox.silence("/topic/orgstream_Account");
    world.create("Account", json!({"Name": "unseen"})).await;
    tokio::time::sleep(QUIET * 5).await;
    assert_eq!(feed.source.at_end(QUIET).await.unwrap(), AtEnd::No, "its event may be on its way");
}

#[tokio::test]
async fn a_change_without_an_event_is_looked_for_before_the_end() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.sandbox.silence("/topic/orgstream_Account");
    let unseen = world.create("Account", json!({"Name": "unseen"})).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    assert!(feed.committed.names().contains_key(unseen.as_str()));
    let gap = committed.gap("Account").unwrap();
    assert_eq!(
        (&gap["cause"], &gap["state"], &gap["rows"]),
        (&json!("no_event"), &json!("closed"), &json!(1))
    );
}

/// A snapshot has read what was there in that second, so its end is looked for as well.
#[tokio::test]
async fn a_cascade_in_the_second_of_the_first_subscription_is_looked_for_before_the_end() {
    for _ in 0..20 {
        let world = World::start().await;
        let parent = world.create("Account", json!({"Name": "parent"})).await;
        world.create("Contact", json!({"LastName": "child", "AccountId": parent.as_str()})).await;
        let into_the_second = u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_millis());
        tokio::time::sleep(Duration::from_millis(1_000 - into_the_second)).await;
        let mut committed = Committed::default();
        let mut feed = committed.source(&world, Start::Snapshot).await;
        feed.until_records(2).await;
        world.delete(parent).await;
        feed.until_records(3).await;
        let second = |text: &str| text.split('.').next().unwrap().to_owned();
        let begun = feed.committed.position("channel", "/topic/orgstream_Contact").unwrap()["from"].clone();
        let stamp = feed.committed.records[2].record.headers.text("orgstream.stamp").unwrap().to_owned();
        if second(begun.as_str().unwrap()) != second(&stamp) {
            continue;
        }
        feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
        let deletes = feed.committed.records.iter().filter(|record| super::feed::kind(record) == "deleted");
        assert_eq!(deletes.count(), 2, "the account, and the contact that went with it");
        return;
    }
    panic!("no deletion fell into the second of a subscription");
}

#[tokio::test]
async fn a_restarted_source_knows_what_was_produced_before() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let kept = world.create("Account", json!({"Name": "kept"})).await;
    let gone = world.create("Account", json!({"Name": "gone"})).await;
    world.delete(gone).await;
    feed.until(|committed| committed.names().contains_key(kept.as_str())).await;
    feed.until(|committed| committed.records.iter().any(|record| super::feed::kind(record) == "deleted"))
        .await;
    feed.source.stop().await;

    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
}

/// As a job does that is run every few hours until everything is synced.
#[tokio::test]
async fn short_runs_that_reach_the_end_keep_a_quiet_object_young() {
    let world = World::start().await;
    let mut committed = Committed::default();
    for run in 0..5 {
        let mut feed = committed.source(&world, Start::Latest).await;
        feed.until_subscribed().await;
        // Contacts change, accounts do not; so positions were stored a moment before the end.
        world.create("Contact", json!({"LastName": format!("In run {run}")})).await;
        feed.until_records(run + 1).await;
        feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
        feed.source.stop().await;
        world.sandbox.advance(HOUR * 7);
    }
    assert!(committed.gap("Account").is_none());
    let mut feed = committed.source(&world, Start::Latest).await;
    let missed = world.create("Account", json!({"Name": "after a quiet day"})).await;
    feed.until(|committed| committed.names().contains_key(missed.as_str())).await;
}
