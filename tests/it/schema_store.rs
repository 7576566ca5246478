//! The embedded schema store as a process: killed, and under `confluent-kafka` for Python.

use std::sync::Arc;

use orgstream::codec::{Codec, Registry};
use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};
use serde_json::{Value as Json, json};

use crate::support::{RegistryClient, SchemaStore, peer_install, run_script};

fn avro(fields: &[Json]) -> Json {
    json!({ "schema": json!({ "type": "record", "name": "R", "fields": fields }).to_string() })
}

fn optional(name: &str) -> Json {
    json!({ "name": name, "type": ["null", "string"], "default": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("schemas.db");
    let store = SchemaStore::start(&data);
    let client = RegistryClient::new(&store.url);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let (subject, body) =
                        (format!("s{writer}-{number}"), avro(&[optional(&format!("f{number}"))]));
                    let path = format!("/subjects/{subject}/versions");
                    let Some((200, answer)) = client.call("POST", &path, Some(&body)).await else { break };
                    acknowledged.push((subject, body, answer["id"].clone()));
                }
                acknowledged
            })
        })
        .collect();
    // Killed while the writers write: after some of them have been answered.
    while client
        .call("POST", "/subjects/s0-20", Some(&avro(&[optional("f20")])))
        .await
        .is_some_and(|it| it.0 != 200)
    {
        tokio::task::yield_now().await;
    }
    store.kill();
    let store = SchemaStore::start(&data);
    let client = RegistryClient::new(&store.url);
    let mut checked = 0;
    for writer in writers {
        for (subject, body, id) in writer.await.expect("a writer does not panic") {
            let (status, found) =
                client.call("POST", &format!("/subjects/{subject}"), Some(&body)).await.expect("an answer");
            assert_eq!(
                (status, &found["id"], &found["version"]),
                (200, &id, &json!(1)),
                "{subject}: {found}"
            );
            let (_, by_id) =
                client.call("GET", &format!("/schemas/ids/{id}"), None).await.expect("an answer");
            assert_eq!(by_id["schema"], body["schema"], "{subject}");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} registrations");
}

#[tokio::test(flavor = "multi_thread")]
async fn confluents_python_client_and_ours_read_each_others_records() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("schemas.db");
    let store = SchemaStore::start(&data);
    let script = async |store: &SchemaStore, arguments: &[String]| -> Json {
        let mut all = vec!["python/serializers.py", "--registry", &store.url];
        all.extend(arguments.iter().map(String::as_str));
        serde_json::from_str(&run_script(&python, &all, &[]).await).expect("the script prints JSON")
    };
    let written = script(&store, &["write".to_owned()]).await;
    let hex = |format: &str| written[format].as_str().expect("hexadecimal digits").to_owned();

    // What Python wrote, we read.
    let url: url::Url = store.url.parse().expect("a URL");
    let codec =
        Codec::new(Registry::connect(&url, HealthReporter::new().0).await.expect("the store answers"));
    let text = |text: &str| Value::String(text.into());
    // 1920-01-02T00:00:00Z, where the schema says that it is a time.
    let moment = || Value::Timestamp(-1_577_836_800_000);
    for (format, name, since) in [
        ("avro", "people.Person", text("1920-01-02T00:00:00Z")),
        ("avro_referring", "people.Person", moment()),
        ("json", "Person", text("1920-01-02T00:00:00Z")),
        ("json_referring", "Person", moment()),
        ("protobuf", "people.Person", moment()),
        ("nested", "people.Outer.Inner", Value::Null),
    ] {
        let decoded = codec.decode(None, Some(&bytes(&hex(format)))).await;
        let person = decoded.unwrap_or_else(|error| panic!("{format}: {error}")).value.expect("a value");
        assert_eq!((person.schema().name(), person.value("name")), (name, Some(&text("Čapek"))), "{format}");
        if format != "nested" {
            assert_eq!(person.value("since"), Some(&since), "{format}");
            let address = person.value("address").expect("an address").to_json();
            assert_eq!(address, json!({ "city": "Praha" }), "{format}");
        }
    }

    // What we write, and what a client of Java registers, Python reads; over a restart.
    let schema = Schema::new("io.confluent.salesforce.Account", vec![Field::required("Id", Type::String)]);
    let mut account = Struct::new(Arc::new(schema));
    account.set("Id", Value::String("001000000000001AAA".into()));
    let record = Record { key: None, value: Some(account), headers: Headers::default(), timestamp: 0 };
    let ours = codec.encode("accounts", &record).await.expect("it is encoded").value.expect("a value");
    let source = r#"
        syntax = "proto3";
        package people;
        import "address.proto";
        import "google/protobuf/timestamp.proto";
        message Person {
            string name = 1;
            Address address = 2;
            google.protobuf.Timestamp since = 3;
            string nickname = 4; // new
        }"#;
    let reference = json!([{ "name": "address.proto", "subject": "address.proto", "version": 1 }]);
    let body = json!({ "schema": source, "schemaType": "PROTOBUF", "references": reference });
    let client = RegistryClient::new(&store.url);
    let path = "/subjects/people.protobuf-value/versions";
    let (status, registered) = client.call("POST", path, Some(&body)).await.expect("an answer");
    assert_eq!((status, &registered["version"]), (200, &json!(2)), "{registered}");
    let id = registered["id"].as_u64().expect("an id");
    let framed = format!("00{id:08x}{}", &hex("protobuf")[10..]);
    store.kill();

    let store = SchemaStore::start(&data);
    let expected =
        json!({ "name": "Čapek", "address": { "city": "Praha" }, "since": "1920-01-02T00:00:00Z" });
    let arguments = ["avro", "json", "protobuf"].map(|format| format!("{format}={}", hex(format)));
    let read = script(&store, &[&["read".to_owned()], &arguments[..]].concat()).await;
    assert_eq!(read, json!({ "avro": expected, "json": expected, "protobuf": expected }));
    let ours = ours.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let arguments = ["read".to_owned(), format!("avro={ours}"), format!("protobuf={framed}")];
    let read = script(&store, &arguments).await;
    assert_eq!(read, json!({ "avro": { "Id": "001000000000001AAA" }, "protobuf": expected }));
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
    digits.collect::<Result<_, _>>().expect("hexadecimal digits")
}
