//! The embedded schema store beside a real registry: the same requests, the same answers.

use serde_json::{Value as Json, json};

use crate::support::{RegistryClient, SchemaStore, shared_peers};

/// How the two registries compare on one request.
enum Expected {
    /// The same status, the same `error_code`, and the same members where both have them.
    Same,
    /// Not so, each with its status and `error_code`, for this reason.
    Differs { ours: (u16, u64), theirs: (u16, u64), why: &'static str },
}

use Expected::{Differs, Same};

const NO_SUCH_PATH: &str = "Apicurio does not offer the path";
const VERSIONS_ARE_TEXT: &str = "Apicurio takes any text for a version; Confluent's registry has 42202";

/// `ours` and `theirs` with the reason.
const fn differs(ours: (u16, u64), theirs: (u16, u64), why: &'static str) -> Expected {
    Differs { ours, theirs, why }
}

/// Requests in order; `S` stands for a subject that nobody else has.
fn requests() -> Vec<(&'static str, &'static str, Option<Json>, Expected)> {
    let a = || optional("a");
    let one = || Some(avro(&[a()]));
    let two = || Some(avro(&[a(), optional("b")]));
    let required = || Some(avro(&[a(), optional("b"), json!({ "name": "c", "type": "string" })]));
    let text = |text: &str| Some(json!({ "schema": text }));
    let level = |word: &str| Some(json!({ "compatibility": word }));
    let json_schema = |properties: Json, open: bool| {
        let schema = json!({ "type": "object", "properties": properties, "additionalProperties": open });
        Some(json!({ "schema": schema.to_string(), "schemaType": "JSON" }))
    };
    let (string, both) = (
        json!({ "a": { "type": "string" } }),
        json!({ "a": { "type": "string" }, "b": { "type": "string" } }),
    );
    let proto = |body: &str| {
        Some(
            json!({ "schema": format!("syntax = \"proto3\"; message M {{ {body} }}"), "schemaType": "PROTOBUF" }),
        )
    };
    let referring = |version: u32| {
        let mut schema = avro(&[json!({ "name": "f", "type": "R" })]);
        schema["schema"] =
            schema["schema"].as_str().map(|text| text.replacen("\"R\"", "\"Outer\"", 1)).into();
        schema["references"] = json!([{ "name": "R", "subject": "S-ref", "version": version }]);
        Some(schema)
    };
    vec![
        ("GET", "/schemas/types", None, Same),
        ("GET", "/config", None, Same),
        ("GET", "/mode", None, differs((200, 0), (404, 0), NO_SUCH_PATH)),
        // Nothing is there yet.
        ("GET", "/subjects/S/versions", None, Same),
        ("GET", "/subjects/S/versions/1", None, Same),
        ("GET", "/subjects/S/versions/latest", None, Same),
        ("POST", "/subjects/S", one(), Same),
        ("DELETE", "/subjects/S", None, Same),
        ("DELETE", "/subjects/S/versions/1", None, Same),
        ("DELETE", "/config/S", None, Same),
        ("GET", "/schemas/ids/999999", None, Same),
        ("GET", "/schemas/ids/999999/versions", None, Same),
        (
            "GET",
            "/config/S",
            None,
            differs(
                (404, 40408),
                (404, 40401),
                "Apicurio asks for the subject first; Confluent's registry has 40408",
            ),
        ),
        ("POST", "/compatibility/subjects/S/versions/1", one(), Same),
        (
            "POST",
            "/compatibility/subjects/S/versions/latest",
            one(),
            differs((200, 0), (404, 40402), "in Confluent's registry a first schema is compatible"),
        ),
        // Registering.
        ("POST", "/subjects/S/versions", one(), Same),
        ("POST", "/subjects/S/versions", one(), Same),
        ("POST", "/subjects/S/versions", two(), Same),
        ("POST", "/subjects/S/versions", required(), Same),
        ("POST", "/subjects/S/versions", text("{"), Same),
        ("POST", "/subjects/S/versions", text("{\"type\":\"record\"}"), Same),
        ("POST", "/subjects/S/versions", Some(json!({ "schema": "\"int\"", "schemaType": "XML" })), Same),
        ("GET", "/subjects/S/versions", None, Same),
        ("GET", "/subjects/S/versions/1", None, Same),
        ("GET", "/subjects/S/versions/latest", None, Same),
        ("GET", "/subjects/S/versions/-1", None, Same),
        ("GET", "/subjects/S/versions/1/schema", None, Same),
        ("GET", "/subjects/S/versions/1/referencedby", None, Same),
        ("GET", "/subjects/S/versions/9", None, Same),
        ("GET", "/subjects/S/versions/0", None, differs((422, 42202), (404, 40402), VERSIONS_ARE_TEXT)),
        ("GET", "/subjects/S/versions/x", None, differs((422, 42202), (404, 40402), VERSIONS_ARE_TEXT)),
        ("POST", "/subjects/S", two(), Same),
        ("POST", "/subjects/S", required(), Same),
        ("POST", "/compatibility/subjects/S/versions/latest", required(), Same),
        ("POST", "/compatibility/subjects/S/versions/latest?verbose=true", required(), Same),
        ("POST", "/compatibility/subjects/S/versions", one(), Same),
        ("POST", "/compatibility/subjects/S/versions/1", two(), Same),
        ("POST", "/compatibility/subjects/S/versions/9", two(), Same),
        ("POST", "/compatibility/subjects/S/versions/latest", text("{"), Same),
        // Levels.
        ("PUT", "/config/S", level("FULL"), Same),
        ("GET", "/config/S", None, Same),
        ("POST", "/compatibility/subjects/S/versions/latest", required(), Same),
        ("PUT", "/config/S", level("FORWARD"), Same),
        ("POST", "/compatibility/subjects/S/versions/latest", required(), Same),
        (
            "PUT",
            "/config/S",
            level("SIDEWAYS"),
            differs((422, 42203), (400, 0), "Apicurio cannot read the word"),
        ),
        ("DELETE", "/config/S", None, Same),
        // Avro: what else resolution knows.
        ("POST", "/subjects/S-number/versions", text("\"int\""), Same),
        ("POST", "/subjects/S-number/versions", text("\"long\""), Same),
        ("POST", "/subjects/S-number/versions", text("\"int\""), Same),
        ("POST", "/subjects/S-number/versions", text("[\"null\",\"long\"]"), Same),
        ("POST", "/subjects/S-number/versions", text("\"double\""), Same),
        (
            "POST",
            "/subjects/S-enum/versions",
            text(r#"{"type":"enum","name":"E","symbols":["A","B"]}"#),
            Same,
        ),
        ("POST", "/subjects/S-enum/versions", text(r#"{"type":"enum","name":"E","symbols":["A"]}"#), Same),
        (
            "POST",
            "/subjects/S-enum/versions",
            text(r#"{"type":"enum","name":"Other","symbols":["A","B"]}"#),
            Same,
        ),
        (
            "POST",
            "/subjects/S-enum/versions",
            text(r#"{"type":"enum","name":"E","symbols":["A","B","C"]}"#),
            Same,
        ),
        ("POST", "/subjects/S-alias/versions", Some(avro(&[json!({ "name": "a", "type": "int" })])), Same),
        (
            "POST",
            "/subjects/S-alias/versions",
            Some(avro(&[json!({ "name": "b", "type": "int", "aliases": ["a"] })])),
            Same,
        ),
        // References.
        ("POST", "/subjects/S-ref/versions", one(), Same),
        ("POST", "/subjects/S-outer/versions", referring(9), Same),
        ("POST", "/subjects/S-outer/versions", referring(1), Same),
        ("DELETE", "/subjects/S-ref/versions/1", None, Same),
        ("DELETE", "/subjects/S-ref", None, Same),
        // JSON Schema and Protobuf.
        ("POST", "/subjects/S-closed/versions", json_schema(string.clone(), false), Same),
        ("POST", "/subjects/S-closed/versions", json_schema(both.clone(), false), Same),
        (
            "POST",
            "/subjects/S-closed/versions",
            json_schema(json!({ "a": { "type": "integer" } }), false),
            Same,
        ),
        ("POST", "/subjects/S-open/versions", json_schema(string, true), Same),
        (
            "POST",
            "/subjects/S-open/versions",
            json_schema(both, true),
            differs(
                (200, 0),
                (409, 409),
                "an open schema allows anything under a name it does not mention; here it is taken to describe all that \
                 is written",
            ),
        ),
        ("POST", "/subjects/S-proto/versions", proto("string a = 1;"), Same),
        ("POST", "/subjects/S-proto/versions", proto("string a = 1; string b = 2;"), Same),
        ("POST", "/subjects/S-proto/versions", proto("int32 a = 1; string b = 2;"), Same),
        ("POST", "/subjects/S-proto/versions", proto("string a"), Same),
        // Deleting.
        (
            "DELETE",
            "/subjects/S/versions/1?permanent=true",
            None,
            differs(
                (404, 40407),
                (409, 40407),
                "the status is the code's first three digits in Confluent's registry",
            ),
        ),
        ("DELETE", "/subjects/S/versions/1", None, Same),
        (
            "DELETE",
            "/subjects/S/versions/1",
            None,
            differs(
                (404, 40406),
                (409, 40406),
                "the status is the code's first three digits in Confluent's registry",
            ),
        ),
        ("GET", "/subjects/S/versions/1", None, Same),
        ("GET", "/subjects/S/versions/1?deleted=true", None, Same),
        ("GET", "/subjects/S/versions", None, Same),
        ("GET", "/subjects/S/versions?deleted=true", None, Same),
        ("DELETE", "/subjects/S/versions/1?permanent=true", None, Same),
        ("GET", "/subjects/S/versions/1?deleted=true", None, Same),
        ("DELETE", "/subjects/S/versions/9", None, Same),
        ("DELETE", "/subjects/S", None, Same),
        ("DELETE", "/subjects/S", None, Same),
        ("GET", "/subjects/S/versions", None, Same),
        ("POST", "/subjects/S/versions", two(), Same),
        ("GET", "/subjects/S/versions", None, Same),
        ("DELETE", "/subjects/S", None, Same),
        ("DELETE", "/subjects/S?permanent=true", None, Same),
        ("GET", "/subjects/S/versions?deleted=true", None, Same),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_answers_as_a_real_registry_does() {
    let Some((_, registry)) = shared_peers() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let subject = format!("s{}", uuid::Uuid::new_v4().simple());
    let (ours, theirs) = (RegistryClient::new(&store.url), RegistryClient::new(&registry.url()));
    let mut wrong = Vec::new();
    for (method, path, body, expected) in requests() {
        let path = path.replace("/S", &format!("/{subject}"));
        let body = body.map(|body| {
            serde_json::from_str::<Json>(&body.to_string().replace("\"S-", &format!("\"{subject}-")))
                .expect("JSON")
        });
        let ours = ours.call(method, &path, body.as_ref()).await.expect("the store answers");
        let theirs = theirs.call(method, &path, body.as_ref()).await.expect("the registry answers");
        let right = match expected {
            Same => outcome(&ours) == outcome(&theirs) && agree(&ours.1, &theirs.1),
            Differs { ours: us, theirs: them, .. } => (outcome(&ours), outcome(&theirs)) == (us, them),
        };
        if !right {
            let why = if let Differs { why, .. } = expected { why } else { "" };
            wrong.push(format!(
                "{method} {path} {why}\n  ours: {} {}\n  theirs: {} {}",
                ours.0, ours.1, theirs.0, theirs.1
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The status and the `error_code`; 0 when there is none.
fn outcome((status, body): &(u16, Json)) -> (u16, u64) {
    (*status, body["error_code"].as_u64().unwrap_or(0))
}

/// Whether two answers say the same, as far as both say it. Ids are each registry's own, as are words.
fn agree(ours: &Json, theirs: &Json) -> bool {
    let own = ["id", "guid", "message", "error_code"];
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => ours
            .iter()
            .filter(|(key, _)| !own.contains(&key.as_str()))
            .all(|(key, value)| theirs.get(key).is_none_or(|other| other == value)),
        (ours, theirs) => ours == theirs,
    }
}

fn avro(fields: &[Json]) -> Json {
    json!({ "schema": json!({ "type": "record", "name": "R", "fields": fields }).to_string() })
}

fn optional(name: &str) -> Json {
    json!({ "name": name, "type": ["null", "string"], "default": null })
}
