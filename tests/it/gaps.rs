//! Positions that the org can no longer serve (D9).

use std::time::Duration;

use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_replay_id_stops_the_source_and_a_snapshot_closes_the_gap() {
    let Some(world) = World::builder().start_from("earliest").build().await else { return };
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
    assert!(stopped.stderr.contains("start: snapshot"), "{}", stopped.stderr);

    world.edit("start: earliest", "start: snapshot");
    world.sync().await.expect_code(0);
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
