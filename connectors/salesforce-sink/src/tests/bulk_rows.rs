//! What a bulk job writes is what other calls write, whatever the file says of fields and filters and whatever the values are.

use std::time::Duration;

use orgstream_api::{Outcome, Skip, Value};
use orgstream_salesforce_simulator::CallKind;
use serde_json::json;

use super::asked::{asked, field, renamed};
use super::bulk::create;
use super::change::{Change, id};
use super::world::{EXTERNAL, World, config};
use crate::bulk::rules::{BulkFrom, BulkRules};
use crate::config::{Operation, SinkConfig};
use crate::object_rules::{OnLeave, Rules, TooLong};

fn by_bulk(operation: Operation) -> SinkConfig {
    let bulk = BulkRules { from: BulkFrom::Waiting(100), ..BulkRules::default() };
    SinkConfig { bulk, ..config(operation, Duration::from_mins(1)) }
}

#[tokio::test]
async fn texts_that_a_job_would_take_for_something_else_are_written_as_they_are() {
    let world = World::start().await;
    let mut runtime = world.sync_by_bulk(100).await;
    create(&mut runtime, 300);
    runtime.settle().await;
    let odd = ["#N/A", "#n/a", " #N/A ", "   "];
    let texts = odd.into_iter().chain(std::iter::repeat("plain")).take(300);
    for (number, text) in (0..).zip(texts) {
        runtime.submit(Change::updated("Account", number).text("Site", text).text("Description", "d"));
    }
    world.sandbox.reset_calls();
    runtime.settle().await;
    assert!(world.sandbox.calls(CallKind::Bulk) > 0, "the others went by a job");
    // The same four by other calls.
    let mut single = world.sync().await;
    for (number, text) in (1_000..).zip(odd) {
        single.submit_to(Change::created("Account", number).text("Site", text), 1);
    }
    single.settle().await;
    for (number, text) in (0..).zip(odd) {
        let site = |number| world.row("Account", &id("Account", number)).unwrap()["Site"].clone();
        assert_eq!(site(number), site(number + 1_000), "{text:?}");
    }
    assert_eq!(world.row("Account", &id("Account", 9)).unwrap()["Site"], "plain");
}

#[tokio::test]
async fn records_that_org_b_takes_for_one_are_written_one_after_the_other() {
    let org = orgstream_salesforce_simulator::Org::builder().objects(
        "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
  Contact: [*id]
  Lead: [*id]
",
    );
    let world = World::of(org).await;
    let mut runtime = world.try_sink(by_bulk(Operation::Upsert)).await.unwrap();
    for number in 0..300 {
        let key = if number == 299 { "K7".to_owned() } else { format!("k{number}") };
        runtime.submit(Change::created("Account", number).text(EXTERNAL, &key));
    }
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (300, 299));
    let rows = world.rows("Account");
    let row =
        rows.iter().find(|row| row[EXTERNAL].as_str().is_some_and(|key| key.eq_ignore_ascii_case("k7")));
    assert_eq!(row.unwrap()["Name"], "Account 299", "the later one was written later");
}

#[tokio::test]
async fn filters_computed_fields_and_cut_texts_are_the_same_by_a_job() {
    let world = World::start().await;
    let mut config = by_bulk(Operation::Sync);
    let real = asked("value.Site != \"test\"", &["Site"], |scope| {
        Ok(Value::Boolean(field(scope, "Site")? != Value::String("test".to_owned())))
    });
    for object in config.objects.iter_mut().filter(|object| object.name == "Account") {
        object.rules = Rules {
            filter: vec![real.clone()],
            on_leave: OnLeave::Delete,
            fields: vec![renamed("AccountNumber")],
            too_long: TooLong::Truncate,
            ..Rules::default()
        };
    }
    let mut runtime = world.try_sink(config).await.unwrap();
    let long = "ä".repeat(300);
    let account = |number: u32, site: &str| {
        let change = Change::created("Account", number).text("Site", site);
        change.text("Nick__c", &format!("nick {number}")).text("Name", &format!("{number} {long}"))
    };
    for number in 0..400 {
        runtime.submit(account(number, if number % 4 == 3 { "test" } else { "real" }));
    }
    world.sandbox.reset_calls();
    runtime.settle().await;
    assert_eq!(world.sandbox.calls(CallKind::Write), 0, "all of them went by the job");
    assert_eq!(world.sandbox.count("Account"), 300);
    assert_eq!(runtime.counts().skipped, [("filtered".to_owned(), 100)].into());
    assert_eq!((runtime.counts().cut, runtime.counts().created), (300, 300));
    for number in (0..400).filter(|number| number % 4 != 3) {
        let row = world.row("Account", &id("Account", number)).unwrap();
        assert_eq!(row["AccountNumber"], json!(format!("nick {number}")));
        assert!(
            row["Name"]
                .as_str()
                .is_some_and(|name| name.starts_with(&format!("{number} ä")) && name.chars().count() == 255)
        );
    }
    // A third of them leave the filter while the others change, and those that were outside come in.
    for number in 0..400 {
        runtime.submit(account(number, if number % 4 == 0 { "test" } else { "real" }).event(Some("updated")));
    }
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    assert_eq!(world.sandbox.count("Account"), 300);
    for number in 0..400 {
        let row = world.row("Account", &id("Account", number));
        assert_eq!(row.is_some(), number % 4 != 0, "account {number}");
    }
    assert_eq!(runtime.counts().left_filter, 100);
    let filtered = |(_, outcome): &&(Change, Outcome)| matches!(outcome, Outcome::Skipped(Skip::Filtered));
    assert_eq!(runtime.outcomes.iter().filter(filtered).count(), 100);
}
