//! Ids, versions and lookups.

use super::*;

#[tokio::test]
async fn a_text_has_the_same_id_in_every_subject_and_after_a_restart() {
    let store = Store::start().await;
    let id = store.register("a", avro(&record(&["x"]))).await;
    assert_eq!(store.register("b", avro(&record(&["x"]))).await, id);
    assert_ne!(store.register("a", avro(&record(&["x", "y"]))).await, id);
    let (_, before) = store.get(&format!("/schemas/ids/{id}")).await;
    let store = store.restart().await;
    assert_eq!(store.get(&format!("/schemas/ids/{id}")).await, (200, before.clone()));
    assert_eq!(
        store.get(&format!("/schemas/guids/{}", before["guid"].as_str().unwrap())).await,
        (200, before)
    );
    assert_eq!(store.register("c", avro(&record(&["x"]))).await, id);
    assert_eq!(store.get("/subjects/a/versions").await, (200, json!([1, 2])));
    let (_, places) = store.get(&format!("/schemas/ids/{id}/versions")).await;
    let place = |subject| json!({ "subject": subject, "version": 1 });
    assert_eq!(places, json!([place("a"), place("b"), place("c")]));
    assert_eq!(store.get(&format!("/schemas/ids/{id}/subjects")).await, (200, json!(["a", "b", "c"])));
}

#[tokio::test]
async fn a_text_comes_back_as_it_was_registered_with_every_attribute() {
    let store = Store::start().await;
    let text = r#"{ "type": "record", "name": "R", "connect.name": "R", "x-own": [1.50],
        "fields": [ {"name": "a", "type": {"type": "int", "connect.version": 1}} ] }"#;
    let id = store.register("s", json!({ "schema": text })).await;
    for path in [&format!("/schemas/ids/{id}"), "/subjects/s/versions/1", "/subjects/s/versions/latest"] {
        assert_eq!(store.get(path).await.1["schema"], text, "{path}");
    }
    let raw: Json = serde_json::from_str(text).unwrap();
    assert_eq!(store.get("/subjects/s/versions/-1/schema").await, (200, raw.clone()));
    assert_eq!(store.get(&format!("/schemas/ids/{id}/schema")).await, (200, raw.clone()));

    // White space makes no other schema, an attribute does.
    assert_eq!(store.register("s", avro(&raw)).await, id);
    let mut other = raw;
    other["connect.name"] = json!("Other");
    assert_ne!(store.register("s", avro(&other)).await, id);
}

#[tokio::test]
async fn a_lookup_finds_the_version_that_holds_a_schema() {
    let store = Store::start().await;
    assert_eq!(store.post("/subjects/s", avro(&record(&["a"]))).await, (404, json!(40401)));
    store.register("s", avro(&record(&["a"]))).await;
    let id = store.register("s", avro(&record(&["a", "b"]))).await;
    let (status, found) =
        store.post("/subjects/s?normalize=False&deleted=False", avro(&record(&["a", "b"]))).await;
    assert_eq!(
        (status, &found["version"], &found["id"], &found["subject"]),
        (200, &json!(2), &json!(id), &json!("s"))
    );
    assert_eq!(store.post("/subjects/s", avro(&record(&["c"]))).await, (404, json!(40403)));
    // The same text in another language is another schema.
    assert_eq!(store.post("/subjects/s", json_schema(&record(&["a"]))).await, (404, json!(40403)));
}

#[tokio::test]
async fn lists_show_what_was_asked_for() {
    let store = Store::start().await;
    for (subject, fields) in
        [("a-value", &["x"][..]), ("a-value", &["x", "y"]), ("b-value", &["x"]), ("b-key", &[])]
    {
        store.register(subject, avro(&record(fields))).await;
    }
    store.delete("/subjects/b-key").await;
    for (query, expected) in [
        ("", json!(["a-value", "b-value"])),
        ("?deleted=true", json!(["a-value", "b-key", "b-value"])),
        ("?deletedOnly=true", json!(["b-key"])),
        ("?subjectPrefix=b", json!(["b-value"])),
        ("?subjectPrefix=:*:a", json!(["a-value"])),
        ("?subjectPrefix=%25", json!([])),
        ("?offset=1&limit=1", json!(["b-value"])),
        ("?offset=0&limit=-1", json!(["a-value", "b-value"])),
    ] {
        assert_eq!(store.get(&format!("/subjects{query}")).await, (200, expected), "{query}");
    }
    let all = async |query: &str| {
        let (_, found) = store.get(&format!("/schemas{query}")).await;
        let found = found.as_array().unwrap().iter();
        found
            .map(|schema| format!("{}/{}", schema["subject"].as_str().unwrap(), schema["version"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(all("").await, ["a-value/1", "a-value/2", "b-value/1"]);
    assert_eq!(all("?latestOnly=true").await, ["a-value/2", "b-value/1"]);
    assert_eq!(all("?latestOnly=true&deleted=true").await, ["a-value/2", "b-key/1", "b-value/1"]);
    assert_eq!(all("?subjectPrefix=a&offset=1&limit=5").await, ["a-value/2"]);
    assert_eq!(store.get("/schemas/types").await, (200, json!(["JSON", "PROTOBUF", "AVRO"])));
    assert_eq!(store.get("/").await, (200, json!({})));
}

#[tokio::test]
async fn subjects_may_have_any_name() {
    let store = Store::start().await;
    for name in ["a%2Fb", "%C4%8Dapek-value", "with%20space", ":.ctx:s", "..", "latest"] {
        let path = format!("/subjects/{name}/versions");
        let url = format!("{}{}", store.url().as_str().trim_end_matches('/'), path);
        if url.parse::<Url>().unwrap().path() != path {
            continue;
        }
        store.register(name, avro(&record(&[]))).await;
        assert_eq!(store.get(&path).await, (200, json!([1])), "{name}");
    }
    let (_, subjects) = store.get("/subjects").await;
    assert_eq!(subjects, json!([":.ctx:s", "a/b", "latest", "with space", "čapek-value"]));
}

#[tokio::test]
async fn a_schema_is_understood_with_what_it_refers_to() {
    let store = Store::start().await;
    let reference = |name: &str, subject: &str, version: i64| json!({ "name": name, "subject": subject, "version": version });
    let named = |name: &str, kind: Json| json!({ "type": "record", "name": name, "fields": [{ "name": "f", "type": kind }] });
    store.register("street", avro(&named("Street", json!("string")))).await;
    let mut address = avro(&named("Address", json!("Street")));
    assert_eq!(store.post("/subjects/address/versions", address.clone()).await, (422, json!(42201)));
    address["references"] = json!([reference("Street", "street", -1)]);
    let address_id = store.register("address", address).await;
    let mut person = avro(&named("Person", json!("Address")));
    person["references"] = json!([reference("Address", "address", 1)]);
    store.register("person", person.clone()).await;
    let (_, found) = store.get("/subjects/address/versions/1").await;
    assert_eq!(found["references"], json!([reference("Street", "street", 1)]));
    assert_eq!(store.get("/subjects/street/versions/1/referencedby").await, (200, json!([address_id])));
    person["references"] = json!([reference("Address", "address", 2)]);
    assert_eq!(store.post("/subjects/person/versions", person).await, (422, json!(42201)));

    let mut schema = json_schema(&json!({ "$ref": "address.json" }));
    schema["references"] = json!([reference("address.json", "address", 1)]);
    assert_eq!(store.post("/subjects/mixed/versions", schema).await, (422, json!(42201)));

    store.register("m.proto", protobuf("syntax = \"proto3\"; package p; message M { int32 a = 1; }")).await;
    let mut importing = protobuf(
        "syntax = \"proto3\"; import \"m.proto\"; import \"google/protobuf/timestamp.proto\"; message N { p.M m = 1; google.protobuf.Timestamp t = 2; }",
    );
    assert_eq!(store.post("/subjects/n/versions", importing.clone()).await, (422, json!(42201)));
    importing["references"] = json!([reference("m.proto", "m.proto", 1)]);
    store.register("n", importing).await;
    let (status, compiled) = store.get("/subjects/n/versions/1?format=serialized").await;
    assert_eq!(status, 200, "{compiled}");
    // The compiled form is the same schema.
    let id = compiled["id"].as_u64().unwrap();
    let again = json!({ "schema": compiled["schema"], "schemaType": "PROTOBUF", "references": compiled["references"] });
    assert_eq!(store.register("n", again).await, id);
}

#[tokio::test]
async fn schemas_registered_at_once_get_one_version_each_and_equal_ones_the_same() {
    let store = Store::start().await;
    let names: Vec<String> = (0..8).map(|number| format!("f{number}")).collect();
    let calls = (0..24).map(|call| {
        let fields = record(&[names[call % 8].as_str()]);
        let store = &store;
        async move { (call % 8, store.register("s", avro(&fields)).await) }
    });
    let ids: std::collections::BTreeSet<(usize, u64)> =
        futures_util::future::join_all(calls).await.into_iter().collect();
    assert_eq!(ids.len(), 8, "{ids:?}");
    assert_eq!(store.get("/subjects/s/versions").await, (200, json!([1, 2, 3, 4, 5, 6, 7, 8])));
}
