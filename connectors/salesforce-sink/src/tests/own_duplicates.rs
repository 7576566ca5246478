//! Values that must be unique and that a record finds taken: by itself, where an answer or a link was lost.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::Outcome;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::change::{Change, id};
use super::world::{EXTERNAL, World, config};
use crate::config::Operation;

const RETRY: Duration = Duration::from_mins(1);

#[tokio::test]
async fn an_insert_or_upsert_whose_lost_attempt_has_taken_its_value_is_done() {
    for operation in [Operation::Sync, Operation::Upsert, Operation::Insert, Operation::ByEventType] {
        let world = World::start().await;
        let mut runtime = world.try_sink(config(operation, RETRY)).await.unwrap();
        world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(2));
        for number in 0..3 {
            runtime.submit(Change::created("Account", number));
        }
        runtime.settle().await;
        assert_eq!(runtime.delivered_count(), 3, "{operation:?}: {:?}", runtime.rejections());
        assert_eq!(world.sandbox.count("Account"), 3, "{operation:?}");
        for (change, outcome) in &runtime.outcomes {
            let Outcome::Delivered(delivered) = outcome else { panic!("{outcome:?}") };
            let row = world.row("Account", change.id()).unwrap();
            assert_eq!(row["Id"].as_str(), delivered.target.as_deref());
        }
    }
}

#[tokio::test]
async fn an_upsert_that_meets_its_own_attempt_still_at_work_is_done() {
    for operation in [Operation::Sync, Operation::Upsert] {
        let world = World::start().await;
        let mut runtime = world.try_sink(config(operation, RETRY)).await.unwrap();
        // What the first attempt makes comes to light when the second one is refused.
        let own = world.create("Account", json!({"Name": "Account 1", EXTERNAL: id("Account", 1)})).await;
        let message = format!("duplicate value found: {EXTERNAL} duplicates value on record with id: {own}");
        let taken = Effect::RecordError { code: "DUPLICATE_VALUE".to_owned(), message };
        world.sandbox.faults().add(Fault::new(CallKind::Write, taken).times(1));
        runtime.submit(Change::created("Account", 1).text("Name", "mine"));
        runtime.settle().await;
        let Outcome::Delivered(delivered) = runtime.last() else { panic!("{:?}", runtime.last()) };
        assert_eq!((delivered.target.as_deref(), delivered.created), (Some(own.as_str()), false));
        assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "mine");
    }
}

#[tokio::test]
async fn other_trouble_before_does_not_make_a_value_that_its_own_attempt_has_taken_a_rejection() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for (code, times) in [("UNABLE_TO_LOCK_ROW", 3), ("DUPLICATE_VALUE", 1)] {
        let trouble = Effect::RecordError { code: code.to_owned(), message: "on demand".to_owned() };
        world.sandbox.faults().add(Fault::new(CallKind::Write, trouble).times(times));
    }
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1, "{:?}", runtime.rejections());
    assert_eq!((runtime.counts().retries, world.sandbox.count("Account")), (4, 1));
}

#[tokio::test]
async fn a_created_record_that_is_there_without_a_link_is_changed() {
    let world = World::start().await;
    let with = || config(Operation::ByEventType, RETRY);
    let mut runtime = world.try_sink(with()).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let other = World { ids: Arc::default(), intents: Arc::default(), ..world };
    let mut runtime = other.try_sink(with()).await.unwrap();
    runtime.submit(Change::created("Account", 1).text("Name", "read anew"));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1, "{:?}", runtime.rejections());
    assert_eq!(other.row("Account", &id("Account", 1)).unwrap()["Name"], "read anew");
}

#[tokio::test]
async fn a_value_that_another_record_has_taken_is_a_rejection() {
    let world = World::start().await;
    world.create("Account", json!({"Name": "another's", EXTERNAL: id("Account", 1)})).await;
    let mut runtime = world.try_sink(config(Operation::Insert, RETRY)).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "DUPLICATE_VALUE");
    assert_eq!(world.rows("Account")[0]["Name"], "another's");
}
