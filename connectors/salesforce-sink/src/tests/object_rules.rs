//! Fields are what the file makes of them, and what is not written is said.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Outcome, TaskError, Value};
use orgstream_salesforce_simulator as simulator;
use serde_json::json;

use super::asked::{asked, field, renamed};
use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::Operation;
use crate::object_rules::{FieldRule, Rules, TooLong, ValueMap};
use crate::reading::Nulls;

/// A sink for leads with these rules.
async fn sink(world: &World, rules: Rules) -> Runtime {
    try_sink(world, rules).await.unwrap()
}

async fn try_sink(world: &World, rules: Rules) -> Result<Runtime, TaskError> {
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects.retain(|object| object.name == "Lead");
    config.objects[0].rules = rules;
    world.try_sink(config).await
}

fn full_name() -> FieldRule {
    let text = "value.LastName + \", \" + value.FirstName";
    let value = asked(text, &["LastName", "FirstName"], |scope| {
        match (field(scope, "LastName")?, field(scope, "FirstName")?) {
            (Value::String(last), Value::String(first)) => Ok(Value::String(format!("{last}, {first}"))),
            _ => Err("`+` does not go with string, null"),
        }
    });
    FieldRule { name: "title".to_owned(), value }
}

fn map(field: &str, pairs: &[(&str, &str)], others: Option<&str>) -> ValueMap {
    let values: BTreeMap<_, _> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    ValueMap { field: field.to_owned(), values, others: others.map(str::to_owned) }
}

#[tokio::test]
async fn a_computed_field_is_written_when_a_field_that_it_names_is_carried() {
    let world = World::start().await;
    let mut runtime = sink(&world, Rules { fields: vec![full_name()], ..Rules::default() }).await;
    let lead =
        Change::created("Lead", 1).text("FirstName", "Ada").text("Title", "ignored for the computed one");
    runtime.submit(lead);
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!((&row["Title"], &row["FirstName"]), (&json!("Lead 1, Ada"), &json!("Ada")));
    // Nothing that it is made of is carried, so it stays; the field of the same name in org A is another one.
    let update = Change::updated("Lead", 1).text("Title", "Dr").text("Phone", "1");
    let update = update.null("LastName").null("FirstName");
    runtime.submit(update.carrying(&["Title", "Phone"]));
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!((&row["Title"], &row["Phone"]), (&json!("Lead 1, Ada"), &json!("1")));
}

#[tokio::test]
async fn a_computed_null_clears_its_field_and_a_rename_keeps_the_original() {
    let world = World::start().await;
    let mut runtime = sink(&world, Rules { fields: vec![renamed("Title")], ..Rules::default() }).await;
    runtime.submit(Change::created("Lead", 1).text("Nick__c", "Ada"));
    runtime.settle().await;
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Title"], "Ada");
    runtime.submit(Change::updated("Lead", 1).null("Nick__c"));
    runtime.settle().await;
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Title"], json!(null));
    assert_eq!(runtime.counts().fields_left_out["Lead"]["Nick__c"], "used for a computed field");
}

#[tokio::test]
async fn what_cannot_be_computed_is_rejected_with_the_expression_and_the_field() {
    let world = World::start().await;
    let mut runtime = sink(&world, Rules { fields: vec![full_name()], ..Rules::default() }).await;
    runtime.submit(Change::created("Lead", 1).null("FirstName"));
    runtime.submit(Change::created("Lead", 2));
    let partly = Change::created("Lead", 3).text("FirstName", "Ada");
    runtime.submit(partly.carrying(&["FirstName"]));
    // Nothing is computed for what goes.
    runtime.submit(Change::deleted("Lead", 4));
    runtime.settle().await;
    let rejections = runtime.rejections();
    let messages: Vec<_> = rejections.iter().map(|rejection| rejection.message.as_str()).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(rejections.iter().all(|it| it.code == "FIELD_NOT_COMPUTED" && it.fields == ["Title"]));
    assert!(messages[0].contains("`+` does not go with string, null"), "{}", messages[0]);
    assert!(messages[0].contains("value.LastName"), "{}", messages[0]);
    assert!(messages[1].contains("there is no such field"), "{}", messages[1]);
    assert!(messages[2].contains("not `LastName`") && messages[2].contains("hydrate"), "{}", messages[2]);
    assert_eq!(world.sandbox.count("Lead"), 0);
}

#[tokio::test]
async fn of_a_record_that_does_not_say_what_it_carries_the_values_decide() {
    let world = World::start().await;
    let mut runtime = sink(&world, Rules { fields: vec![renamed("Title")], ..Rules::default() }).await;
    runtime.submit(Change::created("Lead", 1).text("Nick__c", "Ada").without_headers());
    runtime.submit(Change::updated("Lead", 1).null("Nick__c").text("Phone", "1").without_headers());
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!((&row["Title"], &row["Phone"]), (&json!("Ada"), &json!("1")));
}

#[tokio::test]
async fn a_computed_field_whose_nulls_count_is_left_as_it_is_by_a_record_that_has_nothing_of_it() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_secs(1));
    config.reading.nulls = Nulls::Write;
    let rules = Rules { fields: vec![renamed("Title")], ..Rules::default() };
    config
        .objects
        .iter_mut()
        .filter(|object| object.name == "Lead")
        .for_each(|object| object.rules = rules.clone());
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(Change::created("Lead", 1).text("Nick__c", "Ada").without_headers());
    runtime.submit(Change::updated("Lead", 1).text("Phone", "1").without_headers());
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!((&row["Title"], &row["Phone"]), (&json!("Ada"), &json!("1")), "{:?}", runtime.rejections());
    runtime.submit(Change::updated("Lead", 1).null("Nick__c").without_headers());
    runtime.settle().await;
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Title"], json!(null));
}

#[tokio::test]
async fn values_have_the_names_of_org_b() {
    let world = World::start().await;
    let values = vec![
        map("Status", &[("Open - Not Contacted", "Working - Contacted")], None),
        map("Rating", &[("Hot", "Warm")], Some("Cold")),
    ];
    let mut runtime = sink(&world, Rules { values, ..Rules::default() }).await;
    runtime.submit(Change::created("Lead", 1).text("Status", "Open - Not Contacted").text("Rating", "Hot"));
    runtime.submit(Change::created("Lead", 2).text("Status", "Closed - Converted").text("Rating", "Boiling"));
    runtime.submit(Change::created("Lead", 3).null("Rating"));
    runtime.settle().await;
    let row = |number| world.row("Lead", &id("Lead", number)).unwrap();
    assert_eq!((&row(1)["Status"], &row(1)["Rating"]), (&json!("Working - Contacted"), &json!("Warm")));
    assert_eq!((&row(2)["Status"], &row(2)["Rating"]), (&json!("Closed - Converted"), &json!("Cold")));
    assert_eq!(row(3)["Rating"], json!(null));
    assert_eq!(runtime.rejections().len(), 0);
}

#[tokio::test]
async fn text_that_is_too_long_is_rejected_or_cut_as_the_file_says() {
    let world = World::start().await;
    let long = "ä".repeat(300);
    let email = format!("{}@example.com", "a".repeat(90));
    let mut runtime = sink(&world, Rules::default()).await;
    runtime.submit(Change::created("Lead", 1).text("Title", &long));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "STRING_TOO_LONG");
    let rules = Rules { too_long: TooLong::Truncate, ..Rules::default() };
    let mut runtime = sink(&world, rules).await;
    runtime.submit_to(Change::created("Lead", 2).text("Title", &long), 1);
    // A part of an address is another one.
    runtime.submit_to(Change::created("Lead", 3).text("Email", &email), 1);
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 2)).unwrap();
    assert_eq!(row["Title"], json!("ä".repeat(128)));
    assert_eq!(runtime.counts().cut, 1);
    assert!(matches!(runtime.last(), Outcome::Rejected(_)), "{:?}", runtime.last());
}

#[tokio::test]
async fn without_references_nothing_is_written_of_them_and_nothing_owed() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    for object in &mut config.objects {
        object.rules.ignore_references = true;
    }
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], json!(null));
    assert!(runtime.owed.is_empty());
    assert_eq!(runtime.counts().fields_left_out["Contact"]["AccountId"], "a reference, ignored");
}

#[tokio::test]
async fn a_computed_reference_points_at_the_record_of_org_b() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[0].rules.fields = vec![renamed("AccountId")];
    let mut runtime = world.try_sink(config).await.unwrap();
    // The parent comes late, so the reference is owed first.
    runtime.submit(Change::created("Contact", 1).text("Nick__c", &id("Account", 1)));
    runtime.settle().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent["Id"]);
}

#[tokio::test]
async fn every_field_that_is_left_out_is_named_with_the_reason() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects.retain(|object| object.name == "Lead");
    config.objects[0].ignore_fields = vec!["Fax".to_owned(), "Secret__c".to_owned()];
    let mut runtime = world.try_sink(config).await.unwrap();
    let lead = Change::created("Lead", 1).text("Fax", "1").text("Secret__c", "x").text("Nowhere__c", "x");
    let lead = lead.value("CreatedDate", Value::Timestamp(0)).text("Address", "x").text("Name", "x");
    runtime.submit(lead);
    runtime.settle().await;
    let left_out = &runtime.counts().fields_left_out["Lead"];
    let left_out: Vec<_> = left_out.iter().map(|(field, reason)| (field.as_str(), *reason)).collect();
    assert_eq!(
        left_out,
        [
            ("Address", "written by its parts"),
            ("CreatedDate", "set by the org"),
            ("Fax", "ignored"),
            ("Name", "set by the org"),
            ("Nowhere__c", "not in the target org"),
            ("Secret__c", "ignored"),
        ]
    );
}

#[tokio::test]
async fn rules_that_org_b_cannot_keep_are_refused_at_the_start() {
    let strict = "objects:
  Lead:
    - { name: OrgA_Id__c, type: string, label: A, length: 18, flags: [create, update, nillable, external_id, unique] }
    - { name: Level__c, type: picklist, label: Level, length: 255, picklist: [Low, High], \
       flags: [create, update, nillable, restricted] }
";
    let world = World::of(simulator::Org::builder().objects(strict)).await;
    let fields = ["Nowhere__c", "CreatedDate", "Id"].map(renamed).to_vec();
    let values = vec![
        map("Level__c", &[("1", "Low"), ("2", "Middle")], Some("Top")),
        map("NumberOfEmployees", &[("1", "2")], None),
    ];
    let refused = match try_sink(&world, Rules { fields, values, ..Rules::default() }).await.err() {
        Some(TaskError::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for part in [
        "no field `Nowhere__c`",
        "Setup → Object Manager",
        "Lead.CreatedDate, which `fields` names, is never written: set by the org",
        "Lead.Id, which `fields` names, is the record's id",
        "Lead.Level__c takes values of its list only, and `values` gives it `Middle`, `Top`",
        "Lead.NumberOfEmployees, which `values` names, is no picklist",
    ] {
        assert!(refused.contains(part), "{part} is not in: {refused}");
    }
}

#[tokio::test]
async fn an_expression_sees_the_event_and_where_the_record_lies() {
    let world = World::start().await;
    let value = asked("topic + event.type", &[], |scope| {
        let at = scope.at.expect("it lies on a topic");
        let kind = scope.event.kind.expect("it has a type");
        let carried = (scope.event.carried)();
        let seen = format!(
            "{} {} {} {kind} {} {}",
            at.partition.topic,
            at.partition.partition,
            at.offset,
            scope.event.object,
            carried.contains(&"Company")
        );
        Ok(Value::String(seen))
    });
    let fields = vec![FieldRule { name: "Title".to_owned(), value: Arc::clone(&value) }];
    let mut runtime = sink(&world, Rules { fields, ..Rules::default() }).await;
    runtime.submit_to(Change::created("Lead", 1), 3);
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!(row["Title"], "a.Lead 3 0 created Lead true");
}

#[tokio::test]
async fn an_ignored_field_that_is_misspelt_is_refused_with_the_field_that_is_meant() {
    let world = World::start().await;
    for (name, meant) in [
        ("Phon", Some("`Phone`")),
        ("OrgA_Id_c", Some("`OrgA_Id__c`")),
        ("ownner", Some("`Owner`")),
        ("phone", None),
        ("Owner", None),
        ("OwnerId", None),
        // Records may have what org B lacks.
        ("Phone2", None),
        ("Legacy_Number__c", None),
    ] {
        let mut config = config(Operation::Sync, Duration::from_mins(1));
        config.objects.retain(|object| object.name == "Lead");
        config.objects[0].ignore_fields = vec![name.to_owned()];
        match (world.try_sink(config).await, meant) {
            (Err(TaskError::Config(error)), Some(meant)) => {
                let message = error.to_string();
                assert!(message.contains(&format!("`{name}`")) && message.contains(meant), "{message}");
            }
            (sink, meant) => assert_eq!(sink.is_ok(), meant.is_none(), "{name}: {:?}", sink.err()),
        }
    }
}
