//! Which changes a subject takes, by level and by language.

use super::*;

impl Store {
    /// Whether each level takes `new` after `old`, in the order backward, forward, full; and the reasons.
    async fn takes(&self, old: &Json, new: &Json) -> ([bool; 3], String) {
        let (mut taken, mut reasons) = ([false; 3], String::new());
        self.put("/config/s", json!({ "compatibility": "NONE" })).await;
        self.register("s", old.clone()).await;
        for (place, level) in ["BACKWARD", "FORWARD", "FULL"].into_iter().enumerate() {
            self.put("/config/s", json!({ "compatibility": level })).await;
            let (status, verdict) =
                self.post("/compatibility/subjects/s/versions/latest?verbose=true", new.clone()).await;
            assert_eq!(status, 200, "{verdict}");
            taken[place] = verdict["is_compatible"].as_bool().unwrap();
            assert_eq!(taken[place], verdict["messages"].as_array().unwrap().is_empty());
            reasons = verdict["messages"].to_string();

            // Registering says the same.
            let (status, _) = self.post("/subjects/s/versions", new.clone()).await;
            assert_eq!(status, if taken[place] { 200 } else { 409 }, "{level} {new}");
            if taken[place] {
                self.delete("/subjects/s/versions/latest").await;
            }
        }
        self.delete("/subjects/s").await;
        self.delete("/subjects/s?permanent=true").await;
        (taken, reasons)
    }

    async fn expect(&self, expected: [bool; 3], old: Json, new: Json) {
        let (taken, reasons) = self.takes(&old, &new).await;
        assert_eq!(taken, expected, "{old} -> {new}: {reasons}");
    }
}

const BOTH: [bool; 3] = [true, true, true];
const BACKWARD: [bool; 3] = [true, false, false];
const FORWARD: [bool; 3] = [false, true, false];
const NEITHER: [bool; 3] = [false, false, false];

#[tokio::test]
async fn avro_follows_the_rules_of_schema_resolution() {
    let store = Store::start().await;
    let required = |name: &str, kind: Json| json!({ "name": name, "type": kind });
    let of = |kind: Json| avro(&record_of(&[required("f", kind)]));
    let two = |fields: [Json; 2]| avro(&record_of(&fields));
    let b = |fields: Json| json!({ "type": "record", "name": "B", "fields": fields });
    let (int, long, text) = (json!("int"), json!("long"), json!("string"));
    let optional_b = |fields: Json| json!({ "name": "x", "type": ["null", b(fields)], "default": null });
    let of_y = |kind: Json| avro(&record_of(&[required("y", kind)]));
    let symbols = |symbols: &[&str]| avro(&json!({ "type": "enum", "name": "E", "symbols": symbols }));
    for (expected, old, new) in [
        (BOTH, avro(&record(&["a"])), avro(&record(&["a", "b"]))),
        (BOTH, avro(&record(&["a", "b"])), avro(&record(&["b"]))),
        (FORWARD, avro(&record(&[])), of(int.clone())),
        (BACKWARD, of(int.clone()), avro(&record(&[]))),
        (BACKWARD, of(int.clone()), of(long.clone())),
        (NEITHER, of(int.clone()), of(text.clone())),
        (BACKWARD, of(int.clone()), of(json!(["null", "int"]))),
        (FORWARD, of(json!(["null", "int", "string"])), of(json!(["null", "int"]))),
        (BACKWARD, symbols(&["A"]), symbols(&["A", "B"])),
        // A type that moved to another place where it is used is still the same type.
        (
            BOTH,
            two([required("x", b(json!([]))), required("y", json!("B"))]),
            two([required("y", b(json!([]))), required("x", json!("B"))]),
        ),
        // A type that changed is found wherever it is defined.
        (
            FORWARD,
            two([optional_b(json!([])), required("y", json!("B"))]),
            of_y(b(json!([required("n", int.clone())]))),
        ),
        (NEITHER, of(b(json!([required("n", int)]))), of(b(json!([required("n", text)])))),
        // A list of itself.
        (
            BACKWARD,
            avro(&record_of(&[required("v", json!("int")), required("next", json!(["null", "R"]))])),
            avro(&record_of(&[required("v", json!("long")), required("next", json!(["null", "R"]))])),
        ),
        (NEITHER, avro(&record(&[])), json_schema(&json!({}))),
    ] {
        store.expect(expected, old, new).await;
    }
}

#[tokio::test]
async fn a_json_schema_may_get_optional_properties_and_what_cannot_be_checked_is_refused() {
    let store = Store::start().await;
    let object = |properties: Json| json!({ "type": "object", "properties": properties });
    let with = |mut schema: Json, key: &str, value: Json| {
        schema[key] = value;
        schema
    };
    let (text, a) = (json!({ "type": "string" }), object(json!({ "a": { "type": "string" } })));
    let ab = object(json!({ "a": text, "b": text }));
    let closed = |schema: &Json| with(schema.clone(), "additionalProperties", json!(false));
    let nested = |inner: &Json| object(json!({ "o": inner }));
    let list = |inner: &Json| json!({ "type": "array", "items": inner });
    let definition = |inner: &Json| json!({ "$ref": "#/$defs/T", "$defs": { "T": inner } });
    for (expected, old, new) in [
        (BOTH, a.clone(), ab.clone()),
        (BACKWARD, closed(&a), closed(&ab)),
        (BOTH, nested(&a), nested(&ab)),
        (BACKWARD, list(&closed(&a)), list(&closed(&ab))),
        (BACKWARD, definition(&closed(&a)), definition(&closed(&ab))),
        (FORWARD, a.clone(), with(ab.clone(), "required", json!(["b"]))),
        (BACKWARD, with(a.clone(), "required", json!(["a"])), a.clone()),
        (BOTH, a.clone(), with(a.clone(), "title", json!("A"))),
        (BOTH, a.clone(), object(json!({ "a": { "type": "string", "connect.index": 1 } }))),
        // Wider for who knows the whole language; here it cannot be told.
        (NEITHER, a.clone(), object(json!({ "a": { "type": ["string", "null"] } }))),
        (NEITHER, a.clone(), with(a.clone(), "maxProperties", json!(9))),
        (NEITHER, a.clone(), closed(&a)),
        (NEITHER, json!({ "anyOf": [a] }), json!({ "anyOf": [a, text] })),
        (NEITHER, json!(true), json!(false)),
        (NEITHER, object(json!({ "a": true })), object(json!({ "a": {} }))),
    ] {
        store.expect(expected, json_schema(&old), json_schema(&new)).await;
    }
    let (_, reasons) = store.takes(&json_schema(&a), &json_schema(&closed(&a))).await;
    assert!(reasons.contains("cannot be checked") && reasons.contains("additionalProperties"), "{reasons}");
}

#[tokio::test]
async fn a_protobuf_message_may_get_fields_that_are_not_required() {
    let store = Store::start().await;
    let proto3 = |body: &str| protobuf(&format!("syntax = \"proto3\"; {body}"));
    let proto2 = |body: &str| protobuf(&format!("syntax = \"proto2\"; {body}"));
    for (expected, old, new) in [
        (
            BOTH,
            proto3("message M { string a = 1; }"),
            proto3("message M { string a = 1; repeated int32 b = 2; }"),
        ),
        (
            BOTH,
            proto3("message M { string a = 1; }"),
            proto3("message M { string a = 1; optional int32 b = 2; }"),
        ),
        (
            BOTH,
            proto3("message M { map<string, int32> a = 1; }"),
            proto3("message M { map<string, int32> a = 1; string b = 2; }"),
        ),
        (BACKWARD, proto3("message M { }"), proto3("message M { } message N { }")),
        (BACKWARD, proto3("enum E { A = 0; }"), proto3("enum E { A = 0; B = 1; }")),
        (
            BACKWARD,
            proto3("message M { oneof o { int32 a = 1; } }"),
            proto3("message M { oneof o { int32 a = 1; int32 b = 2; } }"),
        ),
        (FORWARD, proto2("message M { }"), proto2("message M { required int32 a = 1; }")),
        (NEITHER, proto3("message M { string a = 1; }"), proto3("message M { int32 a = 1; }")),
        (NEITHER, proto3("message M { string a = 1; }"), proto3("message M { string b = 1; }")),
        (NEITHER, proto3("message M { string a = 1; }"), proto3("message M { repeated string a = 1; }")),
        (NEITHER, proto3("message M { string a = 1; }"), proto3("package p; message M { string a = 1; }")),
        (
            NEITHER,
            proto3("message M { N n = 1; message N { int32 a = 1; } }"),
            proto3("message M { N n = 1; message N { string a = 1; } }"),
        ),
        (NEITHER, proto2("message M { }"), proto3("message M { }")),
    ] {
        store.expect(expected, old, new).await;
    }
}

#[tokio::test]
async fn transitive_levels_look_at_every_version_and_the_others_at_the_latest() {
    let store = Store::start().await;
    let text = json!({ "name": "f", "type": "string", "default": "" });
    let number = json!({ "name": "f", "type": "int", "default": 0 });
    store.register("s", avro(&record_of(&[text]))).await;
    store.register("s", avro(&record_of(&[]))).await;
    let path = "/subjects/s/versions";
    let changed = avro(&record_of(&[number]));
    for level in ["BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"] {
        store.put("/config/s", json!({ "compatibility": level })).await;
        assert_eq!(store.post(path, changed.clone()).await, (409, json!(409)), "{level}");
        let (_, verdict) = store.post(&format!("/compatibility{path}?verbose=true"), changed.clone()).await;
        assert!(verdict["messages"].to_string().contains("version 1"), "{verdict}");
    }
    let (_, verdict) = store.post(&format!("/compatibility{path}/2"), changed.clone()).await;
    assert_eq!(verdict, json!({ "is_compatible": true }));
    let (_, verdict) = store.post(&format!("/compatibility{path}/1"), changed.clone()).await;
    assert_eq!(verdict, json!({ "is_compatible": false }));
    for level in ["BACKWARD", "FORWARD", "FULL"] {
        store.put("/config/s", json!({ "compatibility": level })).await;
        assert_eq!(store.post(path, changed.clone()).await.0, 200, "{level}");
        store.delete(&format!("{path}/latest")).await;
    }
    store.put("/config/s", json!({ "compatibility": "NONE" })).await;
    assert_eq!(store.post(path, avro(&json!("int"))).await.0, 200);
}

#[tokio::test]
async fn a_changed_reference_is_followed_for_avro_and_refused_where_it_cannot_be() {
    let store = Store::start().await;
    let b = |fields: Json| avro(&json!({ "type": "record", "name": "B", "fields": fields }));
    let reference = |name: &str, version: u64| json!([{ "name": name, "subject": "b", "version": version }]);
    store.put("/config/b", json!({ "compatibility": "NONE" })).await;
    store.register("b", b(json!([]))).await;
    store.register("b", b(json!([{ "name": "n", "type": "int" }]))).await;
    store.register("b", b(json!([{ "name": "n", "type": "int", "default": 0 }]))).await;
    let a = |version: u64| {
        let mut schema = avro(&record_of(&[json!({ "name": "f", "type": "B" })]));
        schema["references"] = reference("B", version);
        schema
    };
    store.register("a", a(1)).await;
    assert_eq!(store.post("/subjects/a/versions", a(2)).await, (409, json!(409)));
    assert_eq!(store.post("/subjects/a/versions", a(3)).await.0, 200);

    store.register("b", json_schema(&json!({ "type": "string" }))).await;
    store.register("b", json_schema(&json!({ "type": "string", "title": "T" }))).await;
    let referring = |version: u64| {
        let mut schema = json_schema(&json!({ "$ref": "b" }));
        schema["references"] = reference("b", version);
        schema
    };
    store.register("j", referring(4)).await;
    assert_eq!(store.post("/subjects/j/versions", referring(5)).await, (409, json!(409)));
}

#[tokio::test]
async fn a_subject_or_version_that_is_not_there_has_its_own_code() {
    let store = Store::start().await;
    let path = "/compatibility/subjects/s/versions";
    let compatible = (200, json!({ "is_compatible": true }));
    assert_eq!(store.post(&format!("{path}/latest"), avro(&record(&[]))).await, compatible);
    assert_eq!(store.post(path, avro(&record(&[]))).await, compatible);
    assert_eq!(store.post(&format!("{path}/1"), avro(&record(&[]))).await, (404, json!(40402)));
    assert_eq!(store.post(&format!("{path}/0"), avro(&record(&[]))).await, (422, json!(42202)));
    assert_eq!(store.post(path, json!({ "schema": "{" })).await, (422, json!(42201)));
}
