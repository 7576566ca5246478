//! Records of other producers, in every format, and records that leave something open: each has a clear outcome.

use orgstream::kafka::{Admin, Cleanup, KafkaConfig, Outgoing, Place, Producer, TopicSpec};
use orgstream_api::{Headers, HealthReporter};
use serde_json::{Value as Json, json};

use crate::support::{RegistryClient, Rest, SchemaStore, World, eventually};

/// The id of a contact in the org that the records are of.
pub(crate) fn id(number: u32) -> String {
    let short = format!("003A0000{number:07}");
    orgstream_salesforce::SalesforceId::parse(&short).expect("an id").to_string()
}

fn kafka(world: &World) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: world.bootstrap_servers.clone(),
        partitions: None,
        replication_factor: None,
        ..KafkaConfig::default()
    }
}

/// A pipeline that only writes contacts, with these keys beside its org and topic. Without a registry the program's own
/// schema store is used.
pub(crate) async fn sink_only(keys: &str, registry: Option<&str>) -> Option<World> {
    let world = World::builder().embedded().build().await?;
    let credentials = world.b.credentials();
    let registry = registry.map(|url| format!("schema_registry: {{ url: \"{url}\" }}")).unwrap_or_default();
    let text = format!(
        "orgs:
  b: {{ url: \"{url}\", auth: {{ flow: client_credentials, client_id: \"{id}\", client_secret: \"{secret}\" }} }}
kafka: {{ bootstrap_servers: \"{brokers}\" }}
{registry}
state: ./state
pipelines:
  {pipeline}:
    sink: {{ org: b, topic: \"{pipeline}.${{object}}\", {keys} }}
    objects:
      Contact: {{ external_id: OrgA_Id__c }}
",
        url = world.b.url(),
        id = credentials.client_id,
        secret = credentials.client_secret,
        brokers = world.bootstrap_servers,
        pipeline = world.pipeline,
    );
    std::fs::write(world.file(), text).expect("the file is written");
    let admin = Admin::connect(&kafka(&world)).await.expect("the broker answers");
    let spec = TopicSpec { name: world.topic("Contact"), partitions: Some(1), cleanup: Cleanup::Delete };
    admin.ensure_topics(&[spec]).await.expect("the topic is made");
    Some(world)
}

/// The key and the value of a record.
pub(crate) type Bytes<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Writes records as they are to the topic of contacts.
pub(crate) async fn produce(world: &World, records: &[Bytes<'_>]) {
    let (health, _listener) = HealthReporter::new();
    let producer = Producer::open(&kafka(world), health).expect("a producer");
    let outgoing = records.iter().map(|(key, value)| Outgoing {
        topic: world.topic("Contact"),
        place: Place::Partition(0),
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Headers::default(),
        timestamp: None,
    });
    producer.send(outgoing.collect()).await.expect("written");
}

pub(crate) async fn produce_values(world: &World, values: &[Vec<u8>]) {
    let records: Vec<_> = values.iter().map(|value| (None, Some(value.as_slice()))).collect();
    produce(world, &records).await;
}

/// The codes of the dead letters, each of which says `words` in this order.
async fn rejected(world: &World, expected: &[(&str, &str)]) {
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), expected.len(), "{letters:#?}");
    for ((code, message), (wanted, word)) in letters.iter().zip(expected) {
        assert!(code == wanted && message.contains(word), "no {wanted} `{word}` in {letters:#?}");
    }
}

/// The contact of org B that stands for this one.
fn contact(world: &World, number: u32) -> Option<Json> {
    world.b.rows("Contact").into_iter().find(|row| row["OrgA_Id__c"] == id(number))
}

/// Bytes behind the id of a schema.
fn framed(schema: u32, datum: &[u8]) -> Vec<u8> {
    [&[0], &schema.to_be_bytes()[..], datum].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_json_is_written_as_the_fields_of_org_b_say_and_poison_is_named() {
    let Some(world) = sink_only("input: { value: json }, on_null: delete", None).await else { return };
    let value = |number, more: Json| {
        let mut value = json!({ "Id": id(number), "LastName": "Čapek", "_EventType": "created" });
        value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        value.to_string().into_bytes()
    };
    let (one, two, three) = (
        value(1, json!({ "Birthdate": "1890-01-09", "HasOptedOutOfEmail": true, "NotInOrgB": 1 })),
        // As JsonConverter writes a date where it writes no schema.
        value(2, json!({ "Birthdate": 19_335, "Department": null })),
        value(3, json!({ "Birthdate": "some day" })),
    );
    let key = id(4);
    let four = json!({ "LastName": "By key", "_EventType": "created" }).to_string();
    produce(
        &world,
        &[
            // A key is not needed, and may be anything that is no id.
            (None, Some(&one)),
            (Some(b"customer 7"), Some(&two)),
            (None, Some(&three)),
            (Some(key.as_bytes()), Some(four.as_bytes())),
            (None, Some(b"{\"Id\":")),
            (Some(key.as_bytes()), Some(b"[1,2]")),
            (None, Some(b"{\"LastName\":\"Nobody\"}")),
            (Some(key.as_bytes()), None),
        ],
    )
    .await;
    let ended = world.sync().await.expect_code(1);
    assert!(ended.stderr.contains("4 record(s) were rejected"), "{}", ended.stderr);
    let one = contact(&world, 1).expect("the first contact");
    assert_eq!((&one["Birthdate"], &one["HasOptedOutOfEmail"]), (&json!("1890-01-09"), &json!(true)));
    assert_eq!(contact(&world, 2).expect("the second contact")["Birthdate"], "2022-12-09");
    // Made by its key and deleted by it.
    assert_eq!(world.b.count("Contact"), 2);
    let mut letters = world.dead_letters().await;
    letters.sort();
    let codes: Vec<&str> = letters.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["MISSING_ID", "NO_FIELDS", "UNREADABLE_VALUE", "VALUE_NOT_WRITABLE"]);
    assert!(letters[2].1.contains("not JSON") && letters[3].1.contains("Birthdate"), "{letters:#?}");
    world.sync().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_with_its_schema_is_read_as_json_converter_writes_it_and_poison_is_named() {
    let keys = "input: { value: json_with_schema, key: unread }, on_unknown_event: skip";
    let Some(world) = sink_only(keys, None).await else { return };
    let field = |name: &str, kind: &str| json!({ "field": name, "type": kind, "optional": true });
    let mut date = field("Birthdate", "int32");
    date["name"] = json!("org.apache.kafka.connect.data.Date");
    let fields = [field("Id", "string"), field("LastName", "string"), date, field("_EventType", "string")];
    let schema = json!({ "type": "struct", "name": "io.confluent.salesforce.Contact", "fields": fields });
    let record = |payload: Json| json!({ "schema": schema, "payload": payload }).to_string().into_bytes();
    let good = record(json!({ "Id": id(1), "LastName": "Čapek", "Birthdate": 0, "_EventType": "created" }));
    let unknown = record(json!({ "Id": id(2), "LastName": "Skipped", "_EventType": "merged" }));
    let poison = record(json!({ "Id": id(3), "LastName": 7, "_EventType": "created" }));
    let key = &b"\xff anything"[..];
    let plain = br#"{"Id":"003A00000000001"}"#;
    produce(
        &world,
        &[(Some(key), Some(&good)), (None, Some(&unknown)), (None, Some(&poison)), (None, Some(plain))],
    )
    .await;
    world.sync().await.expect_code(1);
    assert_eq!(contact(&world, 1).expect("the contact")["Birthdate"], "1970-01-01");
    assert_eq!(world.b.count("Contact"), 1);
    rejected(&world, &[("UNREADABLE_VALUE", "field LastName"), ("UNREADABLE_VALUE", "JsonConverter")]).await;
}

/// A field of a Protobuf message that holds bytes.
fn member(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[(number << 3) | 2, u8::try_from(bytes.len()).expect("a short value")], bytes].concat()
}

const CONTACT: &str = r#"
    syntax = "proto3";
    package crm;
    import "google/type/date.proto";
    message Envelope { message Contact {
        string Id = 1; string LastName = 2; string _EventType = 3;
        google.type.Date Birthdate = 4; optional string Department = 5;
    } }"#;

/// Registers a schema and answers its id.
async fn register(store: &SchemaStore, subject: &str, kind: &str, text: &str) -> u32 {
    let client = RegistryClient::new(&store.url);
    let body = json!({ "schema": text, "schemaType": kind });
    let (status, answer) =
        client.call("POST", &format!("/subjects/{subject}/versions"), Some(&body)).await.expect("an answer");
    assert_eq!(status, 200, "{answer}");
    u32::try_from(answer["id"].as_u64().expect("an id")).expect("a small id")
}

#[tokio::test(flavor = "multi_thread")]
async fn json_schema_protobuf_and_avro_lie_on_one_topic_and_poison_of_each_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let Some(world) = sink_only("nulls: write", Some(&store.url)).await else { return };
    let schema = json!({ "type": "object", "required": ["Id"], "properties": {
        "Id": { "type": "string" }, "LastName": { "type": "string" },
        "Birthdate": { "oneOf": [{ "type": "null" }, { "type": "integer", "title": "org.apache.kafka.connect.data.Date" }] },
    } });
    let json = register(&store, "j-value", "JSON", &schema.to_string()).await;
    let proto = register(&store, "p-value", "PROTOBUF", CONTACT).await;
    let field = |name: &str| json!({ "name": name, "type": ["null", "string", "int"], "default": null });
    let fields = ["Id", "LastName", "_EventType"].map(field);
    let record = json!({ "type": "record", "name": "Contact", "fields": fields });
    let avro = register(&store, "a-value", "AVRO", &record.to_string()).await;

    let of_json = |value: Json| framed(json, value.to_string().as_bytes());
    // One nested message: two places, 0 and 0.
    let of_proto = |fields: &[Vec<u8>]| framed(proto, &[&[4, 0, 0][..], &fields.concat()].concat());
    let (two, three) = (id(2), id(3));
    // 1970-02-03.
    let date = member(4, &[0x08, 0xb2, 0x0f, 0x10, 2, 0x18, 3]);
    let own = member(1, two.as_bytes());
    let texts = [vec![2, 36], three.clone().into_bytes(), vec![4, 14, 2, 14], b"created".to_vec()].concat();
    produce_values(
        &world,
        &[
            of_json(json!({ "Id": id(1), "LastName": "Json", "Birthdate": 1, "_EventType": "created" })),
            of_json(json!({ "Id": id(1), "Birthdate": null, "_EventType": "updated" })),
            of_proto(&[own.clone(), member(2, b"Proto"), member(3, b"created"), date, member(5, b"Sales")]),
            // What is not set is null, and nulls clear.
            of_proto(&[own.clone(), member(2, b"Again"), member(3, b"updated")]),
            framed(avro, &texts),
            of_json(json!({ "LastName": "Nobody" })),
            of_json(json!({ "Id": id(9), "LastName": 9 })),
            framed(json, b"{"),
            of_proto(&[own, vec![0xff]]),
            framed(proto, &[2, 8]),
            framed(avro, &texts[..9]),
        ],
    )
    .await;
    world.sync().await.expect_code(1);
    let (one, two, three) = (contact(&world, 1), contact(&world, 2), contact(&world, 3));
    let one = one.expect("the contact in JSON");
    assert_eq!((&one["LastName"], &one["Birthdate"]), (&json!("Json"), &json!(null)));
    let two = two.expect("the contact in Protobuf");
    assert_eq!(
        (&two["LastName"], &two["Birthdate"], &two["Department"]),
        (&json!("Again"), &json!(null), &json!(null))
    );
    assert_eq!(three.expect("the contact in Avro")["LastName"], "7");
    rejected(
        &world,
        &[
            ("UNREADABLE_VALUE", "field Id: it is missing"),
            ("UNREADABLE_VALUE", "field LastName: 9 is no string"),
            ("UNREADABLE_VALUE", "not JSON"),
            ("UNREADABLE_VALUE", "do not fit the writer's schema"),
            ("UNREADABLE_VALUE", "no message at [4]"),
            ("UNREADABLE_VALUE", "cut off"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_is_said_and_waited_for_and_everything_goes_on_by_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("schemas.db");
    let store = SchemaStore::start(&data);
    let Some(world) = sink_only("operation: upsert", Some(&store.url)).await else { return };
    let known = register(&store, "known", "JSON", r#"{"type":"object"}"#).await;
    let new = register(&store, "new", "JSON", r#"{"type":"object","title":"new"}"#).await;
    let record = |schema, number| {
        framed(schema, json!({ "Id": id(number), "LastName": "Lee" }).to_string().as_bytes())
    };
    let mut running = world.run(&[]);
    produce_values(&world, &[record(known, 1)]).await;
    eventually("the first contact is there", || world.b.count("Contact") == 1).await;
    let port = store.port();
    store.kill();
    // What it said is remembered; what it did not say is waited for.
    produce_values(&world, &[record(known, 2), record(new, 3)]).await;
    running.warns("the schema registry does not answer").await;
    assert!(running.alive());
    let _store = SchemaStore::start_on(&data, port);
    eventually("all contacts are there", || world.b.count("Contact") == 3).await;
    running.terminate().await.expect_code(0);
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_org_b_loses_meanwhile_is_named_and_left_out_and_no_record_is_lost() {
    let Some(world) = sink_only("input: { value: json }, operation: upsert", None).await else { return };
    let in_b = Rest::login(&world.b).await;
    let text = json!({ "type": "Text", "label": "Nick", "length": 40, "required": false });
    let nick = in_b.create_field("Contact.Nick__c", text).await;
    let record = |number: u32| {
        let name = format!("Lee {number}");
        json!({ "Id": id(number), "LastName": name, "Nick__c": "Lee" }).to_string().into_bytes()
    };
    let running = world.run(&[]);
    produce_values(&world, &[record(1)]).await;
    eventually("the first contact is there", || world.b.count("Contact") == 1).await;
    assert_eq!(contact(&world, 1).expect("the contact")["Nick__c"], "Lee");
    in_b.delete_field(&nick).await;
    produce_values(&world, &(2..=20).map(record).collect::<Vec<_>>()).await;
    running.warns("Nick__c").await;
    eventually("all contacts are there", || world.b.count("Contact") == 20).await;
    let ended = running.terminate().await.expect_code(0);
    assert!(ended.stderr.contains("no longer has field Nick__c of Contact"), "{}", ended.stderr);
    assert_eq!(world.dead_letters().await, []);
}
