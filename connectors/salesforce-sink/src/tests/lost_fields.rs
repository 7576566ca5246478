//! Fields that org B's user may not write any more.

use std::time::Duration;

use orgstream_api::{Sink, TaskError};

use super::change::Change;
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::Operation;

/// Why the sink ends.
async fn end(runtime: &mut Runtime) -> TaskError {
    loop {
        match runtime.sink.settled().await {
            Ok(answers) => runtime.answer(answers).await,
            Err(end) => return end,
        }
    }
}

#[tokio::test]
async fn a_field_that_may_not_be_edited_any_more_is_left_out_and_named_and_no_record_is_lost() {
    for operation in [Operation::Sync, Operation::Insert] {
        let world = World::start().await;
        let with = || match operation {
            Operation::Insert => without_external_ids(operation),
            _ => config(operation, Duration::from_mins(1)),
        };
        let mut runtime = world.try_sink(with()).await.unwrap();
        world.deny("Account", "Phone", &["edit"]).await;
        let change = |number| Change::created("Account", number).text("Phone", "1");
        for number in 0..3 {
            runtime.submit(change(number));
        }
        let end = end(&mut runtime).await;
        let TaskError::Restart(why) = end else { panic!("{end:?}") };
        assert!(why.to_string().contains("edit field Phone of Account"), "{why}");
        runtime.forget();
        let mut runtime = world.try_sink(with()).await.unwrap();
        for number in 0..3 {
            runtime.submit(change(number));
        }
        runtime.settle().await;
        assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (3, 3), "{operation:?}");
        assert!(world.rows("Account").iter().all(|row| row["Phone"].is_null()));
        let left_out = &runtime.counts().fields_left_out["Account"]["Phone"];
        assert_eq!(*left_out, "the user may not edit it");
    }
}
