//! What the file makes of the records of a source: their keys, headers and values, and which there are.

use orgstream::kafka::Consumed;
use serde_json::{Value as Json, json};

use crate::support::{World, WorldBuilder};

/// A source of leads alone, whose every change comes by an event.
fn leads(source: &str) -> WorldBuilder {
    World::builder().embedded().source_only().start_from("earliest").objects("Lead:").source(source)
}

fn lead(name: &str, country: Option<&str>) -> Json {
    json!({ "LastName": name, "Company": "Acme", "Country": country })
}

fn text(bytes: Option<&Vec<u8>>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).expect("text"))
}

fn key(record: &Consumed) -> Option<&str> {
    text(record.key.as_ref())
}

/// The counters of the only source, while a process runs it.
async fn source_counters(world: &World) -> Json {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let status: Json = serde_json::from_str(&shown.stdout).unwrap_or_default();
    status["status"]["pipelines"][0]["tasks"][0]["counters"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_text_values_are_json_and_a_deletion_may_be_a_tombstone() {
    let source = "\
key: { from: stream, pattern: '^Lead-(.{15})' }
value: 'event.type == \"deleted\" ? null : {\"name\": value.LastName, \"what\": event.type}'";
    let Some(world) = leads(source).build().await else { return };
    world.prime().await;
    let id = world.in_a.create("Lead", lead("Kant", None)).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Lead", &id, json!({ "LastName": "Hegel" })).await;
    world.sync().await.expect_code(0);
    world.in_a.delete("Lead", &id).await;
    world.sync().await.expect_code(0);

    let all = world.read(&world.topic("Lead")).await;
    let values: Vec<_> = all.iter().map(|record| text(record.value.as_ref())).collect();
    let [first, .., last] = values.as_slice() else { panic!("{values:?}") };
    assert_eq!(*first, Some(r#"{"name":"Kant","what":"created"}"#));
    assert!(values.contains(&Some(r#"{"name":"Hegel","what":"updated"}"#)), "{values:?}");
    assert_eq!(*last, None);
    for record in &all {
        assert_eq!(key(record), Some(&id[..15]));
        assert_eq!(record.at.partition, all[0].at.partition, "equal keys keep their order");
        assert!(record.headers.text("orgstream.stamp").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_the_files_and_a_key_of_them_that_is_missing_is_as_it_says() {
    let source = "\
headers: { static: { tenant: acme }, computed: { country: value.Country }, prefix: sf- }
key: { from: headers, names: [country, tenant], missing: none }";
    let Some(world) = leads(source).build().await else { return };
    world.prime().await;
    let lone = world.in_a.create("Lead", lead("Kant", None)).await;
    world.in_a.create("Lead", lead("Hegel", Some("DE"))).await;
    let said = world.sync().await.expect_code(0).stderr;
    assert!(said.contains("may lie in several partitions") && said.contains("`country`"), "{said}");

    let all = world.read(&world.topic("Lead")).await;
    let mut keys: Vec<_> = all.iter().map(key).collect();
    keys.sort_unstable();
    assert_eq!(keys, [Some("DE-acme"), Some("acme")]);
    for record in &all {
        assert_eq!(record.headers.text("sf-org"), Some(world.a.id()));
        assert_eq!(record.headers.text("tenant"), Some("acme"));
        assert!(record.headers.iter().all(|(name, _)| !name.starts_with("orgstream.")));
    }

    // Nothing of a key: a real null, beside others of its id.
    world.edit("names: [country, tenant]", "names: [country]");
    world.in_a.update("Lead", &lone, json!({ "Company": "Other" })).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Lead", &lone, json!({ "Company": "Third" })).await;
    world.sync().await.expect_code(0);
    let all = world.read(&world.topic("Lead")).await;
    let without: Vec<_> = all.iter().filter(|record| record.key.is_none()).collect();
    assert!(without.len() >= 2, "{}", all.len());
    assert!(without.iter().all(|record| record.at.partition == without[0].at.partition));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_the_key_that_it_must_have_is_a_dead_letter_and_the_source_goes_on() {
    let source = "key: { from: expression, expr: value.Country, missing: reject }";
    let Some(world) = leads(source).build().await else { return };
    world.prime().await;
    let bad = world.in_a.create("Lead", lead("Kant", None)).await;
    world.in_a.create("Lead", lead("Hegel", Some("DE"))).await;
    let ended = world.sync().await.expect_code(1);
    assert!(ended.stderr.contains("1 record(s) were rejected"), "{}", ended.stderr);

    let letters = world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(key(letter), Some(&*bad));
    let value: Json = serde_json::from_str(text(letter.value.as_ref()).expect("a value")).expect("JSON");
    assert_eq!((&value["Id"], &value["LastName"]), (&json!(bad), &json!("Kant")));
    for (name, said) in [
        ("stage", "TRANSFORMATION"),
        ("topic", &world.topic("Lead")),
        ("exception.class.name", "KEY_MISSING"),
        ("exception.message", "there is no key for it: `value.Country` is null"),
    ] {
        assert_eq!(letter.headers.text(&format!("__connect.errors.{name}")), Some(said), "{name}");
    }
    let all = world.read(&world.topic("Lead")).await;
    assert_eq!(all.iter().map(key).collect::<Vec<_>>(), [Some("DE")]);

    // It is passed, and its next change has what was missing.
    world.in_a.update("Lead", &bad, json!({ "Country": "FR" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.dead_letters().await.len(), 1);
    let mut keys: Vec<_> =
        world.read(&world.topic("Lead")).await.iter().map(|one| key(one).map(str::to_owned)).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys, [Some("DE".to_owned()), Some("FR".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_with_a_key_of_its_own_brings_org_b_to_where_org_a_is() {
    let source = "\
key: { from: stream, pattern: '.{4}$' }
headers: { static: { tenant: acme }, computed: { country: value.BillingCountry } }";
    let objects = "Account: { external_id: OrgA_Id__c }\nContact: { external_id: OrgA_Id__c }";
    let builder = World::builder().embedded().objects(objects).source(source);
    let Some(world) = builder.build().await else { return };
    world.edit("operation: sync", "operation: sync, input: { key: unread }");
    let parent = world.in_a.create("Account", json!({ "Name": "Nordwind" })).await;
    world.sync().await.expect_code(0);
    let child = world.in_a.create("Contact", json!({ "LastName": "Verdi", "AccountId": parent })).await;
    world.in_a.update("Account", &parent, json!({ "Phone": "1" })).await;
    let gone = world.in_a.create("Contact", json!({ "LastName": "Gone" })).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Contact", &child, json!({ "LastName": "Rossi" })).await;
    world.in_a.delete("Contact", &gone).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let contacts = world.read(&world.topic("Contact")).await;
    let suffix = |id: &str| id[id.len() - 4..].to_owned();
    let known = [suffix(&child), suffix(&gone)];
    assert!(contacts.iter().all(|record| key(record).is_some_and(|key| known.contains(&key.to_owned()))));
    assert_eq!(contacts[0].headers.text("tenant"), Some("acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_not_chosen_are_counted_and_passed() {
    let source = "only: { event_types: [created], stream: { pattern: '^Lead-00Q' } }";
    let Some(world) = leads(source).build().await else { return };
    world.prime().await;
    let id = world.in_a.create("Lead", lead("Kant", None)).await;
    world.sync().await.expect_code(0);
    let running = world.run(&[]);
    world.in_a.update("Lead", &id, json!({ "LastName": "Hegel" })).await;
    filtered(&world, 1).await;
    world.in_a.delete("Lead", &id).await;
    filtered(&world, 2).await;
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 1);
}

/// Waits until the running source has left out so many changes.
async fn filtered(world: &World, count: u64) {
    for _ in 0..600 {
        if source_counters(world).await["filtered"].as_u64() >= Some(count) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{count} changes were never left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_known_again_are_repeated_and_none_is_missing() {
    let builder = World::builder().embedded().source_only().objects("Lead:");
    let Some(world) = builder.source("headers: { metadata: false }\nkey: stream_suffix").build().await else {
        return;
    };
    let mut ids = Vec::new();
    for nth in 0..5 {
        ids.push(world.in_a.create("Lead", lead(&format!("Lead {nth}"), None)).await);
    }
    let said = world.sync().await.expect_code(0).stderr;
    assert!(said.contains("cannot be read back"), "{said}");
    world.in_a.delete("Lead", &ids[0]).await;
    ids.push(world.in_a.create("Lead", lead("Late", None)).await);
    world.sync().await.expect_code(0);
    let all = world.read(&world.topic("Lead")).await;
    assert!(all.iter().all(|record| record.headers.iter().next().is_none()));
    for id in &ids {
        assert!(all.iter().any(|record| key(record) == Some(id)), "{id} is missing");
    }
}
