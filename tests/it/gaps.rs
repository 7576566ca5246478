//! What the stream does not bring: positions that the org can no longer serve (D9), changes without an event.

use std::time::Duration;

use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_replay_id_stops_the_source_where_the_file_says_so_and_a_snapshot_closes_the_gap() {
    let world = World::builder().start_from("earliest").source("on_gap: fail").build().await;
    let Some(world) = world else { return };
    world.prime().await;
    let kept = world.in_a.create("Lead", json!({ "LastName": "Kept", "Company": "Acme" })).await;
    let gone = world.in_a.create("Lead", json!({ "LastName": "Gone", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);

    // Two days of nobody looking: the events of these changes are not retained.
    world.in_a.update("Lead", &kept, json!({ "Company": "Missed" })).await;
    world.in_a.delete("Lead", &gone).await;
    world.a.advance(Duration::from_hours(49));
    let stopped = world.sync().await.expect_code(1);
    assert!(stopped.stderr.contains("gap"), "{}", stopped.stderr);
    let advice = format!("--snapshot {}`", world.pipeline);
    assert!(stopped.stderr.contains(&advice), "{}", stopped.stderr);

    world.sync_with(&["--snapshot", &world.pipeline]).await.expect_code(0);
    world.verify().await;
    assert_eq!(world.b.count("Lead"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_replay_id_within_retention_is_no_gap_and_loses_nothing() {
    let Some(world) = World::builder().start_from("earliest").build().await else { return };
    world.prime().await;
    world.in_a.create("Lead", json!({ "LastName": "First", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    // The org is quiet for most of a day, and nobody looks for the rest: the last event is not retained any more,
    // but all that came after it is.
    world.a.advance(Duration::from_hours(20));
    world.sync().await.expect_code(0);
    world.in_a.create("Lead", json!({ "LastName": "Second", "Company": "Acme" })).await;
    world.a.advance(Duration::from_hours(5));
    world.in_a.create("Lead", json!({ "LastName": "Third", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 3);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_without_an_event_are_named_where_nothing_is_swept_and_a_new_snapshot_brings_them() {
    let builder = World::builder().embedded().start_from("latest").source("sweep: { every: off }");
    let Some(world) = builder.build().await else { return };
    world.prime().await;
    let parent = world.in_a.create("Account", json!({ "Name": "Parent" })).await;
    let gone = world.in_a.create("Contact", json!({ "LastName": "Child", "AccountId": parent })).await;
    world.sync().await.expect_code(0);

    // Neither a load nor a child that its parent takes with it raises an event.
    world.in_a.delete("Account", &parent).await;
    world.in_a.bulk_load("Lead", "LastName,Company\nLoaded,Acme\n".to_owned()).await;
    let loaded = world.a.rows("Lead")[0]["Id"].as_str().expect("an id").to_owned();
    let unseen = world.sync().await.expect_code(1);
    let advice = format!("--snapshot {}`", world.pipeline);
    for part in [&loaded, &gone, &advice] {
        assert!(unseen.stderr.contains(part.as_str()), "no {part} in {}", unseen.stderr);
    }
    world.command(&["verify", "orgstream.yaml"]).finish().await.expect_code(1);

    world.sync_with(&["--snapshot", &world.pipeline]).await.expect_code(0);
    world.verify().await;
    assert_eq!((world.b.count("Lead"), world.b.count("Contact")), (1, 0));
    world.in_a.create("Lead", json!({ "LastName": "Later", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}
