//! The filter decides which records are in org B.

use std::time::Duration;

use orgstream_api::{Outcome, Skip, Value};
use serde_json::json;

use super::asked::{asked, field};
use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::Operation;
use crate::object_rules::OnLeave;

/// A sink for accounts that are not marked as tests.
async fn sink(world: &World, on_leave: OnLeave) -> Runtime {
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    let filter = asked("value.Site != \"test\"", &["Site"], |scope| {
        Ok(Value::Boolean(field(scope, "Site")? != Value::String("test".to_owned())))
    });
    for object in config.objects.iter_mut().filter(|object| object.name == "Account") {
        object.rules.filter = vec![filter.clone()];
        object.rules.on_leave = on_leave;
    }
    world.try_sink(config).await.unwrap()
}

fn account(number: u32, site: &str) -> Change {
    Change::created("Account", number).text("Site", site)
}

#[tokio::test]
async fn only_records_of_which_the_filter_holds_are_written_and_deletions_always_are() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Keep).await;
    runtime.submit(account(1, "real"));
    runtime.submit(account(2, "test"));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(runtime.counts().skipped, [("filtered".to_owned(), 1)].into());
    assert_eq!(runtime.counts().calls, 1, "what is filtered costs no call");
    // It enters the filter.
    runtime.submit(Change::updated("Account", 2).text("Site", "real").text("Name", "Two"));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert!(world.row("Account", &id("Account", 1)).is_none());
    assert_eq!(world.row("Account", &id("Account", 2)).unwrap()["Name"], "Two");
}

#[tokio::test]
async fn a_record_that_leaves_the_filter_stays_as_it_was_and_is_counted() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Keep).await;
    runtime.submit(account(1, "real"));
    runtime.submit(Change::updated("Account", 1).text("Site", "test").text("Name", "Hidden"));
    runtime.settle().await;
    assert_eq!(runtime.last(), &Outcome::Skipped(Skip::LeftFilter));
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "Account 1");
    assert_eq!(runtime.counts().skipped, [("left_filter".to_owned(), 1)].into());
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn a_record_that_leaves_the_filter_is_deleted_where_the_file_says_so_and_comes_back_under_its_id() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Delete).await;
    runtime.submit(account(1, "real"));
    runtime.submit(account(2, "test"));
    runtime.settle().await;
    let first = world.row("Account", &id("Account", 1)).unwrap()["Id"].clone();
    // What it had said before it left is no longer written, but what comes after its return is.
    runtime.submit(Change::updated("Account", 1).text("Site", "test"));
    runtime.submit(Change::updated("Account", 1).text("Site", "real").text("Name", "Back"));
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Id"], &row["Name"]), (&first, &json!("Back")));
    runtime.submit(Change::updated("Account", 1).text("Site", "test"));
    runtime.submit(Change::updated("Account", 2).text("Site", "test"));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
    assert_eq!((runtime.counts().left_filter, runtime.counts().skipped["filtered"]), (2, 2));
}

#[tokio::test]
async fn a_child_that_moved_away_survives_its_parent_that_leaves_the_filter() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Delete).await;
    runtime.submit(account(1, "real"));
    runtime.submit(account(2, "real"));
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    // Read before the child's change, which lies in another topic.
    runtime.is_behind = true;
    runtime.submit(Change::updated("Account", 1).text("Site", "test"));
    runtime.submit(Change::updated("Contact", 1).text("AccountId", &id("Account", 2)));
    runtime.is_behind = false;
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 2)).unwrap()["Id"].clone();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent);
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn what_the_filter_cannot_decide_is_rejected() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Keep).await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(account(2, "real").carrying(&["Name"]));
    runtime.settle().await;
    let codes: Vec<_> = runtime.rejections().iter().map(|it| (it.code.as_str(), it.fields.clone())).collect();
    let site = vec!["Site".to_owned()];
    assert_eq!(codes, [("FILTER_FAILED", site.clone()), ("FILTER_UNDECIDED", site)]);
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn a_pipeline_that_only_deletes_deletes_what_the_filter_names() {
    let world = World::start().await;
    let mut runtime = sink(&world, OnLeave::Keep).await;
    runtime.submit(account(1, "real"));
    runtime.submit(account(2, "real"));
    runtime.settle().await;
    let mut config = config(Operation::Delete, Duration::from_mins(1));
    let filter = asked("value.Site == \"old\"", &["Site"], |scope| {
        Ok(Value::Boolean(field(scope, "Site")? == Value::String("old".to_owned())))
    });
    config.objects.iter_mut().for_each(|object| object.rules.filter = vec![filter.clone()]);
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit_to(Change::updated("Account", 1).text("Site", "old"), 1);
    runtime.submit_to(Change::updated("Account", 2).text("Site", "new"), 1);
    runtime.settle().await;
    assert!(world.row("Account", &id("Account", 1)).is_none());
    assert!(world.row("Account", &id("Account", 2)).is_some());
}
