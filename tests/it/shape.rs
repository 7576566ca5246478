//! What the file says of single records: which are produced, with which fields, on which topics.

use orgstream::codec::{Codec, Registry};
use orgstream_api::record::header;
use orgstream_api::{HealthReporter, Struct, Value};
use serde_json::{Value as Json, json};

use crate::lost_topics::delete;
use crate::support::World;

const LEAD: &str = "Lead:";

fn lead(name: &str, company: &str) -> Json {
    json!({ "LastName": name, "FirstName": "Ann", "Company": company, "Fax": "030" })
}

/// The values on a topic, each with the fields that it carries.
async fn values(world: &World, topic: &str) -> Vec<(Struct, String)> {
    let registry = world.registry.as_ref().expect("a real registry").parse::<url::Url>().expect("a url");
    let codec = Codec::new(Registry::connect(&registry, HealthReporter::new().0).await.expect("it answers"));
    let mut values = Vec::new();
    for record in world.read(topic).await {
        let decoded = codec.decode(record.key.as_deref(), record.value.as_deref()).await.expect("Avro");
        let carried = record.headers.text(header::CARRIED).expect("the header is there").to_owned();
        values.push((decoded.value.expect("a value"), carried));
    }
    values
}

fn text<'a>(value: &'a Struct, field: &str) -> &'a str {
    value.value(field).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_leaves_records_out_and_never_deletions_and_all_is_still_accounted_for() {
    let world = World::builder()
        .source_only()
        .objects(LEAD)
        .source("filter: value.Company != 'Other' && double(value.AnnualRevenue) >= 0.0")
        .build();
    let Some(world) = world.await else { return };
    world.in_a.create("Lead", json!({ "LastName": "Row", "Company": "Other", "AnnualRevenue": 1 })).await;
    world.in_a.create("Lead", json!({ "LastName": "Row", "Company": "Acme", "AnnualRevenue": 1 })).await;
    world.prime().await;
    let gone = world.in_a.create("Lead", lead("Gone", "Other")).await;
    // Its revenue is null, of which there is no number: a record that cannot be judged passes.
    world.in_a.create("Lead", lead("Unjudged", "Acme")).await;
    world.sync().await.expect_code(0);
    world.in_a.delete("Lead", &gone).await;
    let ended = world.sync().await.expect_code(0);
    assert!(!ended.stderr.contains("not on its topics"), "{}", ended.stderr);

    let all = values(&world, &world.topic("Lead")).await;
    let mut all: Vec<_> =
        all.iter().map(|(value, _)| (text(value, "_EventType"), text(value, "LastName"))).collect();
    // They are in different partitions, which have no order among each other.
    all.sort_unstable();
    assert_eq!(all, [("created", "Row"), ("created", "Unjudged"), ("deleted", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_renamed_computed_and_left_out() {
    let fields = "\
Lead:
  source:
    fields:
      Firm: { from: Company }
      Fax:
      FullName: { value: 'value.FirstName + \" \" + value.LastName', type: string }
      Length: { value: size(value.Company), type: int }
";
    let Some(world) = World::builder().source_only().objects(fields).build().await else { return };
    let id = world.in_a.create("Lead", lead("Lee", "Acme")).await;
    world.sync().await.expect_code(0);
    world.in_a.delete("Lead", &id).await;
    world.sync().await.expect_code(0);

    let all = values(&world, &world.topic("Lead")).await;
    let [(created, carried), (deleted, deleted_carries)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((text(created, "Firm"), text(created, "FullName")), ("Acme", "Ann Lee"));
    assert_eq!(created.value("Length"), Some(&Value::Int32(4)));
    assert!(created.value("Fax").is_none() && created.value("Company").is_none());
    for (name, is_carried) in
        [("Firm", true), ("FullName", true), ("Length", true), ("Fax", false), ("Company", false)]
    {
        assert_eq!(carried.contains(&format!("\"{name}\"")), is_carried, "{name} in {carried}");
    }
    assert_eq!((text(deleted, "_EventType"), deleted_carries.as_str()), ("deleted", r#"["Id"]"#));
    assert_eq!(deleted.schema(), created.schema());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_object_lacks_is_a_fault_of_that_object_alone() {
    let objects = "\
Lead: { source: { filter: value.Compny == 'x' } }
Account:
";
    let Some(world) = World::builder().source_only().objects(objects).build().await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let ended = world.sync().await.expect_code(1);
    assert!(ended.stderr.contains("names the field `Compny`"), "{}", ended.stderr);
    assert_eq!(values(&world, &world.topic("Account")).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_records_name_are_made_on_first_use_and_missed_when_they_are_gone() {
    let Some(world) = World::builder().source_only().objects(LEAD).build().await else { return };
    let template = format!("{}.${{object}}", world.pipeline);
    world.edit(&template, &format!("{}.${{org}}.${{object}}.${{Company}}.${{event_type}}", world.pipeline));
    let topic = |company: &str, event: &str| format!("{}.a.Lead.{company}.{event}", world.pipeline);
    let id = world.in_a.create("Lead", lead("One", "Acme & Co")).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Lead", &id, json!({ "Company": "Other" })).await;
    world.in_a.create("Lead", lead("Two", "Other")).await;
    world.sync().await.expect_code(0);
    for topic in [topic("Acme___Co", "created"), topic("Other", "updated"), topic("Other", "created")] {
        assert_eq!(values(&world, &topic).await.len(), 1, "{topic}");
    }

    delete(&world, &topic("Other", "updated")).await;
    let ended = world.sync().await.expect_code(1);
    assert!(ended.stderr.contains(&topic("Other", "updated")), "{}", ended.stderr);
    assert!(ended.stderr.contains("--snapshot"), "{}", ended.stderr);
}
