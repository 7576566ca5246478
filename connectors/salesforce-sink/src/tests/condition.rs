//! Records that are none of the sink's are passed over, whatever they are.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Expression, Value};

use super::asked::{asked, field};
use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkConfig};
use crate::failures::{Action, Failures, Fate, OnError};

/// Whether the site is `ours`; it has no value for records without a site.
fn ours() -> Arc<dyn Expression> {
    asked("value.Site == \"ours\"", &["Site"], |scope| {
        Ok(Value::Boolean(field(scope, "Site")? == Value::String("ours".to_owned())))
    })
}

async fn sink(world: &World, failures: Failures) -> Runtime {
    let config =
        SinkConfig { when: Some(ours()), failures, ..config(Operation::Sync, Duration::from_mins(1)) };
    world.try_sink(config).await.unwrap()
}

fn account(number: u32, site: &str) -> Change {
    Change::created("Account", number).text("Site", site)
}

#[tokio::test]
async fn what_does_not_meet_the_condition_is_counted_and_costs_no_call() {
    let world = World::start().await;
    let mut runtime = sink(&world, Failures::default()).await;
    runtime.submit(account(1, "ours"));
    runtime.submit(account(2, "theirs"));
    // What else is wrong with it does not matter then: no object of the pipeline, no id, an unknown event.
    runtime.submit(account(3, "theirs").of_object("Order__c"));
    runtime.submit(account(4, "theirs").with_id("no id"));
    runtime.submit(account(5, "theirs").event(Some("exploded")));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 1);
    let counts = runtime.counts();
    assert_eq!((counts.skipped, counts.calls), ([("unmatched".to_owned(), 4)].into(), 1));
    assert!(runtime.rejections().is_empty());
}

#[tokio::test]
async fn deletions_are_asked_too_and_a_field_that_is_not_carried_has_no_value() {
    let world = World::start().await;
    let mut runtime = sink(&world, Failures::default()).await;
    runtime.submit(account(1, "ours"));
    runtime.submit(Change::updated("Account", 1).text("Site", "theirs").text("Name", "Not for us"));
    // The null of a field that nobody carries is none: the record is not taken for one without a site.
    runtime.submit(Change::updated("Account", 1).null("Site").carrying(&["Name"]));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "Account 1");
    let codes: Vec<&str> = runtime.rejections().iter().map(|rejection| rejection.code.as_str()).collect();
    assert_eq!(codes, ["CONDITION_FAILED", "CONDITION_FAILED"]);
    assert!(runtime.rejections()[0].message.contains("there is no such field"));
    assert_eq!(runtime.counts().skipped, [("unmatched".to_owned(), 1)].into());
}

#[tokio::test]
async fn the_file_says_what_becomes_of_records_for_which_it_has_no_value() {
    let world = World::start().await;
    let codes = [("CONDITION_FAILED".to_owned(), Action::End(Fate::Skip))].into();
    let on_error = OnError { default: Fate::Stop, codes };
    let mut runtime = sink(&world, Failures { on_error, ..Failures::default() }).await;
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::updated("Account", 2).tombstone());
    runtime.submit(account(3, "ours"));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(runtime.counts().skipped, [("CONDITION_FAILED".to_owned(), 2)].into());
}

#[tokio::test]
async fn an_object_has_a_condition_of_its_own_beside_that_of_the_sink() {
    let world = World::start().await;
    let mut config = SinkConfig { when: Some(ours()), ..config(Operation::Sync, Duration::from_mins(1)) };
    for object in config.objects.iter_mut().filter(|object| object.name == "Account") {
        object.rules.when = Some(asked("event.id != \"…2\"", &[], |scope| {
            Ok(Value::Boolean(scope.event.object == "Account" && scope.event.id != Some(&id("Account", 2))))
        }));
    }
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(account(1, "ours"));
    runtime.submit(account(2, "ours"));
    runtime.submit(account(3, "theirs"));
    runtime.submit(Change::created("Contact", 1).text("Site", "ours"));
    runtime.settle().await;
    assert_eq!((world.sandbox.count("Account"), world.sandbox.count("Contact")), (1, 1));
    assert_eq!(runtime.counts().skipped, [("unmatched".to_owned(), 2)].into());
}
