//! Records on the topic, read with the `confluent-kafka` Python package: the format of Confluent's source.

use serde_json::{Value as Json, json};

use crate::support::{World, peer_install};

const SALESFORCE: &str = "io.confluent.salesforce";

#[tokio::test(flavor = "multi_thread")]
async fn records_have_the_names_the_order_the_types_and_the_events_of_confluents_source() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let Some(world) = World::builder().partitions(1).build().await else { return };
    world.prime().await;
    let id = world
        .in_a
        .create(
            "Lead",
            json!({
                "LastName": "Čapek", "Company": "R.U.R.", "Description": "d".repeat(32_000), "AnnualRevenue": 1_234_568,
                "NumberOfEmployees": 12, "Street": "Main 1", "City": "Praha", "Latitude": 50.08
            }),
        )
        .await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    world.in_a.update("Lead", &id, json!({ "Phone": "1" })).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    world.in_a.delete("Lead", &id).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);

    let records = world.read_as_confluent(&python, &world.topic("Lead")).await;
    let events: Vec<&Json> = records.iter().map(|record| &record["value"]["_EventType"]).collect();
    assert_eq!(events, ["created", "updated", "deleted"]);
    schemas_are_confluents(&records[0]);
    values_are_confluents(&records[0], &id);
    a_deletion_has_only_its_id(&records[2], &id);
    headers_say_the_rest(&records[1], world.a.id());
}

fn schemas_are_confluents(record: &Json) {
    let text = |name: &str| {
        serde_json::from_str::<Json>(record[name].as_str().expect("a schema text")).expect("JSON")
    };
    let key = text("key_schema");
    assert_eq!((&key["namespace"], &key["name"]), (&json!(SALESFORCE), &json!("LeadKey")));
    assert_eq!(key["connect.name"], format!("{SALESFORCE}.LeadKey"));
    assert_eq!(key["fields"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&key["fields"][0]["name"], record_type(&key["fields"][0])),
        (&json!("Id"), "string".to_owned())
    );

    let value = text("value_schema");
    assert_eq!((&value["namespace"], &value["name"]), (&json!(SALESFORCE), &json!("Lead")));
    assert_eq!(value["connect.name"], format!("{SALESFORCE}.Lead"));
    let fields = value["fields"].as_array().expect("fields");
    let names: Vec<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    assert_eq!(names[..4], ["Id", "IsDeleted", "MasterRecordId", "LastName"]);
    assert_eq!(names[names.len() - 2..], ["_ObjectType", "_EventType"]);
    let field =
        |name: &str| fields.iter().find(|field| field["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    for (name, avro) in [
        ("LastName", json!("string")),
        ("AnnualRevenue", json!("string")),
        ("NumberOfEmployees", json!("int")),
        ("Latitude", json!("double")),
        ("IsConverted", json!("boolean")),
        ("_EventType", json!("string")),
    ] {
        assert_eq!(field(name)["type"], json!(["null", avro]), "{name}");
        assert_eq!(field(name)["default"], Json::Null, "{name}");
    }
    let date = &field("ConvertedDate")["type"][1];
    assert_eq!((&date["type"], &date["logicalType"]), (&json!("int"), &json!("date")));
    assert_eq!(
        (&date["connect.version"], &date["connect.name"]),
        (&json!(1), &json!("org.apache.kafka.connect.data.Date"))
    );
    let time = &field("CreatedDate")["type"][1];
    assert_eq!((&time["type"], &time["logicalType"]), (&json!("long"), &json!("timestamp-millis")));
    assert_eq!(time["connect.name"], "org.apache.kafka.connect.data.Timestamp");
    let address = &field("Address")["type"][1];
    assert_eq!(address["connect.name"], format!("{SALESFORCE}.Address"));
    let members: Vec<&Json> =
        address["fields"].as_array().expect("members").iter().map(|field| &field["name"]).collect();
    let expected = [
        "GeocodeAccuracy",
        "State",
        "Street",
        "PostalCode",
        "Country",
        "Latitude",
        "City",
        "Longitude",
        "CountryCode",
        "StateCode",
    ];
    assert_eq!(members, expected);
}

/// The Avro type of a required field: `connect.*` attributes around it do not matter here.
fn record_type(field: &Json) -> String {
    field["type"].as_str().or_else(|| field["type"]["type"].as_str()).unwrap_or_default().to_owned()
}

fn values_are_confluents(record: &Json, id: &str) {
    assert_eq!(record["key"], json!({ "Id": id }));
    let value = &record["value"];
    assert_eq!((&value["Id"], &value["_ObjectType"]), (&json!(id), &json!("Lead")));
    assert_eq!((&value["LastName"], &value["Name"]), (&json!("Čapek"), &json!("Čapek")));
    assert_eq!(value["AnnualRevenue"], "1234568.0");
    assert_eq!(value["Description"].as_str().map(str::len), Some(32_000));
    assert_eq!(value["Address"]["City"], "Praha");
    assert_eq!(record["value_raw"]["SystemModstamp"], record["timestamp"]);
}

fn a_deletion_has_only_its_id(record: &Json, id: &str) {
    assert_eq!(record["key"], json!({ "Id": id }));
    for (name, value) in record["value"].as_object().expect("a value") {
        match name.as_str() {
            "Id" => assert_eq!(value, id),
            "_ObjectType" => assert_eq!(value, "Lead"),
            "_EventType" => assert_eq!(value, "deleted"),
            _ => assert_eq!(*value, Json::Null, "{name}"),
        }
    }
}

fn headers_say_the_rest(record: &Json, org: &str) {
    let header = |name: &str| {
        let headers = record["headers"].as_array().expect("headers");
        let found = headers.iter().find(|header| header[0] == format!("orgstream.{name}"));
        found.map(|header| header[1].as_str().expect("text").to_owned())
    };
    assert_eq!(header("org").as_deref(), Some(org));
    assert_eq!(header("origin").as_deref(), Some("stream"));
    assert!(header("channel").is_some_and(|channel| channel.starts_with("/topic/")));
    assert!(header("replay_id").is_some_and(|id| id.parse::<u64>().is_ok()));
    let carried: Vec<String> =
        serde_json::from_str(&header("carried").expect("carried")).expect("an array of names");
    assert!(carried.iter().any(|name| name == "Phone"), "{carried:?}");
}
