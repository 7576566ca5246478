//! What the stream does not bring: positions that the org can no longer serve (D9), changes without an event.

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use crate::support::{World, eventually};

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

#[tokio::test(flavor = "multi_thread")]
async fn many_missing_records_are_deleted_only_after_somebody_said_so_by_the_command() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let lead = |number: usize| json!({ "LastName": format!("Lead {number}"), "Company": "Acme" });
    let ids = world.in_a.create_many("Lead", (0..110).map(lead).collect()).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 110);
    // So long ago that the org does not know of the deletions any more.
    for id in &ids[5..] {
        world.in_a.delete("Lead", id).await;
    }
    world.a.advance(Duration::from_hours(24 * 30));

    let mut running = world.run(&[]);
    let gaps = async |arguments: &[&str]| {
        world.command(&[&["gaps", "orgstream.yaml"], arguments].concat()).finish().await
    };
    let number = 'found: {
        for _ in 0..120 {
            let shown = gaps(&["--object", "Lead", "--json"]).await.expect_code(0);
            let all: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
            let waits = |gap: &&serde_json::Value| gap["reason"].is_string();
            if let Some(gap) = all.as_array().expect("a list").iter().find(waits) {
                let reason = gap["reason"].as_str().expect("a text");
                assert!(reason.contains("105 of 110") && reason.contains("--confirm"), "{reason}");
                break 'found gap["number"].to_string();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("no gap waits for a word");
    };
    assert_eq!(world.b.count("Lead"), 110, "nothing is deleted unasked");
    gaps(&["--confirm", "99"]).await.expect_code(2);
    let unknown = gaps(&["--object", "Leed"]).await.expect_code(2);
    assert!(unknown.stderr.contains("`Leed`; there are Account, Contact, Lead"), "{}", unknown.stderr);
    gaps(&["--pipeline", "nobody"]).await.expect_code(2);
    gaps(&["--object", "Lead", "--confirm", &number]).await.expect_code(0);
    eventually("the missing ones are deleted", || world.b.count("Lead") == 5).await;
    assert!(running.alive());
    running.terminate().await;
    world.sync().await.expect_code(0);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_killed_again_and_again_ends_in_the_orgs_state() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let gone = world.in_a.create("Lead", json!({ "LastName": "Gone", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    world.in_a.delete("Lead", &gone).await;
    let lines: Vec<String> = (0..9_000).map(|number| format!("Lead {number},Acme\n")).collect();
    world.in_a.bulk_load("Lead", format!("LastName,Company\n{}", lines.concat())).await;
    world.a.advance(Duration::from_hours(30));
    world.a.faults().add(Fault::new(CallKind::Query, Effect::DelayBetween { min_ms: 100, max_ms: 400 }));
    for round in 0..6 {
        let running = world.run(&["--only", "source"]);
        tokio::time::sleep(Duration::from_millis(1_200 + 300 * round)).await;
        running.kill().await;
    }
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.b.count("Lead"), 9_000);
    let gaps = world.command(&["gaps", "orgstream.yaml", "--object", "Lead", "--json"]).finish().await;
    let gaps: serde_json::Value = serde_json::from_str(&gaps.stdout).expect("JSON");
    let is_closed = |gap: &serde_json::Value| gap["state"] == "closed";
    assert!(gaps.as_array().expect("a list").iter().all(is_closed), "{gaps}");
    assert_eq!(world.dead_letters().await, []);
}
