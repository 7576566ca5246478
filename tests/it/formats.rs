//! Records in Avro, JSON Schema and Protobuf: written and read by the program, and by `confluent-kafka` for Python.

use serde_json::{Value as Json, json};

use crate::inputs::{id, produce, sink_only};
use crate::support::{SchemaStore, World, peer_install, run_script};

/// The languages of a registry with their words in the file and on its wire.
const LANGUAGES: [(&str, &str); 3] = [("avro", "AVRO"), ("json_schema", "JSON"), ("protobuf", "PROTOBUF")];

/// What Python says of the topic of leads. A schema store of the program compiles Protobuf for it.
async fn read(world: &World, python: &str, registry: &str, compiler: &str) -> Vec<Json> {
    let more = ["--compiler", compiler, "read"];
    let lines = run_script(python, &script(world, registry, "Lead", &more), &[]).await;
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn script<'a>(world: &'a World, registry: &'a str, object: &str, more: &[&'a str]) -> Vec<&'a str> {
    let topic: &'static str = world.topic(object).leak();
    let mut all = vec!["python/formats.py", "--bootstrap-servers", &world.bootstrap_servers];
    all.extend(["--registry", registry, "--topic", topic]);
    all.extend(more);
    all
}

/// Leads from org A to org B as `language` writes them, read by Python on the way.
async fn leads_arrive(world: &World, python: &str, (registry, compiler): (&str, &str), language: &str) {
    world.prime().await;
    let lead = json!({
        "LastName": "Čapek", "Company": "R.U.R.", "Description": "d".repeat(20_000), "AnnualRevenue": 1_234_568,
        "NumberOfEmployees": 12, "Street": "Main 1", "City": "Praha", "Latitude": 50.08
    });
    let id = world.in_a.create("Lead", lead).await;
    let gone = world.in_a.create("Lead", json!({ "LastName": "Nobody", "Company": "x" })).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Lead", &id, json!({ "Phone": "1", "City": null })).await;
    world.in_a.delete("Lead", &gone).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let rows = world.b.rows("Lead");
    let [row] = rows.as_slice() else { panic!("{language}: {rows:#?}") };
    assert_eq!((&row["LastName"], &row["Phone"], &row["City"]), (&json!("Čapek"), &json!("1"), &json!(null)));
    assert_eq!((&row["NumberOfEmployees"], &row["Latitude"]), (&json!(12), &json!(50.08)));

    let records = read(world, python, registry, compiler).await;
    let word = LANGUAGES.iter().find(|(own, _)| *own == language).expect("a language").1;
    assert!(records.iter().all(|record| record["format"] == word), "{language}: {records:#?}");
    let of = |event: &str, id: &str| {
        let is =
            |record: &&Json| record["value"]["_EventType"] == event && record["key"] == json!({ "Id": id });
        records.iter().find(is).unwrap_or_else(|| panic!("{language}: no {event} in {records:#?}"))
    };
    let value = &of("created", &id)["value"];
    for (name, expected) in [
        ("Id", json!(id)),
        ("LastName", json!("Čapek")),
        ("Description", json!("d".repeat(20_000))),
        ("AnnualRevenue", json!("1234568.0")),
        ("NumberOfEmployees", json!(12)),
        ("Latitude", json!(50.08)),
        ("IsConverted", json!(false)),
        ("Phone", Json::Null),
        ("_ObjectType", json!("Lead")),
    ] {
        assert_eq!(value[name], expected, "{language}: {name}");
    }
    assert_eq!(value["Address"]["City"], "Praha", "{language}");
    let created = row_of(world, &id)["CreatedDate"].clone();
    let moment = created.as_str().map(|text| text[..19].to_owned()).expect("a datetime");
    let written = match language {
        // The number of milliseconds.
        "json_schema" => {
            let millis = value["CreatedDate"].as_i64().expect("a number");
            orgstream_salesforce::datetime::format_datetime(millis)
        }
        _ => value["CreatedDate"].as_str().expect("a moment").replace(' ', "T"),
    };
    assert_eq!(written[..19], moment, "{language}");
    let updated = of("updated", &id);
    assert_eq!((&updated["value"]["Phone"], &updated["value"]["City"]), (&json!("1"), &Json::Null));
    assert_eq!(of("deleted", &gone)["value"]["LastName"], Json::Null, "{language}");
}

fn row_of(world: &World, id: &str) -> Json {
    let rows = world.a.rows("Lead");
    rows.into_iter().find(|row| row["Id"] == id).expect("the lead of org a")
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_arrive_in_every_language_and_python_reads_them_with_the_programs_own_schema_store() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    for (language, _) in LANGUAGES {
        let output = format!("output: {{ value: {language} }}");
        let world = World::builder().embedded().objects("Lead: { external_id: OrgA_Id__c }").source(&output);
        let Some(world) = world.build().await else { return };
        world.edit(
            "state: ./state",
            &format!("schema_registry: {{ url: \"{}\" }}\nstate: ./state", store.url),
        );
        leads_arrive(&world, &python, (&store.url, &store.url), language).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_arrive_in_every_language_and_python_reads_them_with_a_real_registry() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    for (language, _) in LANGUAGES {
        let output = format!("output: {{ value: {language} }}");
        let world = World::builder().objects("Lead: { external_id: OrgA_Id__c }").source(&output);
        let Some(world) = world.build().await else { return };
        let registry = world.registry.clone().expect("a registry");
        leads_arrive(&world, &python, (&registry, &store.url), language).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pythons_serializers_write_in_every_language_arrives() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let Some(world) = sink_only("nulls: ignore", Some(&store.url)).await else { return };
    let ids = [id(1), id(2), id(3)].join(",");
    run_script(&python, &script(&world, &store.url, "Contact", &["write", &ids]), &[]).await;
    world.sync().await.expect_code(0);
    let rows = world.b.rows("Contact");
    for (number, name) in [(1, "Avro"), (2, "Json"), (3, "Proto")] {
        let row = rows.iter().find(|row| row["OrgA_Id__c"] == id(number)).expect(name);
        let found = ["LastName", "Birthdate", "Department"].map(|field| row[field].clone());
        assert_eq!(found, [json!(name), json!("1890-01-09"), json!("R.U.R.")], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_passed_over_by_its_text() {
    let keys = "input: { value: json_or_text }, when: 'value != \"heartbeat\"'";
    let Some(world) = sink_only(keys, None).await else { return };
    let contact = json!({ "Id": id(1), "LastName": "Čapek", "_EventType": "created" }).to_string();
    let key = id(1);
    let values: [&[u8]; 3] = [b"heartbeat", contact.as_bytes(), b"no JSON"];
    produce(&world, &values.map(|value| (Some(key.as_bytes()), Some(value)))).await;
    world.sync().await.expect_code(1);
    assert_eq!(world.b.rows("Contact")[0]["LastName"], "Čapek");
    // The text that is not passed over has no fields to write.
    let letters = world.dead_letters().await;
    let codes: Vec<&str> = letters.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["NO_FIELDS"], "{letters:#?}");
    world.sync().await.expect_code(0);
}
