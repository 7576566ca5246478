//! A typed record to framed Avro bytes and back, on one core.

use std::sync::Arc;

use orgstream::codec::{Codec, Registry};
use orgstream::schema_store::{Given, Options, SchemaStore};
use orgstream::store::Database;
use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};

use super::process::rate;
use super::{Figure, figure};

const RECORDS: u32 = 200_000;

pub(super) fn figures() -> Vec<Figure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let database = Database::open(std::path::Path::new(Database::IN_MEMORY)).expect("a database");
        let store = SchemaStore::start(Options { port: 0, database, given: Given::default() })
            .await
            .expect("the store starts");
        let health = HealthReporter::new().0;
        let codec = Codec::new(Registry::connect(store.url(), health).await.expect("it answers"));
        let record = account();
        let bytes = codec.encode("bench", &record).await.expect("it encodes");
        let value = bytes.value.as_deref().unwrap_or_default();
        let size = value.len();
        let began = tokio::time::Instant::now();
        for _ in 0..RECORDS {
            std::hint::black_box(codec.encode("bench", &record).await.expect("it encodes"));
        }
        let encoded = began.elapsed();
        let began = tokio::time::Instant::now();
        for _ in 0..RECORDS {
            let decoded = codec.decode(bytes.key.as_deref(), bytes.value.as_deref()).await;
            std::hint::black_box(decoded.expect("it decodes"));
        }
        let decoded = began.elapsed();
        store.stop().await;
        let what = format!("typed record of 40 fields, {size} bytes of Avro");
        vec![
            figure(format!("{what}: encoded on one core"), rate(u64::from(RECORDS), encoded)),
            figure(format!("{what}: decoded on one core"), rate(u64::from(RECORDS), decoded)),
        ]
    })
}

/// As many fields and nulls as an account of a plain org has.
fn account() -> Record {
    let mut fields = vec![Field::required("Id", Type::String)];
    for n in 0..20 {
        fields.push(Field::optional(format!("Text{n}"), Type::String));
    }
    for (n, kind) in [Type::Boolean, Type::Int32, Type::Float64, Type::Timestamp, Type::Date]
        .into_iter()
        .cycle()
        .take(19)
        .enumerate()
    {
        fields.push(Field::optional(format!("Other{n}"), kind));
    }
    let mut value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Account", fields)));
    value.set("Id", Value::String("001000000000001AAA".into()));
    for n in 0..12 {
        value.set(&format!("Text{n}"), Value::String(format!("a text of some length {n}")));
    }
    let others = [
        Value::Boolean(true),
        Value::Int32(7),
        Value::Float64(1.5),
        Value::Timestamp(1_700_000_000_000),
        Value::Date(19_000),
    ];
    for (n, other) in others.into_iter().cycle().take(10).enumerate() {
        value.set(&format!("Other{n}"), other);
    }
    let key = Schema::new("io.confluent.salesforce.AccountKey", vec![Field::required("Id", Type::String)]);
    let mut key = Struct::new(Arc::new(key));
    key.set("Id", Value::String("001000000000001AAA".into()));
    Record { key: Some(key), value: Some(value), headers: Headers::default(), timestamp: 0 }
}
