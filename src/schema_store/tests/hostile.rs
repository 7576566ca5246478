//! Bodies that no client sends. Each is answered with a status of 400 to 499, and the store goes on.

use proptest::prelude::*;

use super::*;

fn nested(levels: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
}

/// A record whose types are each one level deep and stand for all before them.
fn chain(levels: usize, innermost: &str) -> Json {
    let field = |level: usize| {
        let inner = if level == 0 { innermost.to_owned() } else { format!("C{}", level - 1) };
        let fields = json!([{ "name": "f", "type": inner }]);
        json!({ "name": format!("f{level}"), "type": { "type": "record", "name": format!("C{level}"), "fields": fields } })
    };
    record_of(&(0..levels).map(field).collect::<Vec<_>>())
}

/// A compiled file, in base64, whose messages nest.
fn descriptor(levels: usize) -> String {
    use base64::Engine as _;
    // Field 1 of a message is its name, field 3 a message in it; field 4 of a file is a message.
    let field = |tag: u8, inner: &[u8]| {
        let (mut field, mut left) = (vec![tag], inner.len());
        while left >= 0x80 {
            field.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
            left >>= 7;
        }
        field.push(u8::try_from(left).unwrap());
        [&field, inner].concat()
    };
    let mut message = field(0x0a, b"M");
    for level in 1..levels {
        let inner = field(0x1a, &message);
        message = [field(0x0a, format!("M{level}").as_bytes()), inner].concat();
    }
    base64::engine::general_purpose::STANDARD.encode(field(0x22, &message))
}

#[tokio::test]
async fn no_body_brings_the_store_down() {
    let store = Store::start().await;
    let schema = |kind: &str, text: &str| json!({ "schemaType": kind, "schema": text }).to_string();
    let array = |levels| nested(levels, r#"{"type":"array","items":"#, "\"int\"", "}");
    let doubling: Vec<Json> = (1..40_u32)
        .map(|level| {
            let below = format!("T{}", level - 1);
            json!({ "name": format!("f{level}"), "type": { "type": "record", "name": format!("T{level}"), "fields":
                [{ "name": "a", "type": below }, { "name": "b", "type": below }] } })
        })
        .collect();
    let mut fields = vec![json!({ "name": "f0", "type": { "type": "fixed", "name": "T0", "size": 1 } })];
    fields.extend(doubling);
    let bodies = [
        String::new(),
        "null".into(),
        "[]".into(),
        "{".into(),
        "{}".into(),
        "\u{0}".into(),
        r#"{"schema": 7}"#.into(),
        r#"{"schema": null}"#.into(),
        r#"{"schema": ""}"#.into(),
        r#"{"schema": "\"int\"", "schemaType": "XML"}"#.into(),
        r#"{"schema": "\"int\"", "references": 3}"#.into(),
        r#"{"schema": "\"int\"", "references": [{"name": "a", "subject": "s", "version": -9223372036854775808}]}"#.into(),
        r#"{"schema": "\"int\"", "metadata": {"properties": {"a": "b"}}}"#.into(),
        r#"{"schema": "\"int\"", "id": 7}"#.into(),
        r#"{"schema": "\"int\"", "version": 7}"#.into(),
        nested(100_000, "[", "", "]"),
        nested(100_000, "{\"schema\":", "1", "}"),
        schema("AVRO", "int"),
        schema("AVRO", "{}"),
        schema("AVRO", "7"),
        schema("AVRO", "\"no such type\""),
        schema("AVRO", &nested(100_000, "[", "", "]")),
        schema("AVRO", &array(10_000)),
        schema("AVRO", r#"{"type":"fixed","name":"F","size":-1}"#),
        schema("AVRO", r#"{"type":"record","name":"R"}"#),
        schema("AVRO", r#"{"type":"record","name":"R","fields":[{"name":"f","type":"R","default":{}}]}"#),
        schema("AVRO", r#"{"type":"enum","name":"E","symbols":["A","A"]}"#),
        schema("AVRO", &record_of(&fields).to_string()),
        schema("AVRO", &chain(5_000, "int").to_string()),
        schema("JSON", "7"),
        schema("JSON", "\"text\""),
        schema("JSON", &nested(100_000, r#"{"not":"#, "{}", "}")),
        schema("PROTOBUF", "message"),
        schema("PROTOBUF", "message M { string a = 0; }"),
        schema("PROTOBUF", "import \"/etc/passwd\"; message M { }"),
        schema("PROTOBUF", "import \"_schema.proto\"; message M { }"),
        schema("PROTOBUF", "AAAA"),
        schema("PROTOBUF", &descriptor(5_000)),
        schema("PROTOBUF", &nested(100_000, "message M {", "", "}")),
        schema("PROTOBUF", &format!("option (a) = {};", nested(100_000, "{ a: ", "1", "}"))),
        schema("PROTOBUF", &format!("message M {{ optional int32 a = {}1; }}", "-".repeat(100_000))),
    ];
    for body in bodies {
        for path in ["/subjects/s/versions", "/subjects/s", "/compatibility/subjects/s/versions/latest"] {
            let (status, answer) =
                store.send("POST", path, REGISTRY_JSON, Some(body.clone().into_bytes())).await;
            let shown: String = body.chars().take(120).collect();
            assert!((400..500).contains(&status), "{path} {shown}: {status} {answer}");
            assert!(answer["error_code"].as_u64().is_some_and(|code| code >= 400), "{answer}");
            assert!(
                answer["message"].as_str().is_some_and(|text| !text.is_empty() && text.len() < 4_000),
                "{answer}"
            );
        }
    }
    assert_eq!(store.get("/subjects").await, (200, json!([])));
}

#[tokio::test]
async fn the_deepest_schemas_that_are_taken_fit_the_stack() {
    let store = Store::start().await;
    let wrap = |text: String| json!({ "schema": text });
    let array = |levels| nested(levels, r#"{"type":"array","items":"#, "\"int\"", "}");
    store.register("a", wrap(array(120))).await;
    store.register("a", wrap(array(120).replace("int", "long"))).await;
    let object = |levels, kind: &str| {
        let (open, close) = (r#"{"type":"object","properties":{"p":"#, "}}");
        json!({ "schema": nested(levels, open, &format!("{{{kind}}}"), close), "schemaType": "JSON" })
    };
    store.register("j", object(60, "\"title\":\"a\"")).await;
    store.register("j", object(60, "\"title\":\"b\"")).await;
    let message = |kind: &str| {
        let open = "message M { string a = 1; ";
        protobuf(&format!(
            "syntax = \"proto3\"; {}",
            nested(30, open, &format!("message N {{ {kind} b = 1; }}"), "}")
        ))
    };
    store.register("p", message("string")).await;
    assert_eq!(store.post("/subjects/p/versions", message("int32")).await, (409, json!(409)));

    store.register("d", protobuf(&descriptor(80))).await;
    for kind in ["int", "long"] {
        store.register("c", avro(&chain(100, kind))).await;
    }

    // A chain of references nests as deep as its texts together.
    let link = |number: u32, inner: &str| {
        let deep = nested(20, r#"{"type":"array","items":"#, inner, "}");
        format!(r#"{{"type":"record","name":"L{number}","fields":[{{"name":"f","type":{deep}}}]}}"#)
    };
    store.register("l0", wrap(link(0, "\"int\""))).await;
    let mut refused = 0;
    for number in 1..20 {
        let before = format!("L{}", number - 1);
        let mut body = wrap(link(number, &format!("\"{before}\"")));
        body["references"] = json!([{ "name": before, "subject": before.to_lowercase(), "version": 1 }]);
        let (status, _) = store.post(&format!("/subjects/l{number}/versions"), body).await;
        refused += u32::from(status == 422);
    }
    assert!(refused > 0);
    assert_eq!(store.get("/").await.0, 200);
}

#[tokio::test]
async fn requests_are_bounded_and_of_a_clients_type() {
    let store = Store::start().await;
    let path = "/subjects/s/versions";
    let body = || Some(avro(&record(&["a"])).to_string().into_bytes());
    for refused in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        assert_eq!(store.send("POST", path, refused, body()).await.0, 415, "{refused}");
    }
    for taken in
        ["application/json; charset=utf-8", "application/octet-stream", "Application/VND.SchemaRegistry+JSON"]
    {
        assert_eq!(store.send("POST", path, taken, body()).await.0, 200, "{taken}");
    }
    let long = json!({ "schema": "x".repeat(3 * 1024 * 1024) }).to_string().into_bytes();
    let (status, answer) = store.send("POST", path, REGISTRY_JSON, Some(long)).await;
    assert_eq!((status, &answer["error_code"]), (413, &json!(413)));
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("PUT", "/subjects", 405),
        ("GET", "/subjects/%FF/versions", 400),
        ("GET", "/subjects/s/versions/%FF", 400),
        ("GET", "/subjects?offset=x", 400),
        ("GET", "/schemas/ids/x", 404),
        ("GET", "/schemas/ids/99999999999999999999", 404),
        ("GET", "/schemas/guids/x", 404),
        ("GET", "/subjects/s/versions/99999999999", 422),
        ("GET", "/subjects/s/versions/1?format=resolved", 422),
    ] {
        assert_eq!(store.call(method, path, None).await.0, status, "{method} {path}");
    }
}

/// Schemas that are almost right.
fn almost() -> impl Strategy<Value = Json> {
    let word = prop_oneof![
        Just("record"),
        Just("enum"),
        Just("array"),
        Just("map"),
        Just("fixed"),
        Just("int"),
        Just("bytes"),
        Just("R"),
        Just("object"),
        Just("#/$defs/R"),
        Just(""),
        Just("decimal"),
        Just("a.b.C"),
        Just("null"),
    ];
    let leaf = prop_oneof![
        word.prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null),
    ];
    let key = prop_oneof![
        Just("type"),
        Just("name"),
        Just("namespace"),
        Just("fields"),
        Just("items"),
        Just("values"),
        Just("symbols"),
        Just("size"),
        Just("default"),
        Just("aliases"),
        Just("logicalType"),
        Just("precision"),
        Just("scale"),
        Just("properties"),
        Just("required"),
        Just("$ref"),
        Just("$defs"),
        Just("additionalProperties"),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            proptest::collection::vec((key.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Each of them is a schema or is not; none is more than that.
    #[test]
    fn schemas_that_are_almost_right_are_understood_or_refused(
        texts in proptest::collection::vec(almost(), 2),
        protobuf in "(message|enum|M|E|\\{|\\}|string|a|=|1|;|oneof|map|<|>|,|repeated|import|\"x\"| ){0,40}",
    ) {
        use crate::schema_store::schema::{Document, SchemaType, Source};
        let parse = |schema_type, text: String| {
            Document::parse(&Source { schema_type, text, references: Vec::new(), referenced: Vec::new() }).ok()
        };
        let mut documents: Vec<Document> = Vec::new();
        for text in &texts {
            documents.extend(parse(SchemaType::Avro, text.to_string()));
            documents.extend(parse(SchemaType::Json, text.to_string()));
        }
        documents.extend(parse(SchemaType::Protobuf, protobuf));
        for one in &documents {
            prop_assert_eq!(one.obstacle_to_reading(one), None, "{:?}", one);
            for other in &documents {
                one.obstacle_to_reading(other);
            }
        }
    }
}
