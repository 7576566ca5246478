//! Records that leave something open, and those of other producers.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Field, Outcome, Schema, Skip, Struct, Type, Value};
use serde_json::json;

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::Operation;
use crate::{Nulls, Reading, TakenFor};

async fn runtime(world: &World, operation: Operation, reading: Reading) -> Runtime {
    let config = config(operation, Duration::from_mins(1));
    world.try_sink(crate::SinkConfig { reading, ..config }).await.unwrap()
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected(rejection) => &rejection.code,
        other => panic!("{other:?}"),
    }
}

async fn one(runtime: &mut Runtime, change: Change) -> Outcome {
    runtime.submit(change);
    runtime.settle().await;
    runtime.last().clone()
}

#[tokio::test]
async fn a_tombstone_deletes_its_record_where_that_is_wanted_under_every_operation() {
    for operation in [Operation::Sync, Operation::Upsert, Operation::Update, Operation::Delete] {
        let world = World::start().await;
        let on_null = TakenFor::Delete;
        let mut runtime = runtime(&world, operation, Reading { on_null, ..Reading::default() }).await;
        world.create("Account", json!({ "Name": "old", "OrgA_Id__c": id("Account", 1) })).await;
        let outcome = one(&mut runtime, Change::updated("Account", 1).tombstone()).await;
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(world.sandbox.count("Account"), 0, "{operation:?}");
        // One that org B does not have is deleted.
        let outcome = one(&mut runtime, Change::updated("Account", 2).tombstone()).await;
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_tombstone_keeps_its_place_among_the_changes_of_its_record() {
    let world = World::start().await;
    let reading = Reading { on_null: TakenFor::Delete, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Sync, reading).await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::updated("Account", 1).tombstone());
    runtime.submit(Change::created("Account", 1).text("Name", "again"));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "again");
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn a_key_that_is_the_bare_id_is_enough_for_a_tombstone() {
    let world = World::start().await;
    let reading = Reading { on_null: TakenFor::Delete, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Sync, reading).await;
    one(&mut runtime, Change::created("Account", 1)).await;
    let bare = Struct::bare(Value::String(id("Account", 1)));
    let outcome = one(&mut runtime, Change::updated("Account", 1).tombstone().keyed(Some(bare))).await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(world.sandbox.count("Account"), 0);
    // Without an id there is nothing to delete.
    let outcome = one(&mut runtime, Change::updated("Account", 1).tombstone().keyed(None)).await;
    assert_eq!(code(&outcome), "MISSING_ID");
}

#[tokio::test]
async fn the_name_of_a_keys_schema_says_whose_tombstone_it_is() {
    let world = World::start().await;
    let reading = Reading { on_null: TakenFor::Delete, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Sync, reading).await;
    one(&mut runtime, Change::created("Account", 1)).await;
    let schema = Schema::new("io.confluent.salesforce.AccountKey", vec![Field::required("Id", Type::String)]);
    let key = Struct::of(Arc::new(schema), vec![Value::String(id("Account", 1))]);
    // On a topic that belongs to no object.
    let outcome =
        one(&mut runtime, Change::updated("Account", 1).of_object("Elsewhere").tombstone().keyed(key)).await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn tombstones_are_skipped_and_counted_where_that_is_wanted() {
    let world = World::start().await;
    let reading = Reading { on_null: TakenFor::Skip, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Sync, reading).await;
    one(&mut runtime, Change::created("Account", 1)).await;
    for key in [None, Some(Struct::bare(Value::String(id("Account", 1))))] {
        let outcome = one(&mut runtime, Change::updated("Account", 1).tombstone().keyed(key)).await;
        assert_eq!(outcome, Outcome::Skipped(Skip::NoValue));
    }
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(runtime.counts().skipped["no_value"], 2);
}

#[tokio::test]
async fn a_record_without_a_known_event_is_what_the_pipeline_says() {
    for (on_unknown_event, deleted) in [(TakenFor::Skip, false), (TakenFor::Delete, true)] {
        let world = World::start().await;
        let reading = Reading { on_unknown_event, ..Reading::default() };
        let mut runtime = runtime(&world, Operation::Sync, reading).await;
        for event in [None, Some("merged")] {
            one(&mut runtime, Change::created("Account", 1)).await;
            let outcome =
                one(&mut runtime, Change::updated("Account", 1).text("Name", "x").event(event)).await;
            assert_eq!(matches!(outcome, Outcome::Delivered(_)), deleted, "{outcome:?}");
            assert_eq!(outcome == Outcome::Skipped(Skip::UnknownEvent), !deleted, "{outcome:?}");
            assert_eq!(world.sandbox.count("Account"), usize::from(!deleted));
        }
    }
}

#[tokio::test]
async fn a_fixed_operation_asks_for_no_event_whatever_is_said_of_unknown_ones() {
    let world = World::start().await;
    let reading = Reading { on_unknown_event: TakenFor::Delete, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Upsert, reading).await;
    one(&mut runtime, Change::created("Account", 1).event(None)).await;
    one(&mut runtime, Change::updated("Account", 1).text("Name", "new").event(Some("merged"))).await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "new");
    // What is known stays refused.
    let outcome = one(&mut runtime, Change::deleted("Account", 1)).await;
    assert_eq!(code(&outcome), "DELETED_EVENT_NOT_WRITABLE");
}

#[tokio::test]
async fn nulls_of_other_producers_clear_fields_where_that_is_wanted() {
    let world = World::start().await;
    let reading = Reading { nulls: Nulls::Write, ..Reading::default() };
    let mut runtime = runtime(&world, Operation::Sync, reading).await;
    one(&mut runtime, Change::created("Account", 1).text("Industry", "Energy").text("Phone", "030")).await;
    one(&mut runtime, Change::updated("Account", 1).null("Industry").without_headers()).await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Industry"], row["Phone"].as_str()), (&json!(null), Some("030")));
    // What orgstream's header does not name is unknown all the same.
    one(&mut runtime, Change::updated("Account", 1).text("Name", "n")).await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Phone"], "030");
}

#[tokio::test]
async fn a_bare_value_is_no_record() {
    let world = World::start().await;
    let mut runtime = runtime(&world, Operation::Upsert, Reading::default()).await;
    let key = Struct::bare(Value::String(id("Account", 1)));
    let value = Struct::bare(Value::String("hello".to_owned()));
    let outcome = one(&mut runtime, Change::updated("Account", 1).keyed(Some(key)).holding(value)).await;
    assert_eq!(code(&outcome), "NO_FIELDS");
}

/// The value of a change event as Confluent's CDC source writes it.
fn change_event(number: u32, kind: &str, changed: &[&str], fields: &[(&str, Value)]) -> Struct {
    let text = |text: &str| Value::String(text.to_owned());
    let list = |texts: &[&str]| Value::Array(texts.iter().map(|one| text(one)).collect());
    let texts = || Type::Array(Arc::new(Type::String));
    let header = Schema::new(
        "ChangeEventHeader",
        vec![
            Field::required("entityName", Type::String),
            Field::required("recordIds", texts()),
            Field::required("changeType", Type::String),
            Field::required("changedFields", texts()),
        ],
    );
    let own = id("Account", number);
    let header =
        Struct::of(Arc::new(header), vec![text("Account"), list(&[&own]), text(kind), list(changed)])
            .unwrap();
    let mut schema = vec![Field::required("ChangeEventHeader", Type::Struct(Arc::clone(header.schema())))];
    let mut values = vec![Value::Struct(header)];
    for (name, value) in fields
        .iter()
        .cloned()
        .chain([("_ObjectType", text("AccountChangeEvent")), ("_EventType", text("-pQ0mR2sXx1b7aYq9mNoTg"))])
    {
        schema.push(Field::optional(name, value.kind()));
        values.push(value);
    }
    Struct::of(Arc::new(Schema::new("io.confluent.salesforce.AccountChangeEvent", schema)), values).unwrap()
}

#[tokio::test]
async fn change_events_of_confluents_cdc_source_are_written_as_their_header_says() {
    let world = World::start().await;
    let mut runtime = runtime(&world, Operation::Sync, Reading::default()).await;
    let text = |text: &str| Value::String(text.to_owned());
    let mut told = async |kind: &str, changed: &[&str], fields: &[(&str, Value)]| {
        let value = change_event(1, kind, changed, fields);
        // Its own headers say nothing, nor does its key.
        one(&mut runtime, Change::updated("Account", 1).without_headers().holding(value)).await
    };
    let fields = [
        ("Name", text("Acme")),
        ("Phone", text("030")),
        ("BillingCity", text("Bremen")),
        ("Fax", text("031")),
    ];
    told("CREATE", &[], &fields).await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((&row["Name"], &row["BillingCity"]), (&json!("Acme"), &json!("Bremen")));

    let fields =
        [("Name", text("New")), ("Phone", Value::Null), ("BillingCity", Value::Null), ("Fax", Value::Null)];
    told("UPDATE", &["Name", "Phone", "BillingAddress.City"], &fields).await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(
        (&row["Name"], &row["Phone"], &row["BillingCity"]),
        (&json!("New"), &json!(null), &json!(null))
    );
    assert_eq!(row["Fax"], "031", "it was not changed");

    assert_eq!(code(&told("GAP_UPDATE", &[], &[]).await), "UNKNOWN_EVENT_TYPE");
    told("DELETE", &[], &[]).await;
    assert_eq!(world.sandbox.count("Account"), 0);
    told("UNDELETE", &[], &[("Name", text("Back"))]).await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "Back");
}
