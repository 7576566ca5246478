//! A typed record to bytes and back, on one core, in every format that a source writes.

use std::sync::Arc;
use std::time::Duration;

use orgstream::codec::{Codec, Language, Output, Registry, Written};
use orgstream::schema_store::{Given, Options, SchemaStore};
use orgstream::store::Database;
use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};

use super::process::rate;
use super::{Figure, figure};

const RECORDS: u32 = 100_000;
/// The best counts: what else runs on the machine only ever takes from its caches.
const ROUNDS: u32 = 5;

const FORMATS: [(&str, Written); 5] = [
    ("Avro", Written::Registry(Language::Avro)),
    ("JSON Schema", Written::Registry(Language::JsonSchema)),
    ("Protobuf", Written::Registry(Language::Protobuf)),
    ("JSON with its schema", Written::JsonWithSchema),
    ("JSON", Written::Json),
];

pub(super) fn figures() -> Vec<Figure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let database = Database::open(std::path::Path::new(Database::IN_MEMORY)).expect("a database");
        let store = SchemaStore::start(Options { port: 0, database, given: Given::default() })
            .await
            .expect("the store starts");
        let health = HealthReporter::new().0;
        let codec = Codec::new(Registry::connect(store.url(), health).await.expect("it answers"));
        let mut figures = Vec::new();
        for (name, written) in FORMATS {
            figures.extend(of(name, &codec.clone().writing(Output::of(written.clone(), written))).await);
        }
        store.stop().await;
        figures
    })
}

async fn of(name: &str, codec: &Codec) -> [Figure; 2] {
    let record = lead();
    let topic = format!("bench-{name}").replace(' ', "-");
    let bytes = codec.encode(&topic, &record).await.expect("it encodes");
    let size = bytes.value.as_deref().unwrap_or_default().len();
    let (mut encoded, mut decoded) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let began = processor_time();
        for _ in 0..RECORDS {
            std::hint::black_box(codec.encode(&topic, &record).await.expect("it encodes"));
        }
        encoded = encoded.min(Duration::from_nanos(processor_time() - began));
        let began = processor_time();
        for _ in 0..RECORDS {
            let decoded = codec.decode(bytes.key.as_deref(), bytes.value.as_deref()).await;
            std::hint::black_box(decoded.expect("it decodes"));
        }
        decoded = decoded.min(Duration::from_nanos(processor_time() - began));
    }
    let what = format!("lead of 40 fields and its key, {size} bytes of {name}");
    [
        figure(format!("{what}: encoded on one core"), rate(u64::from(RECORDS), encoded)),
        figure(format!("{what}: decoded on one core"), rate(u64::from(RECORDS), decoded)),
    ]
}

/// The nanoseconds that the thread has used of a processor: unlike the time that passed it does not depend on what else runs.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux says it");
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.expect("a number of nanoseconds")
}

/// A lead as a plain org describes it, cut to 40 fields, with as many nulls as one that somebody typed in has.
fn lead() -> Record {
    let text = |text: &str| (Type::String, Value::String(text.to_owned()));
    let none = || (Type::String, Value::Null);
    let moment = || (Type::Timestamp, Value::Timestamp(1_700_000_000_000));
    let id = "00Q000000000001AAA";
    let values = [
        ("IsDeleted", (Type::Boolean, Value::Boolean(false))),
        ("MasterRecordId", none()),
        ("LastName", text("Čapek")),
        ("FirstName", text("Karel")),
        ("Salutation", text("Mr.")),
        ("Name", text("Karel Čapek")),
        ("Title", text("Writer")),
        ("Company", text("Rossum's Universal Robots")),
        ("Street", text("Ostrovní 13")),
        ("City", text("Praha")),
        ("State", none()),
        ("PostalCode", text("110 00")),
        ("Country", text("Czech Republic")),
        ("Latitude", (Type::Float64, Value::Float64(50.080_12))),
        ("Longitude", (Type::Float64, Value::Float64(14.416_55))),
        ("GeocodeAccuracy", text("Street")),
        ("Phone", text("+420 222 000 111")),
        ("MobilePhone", none()),
        ("Fax", none()),
        ("Email", text("karel@rur.example")),
        ("Website", text("https://rur.example")),
        ("PhotoUrl", text("/services/images/photo/00Q000000000001AAA")),
        ("Description", none()),
        ("LeadSource", text("Web")),
        ("Status", text("Open - Not Contacted")),
        ("Industry", none()),
        ("Rating", text("Warm")),
        ("AnnualRevenue", text("1234567.5")),
        ("NumberOfEmployees", (Type::Int32, Value::Int32(250))),
        ("OwnerId", text("005000000000001AAA")),
        ("IsConverted", (Type::Boolean, Value::Boolean(false))),
        ("ConvertedDate", (Type::Date, Value::Null)),
        ("ConvertedAccountId", none()),
        ("CreatedDate", moment()),
        ("LastModifiedDate", moment()),
        ("SystemModstamp", moment()),
        ("LastActivityDate", (Type::Date, Value::Date(19_675))),
        ("_ObjectType", text("Lead")),
        ("_EventType", text("updated")),
    ];
    let mut fields = vec![Field::required("Id", Type::String)];
    fields.extend(values.iter().map(|(name, (kind, _))| Field::optional(*name, kind.clone())));
    let mut value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Lead", fields)));
    value.set("Id", Value::String(id.into()));
    for (name, (_, own)) in values {
        value.set(name, own);
    }
    let key = Schema::new("io.confluent.salesforce.LeadKey", vec![Field::required("Id", Type::String)]);
    let mut key = Struct::new(Arc::new(key));
    key.set("Id", Value::String(id.into()));
    Record { key: Some(key), value: Some(value), headers: Headers::default(), timestamp: 0 }
}
