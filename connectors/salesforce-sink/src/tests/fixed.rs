//! Fixed operations, which do not look at the event.

use std::time::Duration;

use orgstream_api::Outcome;
use serde_json::json;

use super::change::{Change, id};
use super::world::{EXTERNAL, World};
use crate::config::Operation;

const RETRY: Duration = Duration::from_mins(1);

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected(rejection) => &rejection.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_fixed_operation_never_writes_a_deleted_event() {
    let world = World::start().await;
    for operation in [Operation::Upsert, Operation::Update] {
        let mut runtime = world.sink(operation, RETRY).await;
        runtime.submit(Change::deleted("Account", 1));
        runtime.settle().await;
        assert_eq!(code(runtime.last()), "DELETED_EVENT_NOT_WRITABLE");
    }
    assert!(world.sandbox.writes().is_empty());
}

#[tokio::test]
async fn a_fixed_upsert_puts_the_records_own_external_id_first() {
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Upsert, RETRY).await;
    let own = id("Account", 77);
    runtime.submit(Change::created("Account", 1).text(EXTERNAL, &own).event(None));
    runtime.submit(Change::created("Account", 2).null(EXTERNAL));
    runtime.settle().await;
    assert!(world.row("Account", &own).is_some());
    assert!(world.row("Account", &id("Account", 2)).is_some());
}

#[tokio::test]
async fn two_records_with_one_external_id_do_not_meet_in_a_call() {
    let world = World::start().await;
    let mut runtime = world.sink(Operation::Upsert, RETRY).await;
    let own = id("Account", 77);
    runtime.submit(Change::created("Account", 1).text(EXTERNAL, &own));
    runtime.submit(Change::created("Account", 2).text(EXTERNAL, &own));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 2);
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn a_fixed_update_creates_nothing() {
    let world = World::start().await;
    world.create("Account", json!({"Name": "old", EXTERNAL: id("Account", 1)})).await;
    let mut runtime = world.sink(Operation::Update, RETRY).await;
    runtime.submit(Change::updated("Account", 1).text("Name", "new"));
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "new");
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(runtime.rejections()[0].code, "TARGET_NOT_FOUND");
}

#[tokio::test]
async fn a_fixed_delete_deletes_whatever_happened() {
    let world = World::start().await;
    world.create("Account", json!({"Name": "old", EXTERNAL: id("Account", 1)})).await;
    let mut runtime = world.sink(Operation::Delete, RETRY).await;
    runtime.submit(Change::updated("Account", 1));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
}
