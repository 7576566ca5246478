//! Avro whose schema stands in the file, with nothing before the values: read and written by the program and by `fastavro`.

use serde_json::{Value as Json, json};

use crate::inputs::{id, produce, sink_only};
use crate::support::{RegistryClient, SchemaStore, World, peer_install, run_script};

/// What Python does with the records of a topic.
async fn python(world: &World, python: &str, object: &str, schema: &str, more: &[&str]) -> Vec<Json> {
    let topic = world.topic(object);
    let mut all =
        vec!["python/unframed.py", "--bootstrap-servers", &world.bootstrap_servers, "--topic", &topic];
    all.extend(["--schema", schema]);
    all.extend(more);
    let lines = run_script(python, &all, &[]).await;
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_python_writes_without_framing_arrives_and_poison_is_named() {
    let Some(peer) = peer_install("python/install.sh") else { return };
    let schema = json!({ "type": "record", "name": "Contact", "namespace": "crm", "fields": [
        { "name": "Id", "type": "string" }, { "name": "LastName", "type": "string" },
        { "name": "_EventType", "type": { "type": "enum", "name": "Event", "symbols": ["updated", "created"] } },
        { "name": "Birthdate", "type": ["null", { "type": "int", "logicalType": "date" }], "default": null },
    ] });
    let Some(world) = sink_only("input: { value: avro_unframed, schema: contact.avsc }", None).await else {
        return;
    };
    let file = world.file().with_file_name("contact.avsc");
    std::fs::write(&file, schema.to_string()).expect("the schema is written");
    let contact = |number: u32, name: &str| {
        json!({ "Id": id(number), "LastName": name, "_EventType": "created", "Birthdate": -29_212 })
            .to_string()
    };
    let lines = [contact(1, "Čapek"), contact(2, "Havel")].join("\n");
    let schema = file.to_str().expect("a path in UTF-8");
    python(&world, &peer, "Contact", schema, &["write", &lines]).await;
    produce(&world, &[(None, Some(b"\x02x")), (Some(b"any key"), Some(b"{\"Id\":1}"))]).await;
    world.sync().await.expect_code(1);
    let mut rows = world.b.rows("Contact");
    rows.sort_by_key(|row| row["LastName"].to_string());
    let found: Vec<_> =
        rows.iter().map(|row| (&row["OrgA_Id__c"], &row["LastName"], &row["Birthdate"])).collect();
    let (one, two, born) = (json!(id(1)), json!(id(2)), json!("1890-01-08"));
    assert_eq!(found, [(&two, &json!("Havel"), &born), (&one, &json!("Čapek"), &born)]);
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 2, "{letters:#?}");
    assert!(letters.iter().all(|(code, _)| code == "UNREADABLE_VALUE"), "{letters:#?}");
    world.sync().await.expect_code(0);
}

/// The schema of leads as a source registers it.
async fn registered() -> Option<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let world = World::builder().embedded().objects("Lead: { external_id: OrgA_Id__c }").build().await?;
    world.edit("state: ./state", &format!("schema_registry: {{ url: \"{}\" }}\nstate: ./state", store.url));
    world.prime().await;
    world.in_a.create("Lead", json!({ "LastName": "x", "Company": "x" })).await;
    world.sync().await.expect_code(0);
    let path = format!("/subjects/{}-value/versions/latest", world.topic("Lead"));
    let (status, answer) = RegistryClient::new(&store.url).call("GET", &path, None).await.expect("an answer");
    assert_eq!(status, 200, "{answer}");
    answer["schema"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_written_without_framing_and_python_and_the_sink_read_them() {
    let Some(peer) = peer_install("python/install.sh") else { return };
    let Some(schema) = registered().await else { return };
    let output = "output: { value: avro_unframed, schema: lead.avsc }";
    let world = World::builder().embedded().objects("Lead: { external_id: OrgA_Id__c }").source(output);
    let Some(world) = world.build().await else { return };
    let file = world.file().with_file_name("lead.avsc");
    std::fs::write(&file, schema).expect("the schema is written");
    world.prime().await;
    let lead = json!({ "LastName": "Čapek", "Company": "R.U.R.", "City": "Praha", "NumberOfEmployees": 12 });
    let id = world.in_a.create("Lead", lead).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Lead", &id, json!({ "Phone": "1" })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let records = python(&world, &peer, "Lead", file.to_str().expect("a path in UTF-8"), &["read"]).await;
    assert!(records.iter().all(|record| record["key"] == json!(id)), "{records:#?}");
    let events: Vec<_> = records.iter().map(|record| &record["value"]["_EventType"]).collect();
    assert_eq!(events, ["created", "updated"]);
    let updated = &records[1]["value"];
    assert_eq!((&updated["LastName"], &updated["Phone"]), (&json!("Čapek"), &json!("1")));
    assert_eq!((&updated["Address"]["City"], &updated["NumberOfEmployees"]), (&json!("Praha"), &json!(12)));
}
