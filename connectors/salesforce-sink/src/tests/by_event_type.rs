//! What each event asks for, without external ids: what was inserted is found again by its link.

use std::time::Duration;

use orgstream_api::Outcome;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::change::Change;
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::Operation;

async fn by_event_type(world: &World) -> Runtime {
    world.try_sink(without_external_ids(Operation::ByEventType)).await.unwrap()
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected(rejection) => &rejection.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_record_is_made_changed_deleted_and_brought_back() {
    let world = World::start().await;
    let mut runtime = by_event_type(&world).await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::updated("Account", 1).text("Name", "changed"));
    runtime.settle().await;
    let made = world.rows("Account");
    assert_eq!((made.len(), &made[0]["Name"]), (1, &"changed".into()));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
    runtime.submit(Change::undeleted("Account", 1).text("Name", "back"));
    runtime.settle().await;
    let back = world.rows("Account");
    assert_eq!((&back[0]["Id"], &back[0]["Name"]), (&made[0]["Id"], &"back".into()));
    assert_eq!(runtime.delivered_count(), 4);
}

#[tokio::test]
async fn a_record_that_comes_as_created_once_more_is_changed() {
    let world = World::start().await;
    let mut runtime = by_event_type(&world).await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 1).text("Name", "read anew"));
    runtime.settle().await;
    let rows = world.rows("Account");
    assert_eq!((rows.len(), &rows[0]["Name"]), (1, &"read anew".into()));
}

#[tokio::test]
async fn what_is_not_there_is_not_made_by_an_update_and_made_by_an_undelete() {
    let world = World::start().await;
    let mut runtime = by_event_type(&world).await;
    runtime.submit(Change::updated("Account", 1).text("Name", "unknown"));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "TARGET_NOT_FOUND");
    runtime.submit(Change::undeleted("Account", 2));
    runtime.submit(Change::deleted("Account", 3));
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (2, 1));
}

#[tokio::test]
async fn without_a_known_event_type_a_record_is_rejected_with_the_reason() {
    let world = World::start().await;
    let mut runtime = by_event_type(&world).await;
    runtime.submit(Change::created("Account", 1).event(None));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "MISSING_EVENT_TYPE");
    runtime.submit(Change::created("Account", 1).event(Some("merged")));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "UNKNOWN_EVENT_TYPE");
    runtime.submit(Change::created("Account", 1).with_id("17"));
    runtime.settle().await;
    assert_eq!(code(runtime.last()), "MALFORMED_ID");
    assert!(world.sandbox.writes().is_empty());
}

#[tokio::test]
async fn what_an_unanswered_insert_made_is_changed_by_later_events() {
    let world = World::start().await;
    let mut runtime = by_event_type(&world).await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    for number in 0..20 {
        runtime.submit(Change::created("Account", number));
        runtime.submit(Change::updated("Account", number).text("Phone", "1"));
    }
    runtime.submit(Change::deleted("Account", 0));
    runtime.settle().await;
    let rows = world.rows("Account");
    assert_eq!(rows.len(), 19);
    assert!(rows.iter().all(|row| row["Phone"] == "1"), "{rows:?}");
}

#[tokio::test]
async fn with_an_external_id_a_record_is_found_without_its_link() {
    let world = World::start().await;
    let with = || config(Operation::ByEventType, Duration::from_secs(1));
    let mut runtime = world.try_sink(with()).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    // Another node, whose map of links is lost.
    let other = World { ids: std::sync::Arc::default(), ..world };
    let mut runtime = other.try_sink(with()).await.unwrap();
    runtime.submit_again(Change::updated("Account", 1).text("Name", "found"), 9);
    runtime.settle().await;
    assert_eq!(other.rows("Account")[0]["Name"], "found");
    assert_eq!(other.sandbox.count("Account"), 1);
}
