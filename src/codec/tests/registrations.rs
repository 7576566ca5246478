//! Which schema of a registry is taken, and in which subject, with the program's own registry and a real one.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Field, HealthReporter, Record, Schema, Struct, Type, Value};
use protox::prost_reflect::DescriptorPool;
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_all_versions, get_schema_by_id,
};
use url::Url;

use super::versions::{LANGUAGES, own, record};
use crate::codec::protobuf::compile;
use crate::codec::{
    Codec, CodecError, Language, Output, Registration, Registry, Schemas, SubjectName, Written,
};
use crate::peers;

/// A client that has not seen anything yet.
async fn codec(url: &Url, language: Language, schemas: Schemas, subject: SubjectName) -> Codec {
    let written = Written::Registry(language);
    let registration = Registration { schemas, subject };
    let output = Output {
        key_registration: registration,
        value_registration: registration,
        ..Output::of(written.clone(), written)
    };
    Codec::new(Registry::connect(url, HealthReporter::new().0).await.unwrap()).writing(output)
}

async fn encoded(
    url: &Url,
    language: Language,
    schemas: Schemas,
    topic: &str,
    record: &Record,
) -> Result<Vec<u8>, CodecError> {
    let codec = codec(url, language, schemas, SubjectName::Topic).await;
    codec.encode(topic, record).await.map(|encoded| encoded.value.unwrap())
}

async fn decoded(url: &Url, bytes: &[u8]) -> Struct {
    let codec = codec(url, Language::Avro, Schemas::Register, SubjectName::Topic).await;
    codec.decode(None, Some(bytes)).await.unwrap().value.unwrap()
}

async fn versions(url: &Url, subject: &str) -> Vec<u32> {
    let settings = SrSettings::new(url.as_str().trim_end_matches('/').to_owned());
    get_all_versions(&settings, subject.to_owned()).await.unwrap_or_default()
}

async fn schemas_of_others_are_taken(url: &Url) {
    for language in LANGUAGES {
        let topic = peers::unique("t");
        let (subject, record) = (format!("{topic}-value"), record(&["Id", "Name"]));
        let missing = encoded(url, language, Schemas::Registered, &topic, &record).await.unwrap_err();
        let CodecError::Unregistered { subject: of, name, .. } = &missing else { panic!("{missing:?}") };
        assert_eq!((of.as_str(), name.as_str()), (&*subject, "io.confluent.salesforce.Lead"));
        assert!(missing.to_string().contains("schemas: register"), "{missing}");
        assert!(versions(url, &subject).await.is_empty(), "{language:?}");
        let registered = encoded(url, language, Schemas::Register, &topic, &record).await.unwrap();
        let taken = encoded(url, language, Schemas::Registered, &topic, &record).await.unwrap();
        assert_eq!(registered, taken, "{language:?}");
        assert_eq!(versions(url, &subject).await.len(), 1, "{language:?}");
        // The object gets fields, and a record of its first shape is found as it was registered.
        for wide in [&["Id", "City", "Name"][..], &["Id", "City", "Name", "Fax"]] {
            let wide = super::versions::record(wide);
            encoded(url, language, Schemas::Register, &topic, &wide).await.unwrap();
        }
        let still = encoded(url, language, Schemas::Registered, &topic, &record).await.unwrap();
        assert_eq!(registered, still, "{language:?}");
        let unknown = super::versions::record(&["Id", "Other__c"]);
        let missing = encoded(url, language, Schemas::Registered, &topic, &unknown).await.unwrap_err();
        assert!(matches!(missing, CodecError::Unregistered { .. }), "{language:?} {missing:?}");
    }
}

#[tokio::test]
async fn a_schema_that_is_not_ours_to_register_is_asked_for_and_taken_once_it_is_there() {
    let store = own().await;
    schemas_of_others_are_taken(store.url()).await;
    store.stop().await;
}

#[tokio::test]
async fn a_real_registry_keeps_the_schemas_that_are_not_ours_to_register() {
    let Some(url) = peers::registry() else { return };
    schemas_of_others_are_taken(&url).await;
}

async fn the_latest_is_taken(url: &Url) {
    for language in LANGUAGES {
        let topic = peers::unique("t");
        let (subject, narrow) = (format!("{topic}-value"), record(&["Name", "Id"]));
        let latest = |record| {
            let topic = topic.clone();
            async move { encoded(url, language, Schemas::Latest, &topic, &record).await }
        };
        let missing = latest(narrow.clone()).await.unwrap_err();
        assert!(matches!(missing, CodecError::Unregistered { .. }), "{language:?} {missing:?}");
        encoded(url, language, Schemas::Register, &topic, &record(&["Id", "Name"])).await.unwrap();
        let wide = record(&["Id", "City", "Name"]);
        let wide = encoded(url, language, Schemas::Register, &topic, &wide).await.unwrap();
        let bytes = latest(narrow.clone()).await.unwrap();
        assert_eq!(bytes[..5], wide[..5], "{language:?}");
        let read = decoded(url, &bytes).await;
        let text = |text: &str| Some(Value::String(text.to_owned()));
        assert_eq!(read.value("Name").cloned(), text("Name"), "{language:?}");
        assert_eq!(read.value("Id").cloned(), text("Id"), "{language:?}");
        assert!(read.value("City").is_none_or(Value::is_null), "{language:?}");
        let unfit = latest(record(&["Id", "New__c"])).await.unwrap_err();
        let CodecError::Unfit { subject: of, version, reason, .. } = &unfit else { panic!("{unfit:?}") };
        assert_eq!((of.as_str(), version.as_str()), (&*subject, "2"), "{language:?}");
        assert!(reason.contains("New__c"), "{language:?} {reason}");
        assert_eq!(versions(url, &subject).await.len(), 2, "{language:?}");
        let other = LANGUAGES.into_iter().find(|other| *other != language).unwrap();
        let other = encoded(url, other, Schemas::Latest, &topic, &narrow).await.unwrap_err();
        assert!(matches!(other, CodecError::Unfit { .. }), "{language:?} {other:?}");
    }
}

#[tokio::test]
async fn the_latest_version_is_written_with_where_the_record_fits_into_it() {
    let store = own().await;
    the_latest_is_taken(store.url()).await;
    store.stop().await;
}

#[tokio::test]
async fn the_latest_version_of_a_real_registry_is_written_with() {
    let Some(url) = peers::registry() else { return };
    the_latest_is_taken(&url).await;
}

#[tokio::test]
async fn a_field_that_the_latest_version_takes_no_null_in_is_refused_when_it_is_null() {
    let store = own().await;
    for language in LANGUAGES {
        let topic = peers::unique("t");
        let of = |field: Field| {
            let schema = Schema::new("io.confluent.salesforce.Lead", vec![field]);
            Record { value: Some(Struct::new(Arc::new(schema))), ..record(&[]) }
        };
        let mut whole = of(Field::required("Id", Type::String));
        whole.value.as_mut().unwrap().set("Id", Value::String("x".into()));
        encoded(store.url(), language, Schemas::Register, &topic, &whole).await.unwrap();
        let null = of(Field::optional("Id", Type::String));
        let refused = encoded(store.url(), language, Schemas::Latest, &topic, &null).await.unwrap_err();
        assert!(refused.to_string().contains("field Id"), "{language:?} {refused}");
    }
    store.stop().await;
}

#[tokio::test]
async fn subjects_are_named_as_confluents_strategies_name_them() {
    let store = own().await;
    for (strategy, value) in [
        (SubjectName::Topic, "t-value"),
        (SubjectName::Record, "io.confluent.salesforce.Lead"),
        (SubjectName::TopicRecord, "t-io.confluent.salesforce.Lead"),
    ] {
        for language in LANGUAGES {
            let store = own().await;
            let codec = codec(store.url(), language, Schemas::Register, strategy).await;
            let bytes = codec.encode("t", &record(&["Id"])).await.unwrap().value.unwrap();
            assert_eq!(versions(store.url(), value).await, [1], "{language:?} {strategy:?}");
            assert_eq!(decoded(store.url(), &bytes).await.value("Id"), Some(&Value::String("Id".into())));
            store.stop().await;
        }
    }
    store.stop().await;
}

/// Registers many shapes of one subject at the same time. How many of them the registry takes.
async fn shapes_have_numbers_of_their_own(url: &Url) -> usize {
    let topic = peers::unique("t");
    encoded(url, Language::Protobuf, Schemas::Register, &topic, &record(&["Id"])).await.unwrap();
    let names: Vec<String> = (0..6).map(|n| format!("F{n}__c")).collect();
    let shapes = names.iter().map(|name| record(&["Id", name, "Shared__c"]));
    let mut under_way = tokio::task::JoinSet::new();
    for shape in shapes {
        let (url, topic) = (url.clone(), topic.clone());
        under_way.spawn(async move {
            match encoded(&url, Language::Protobuf, Schemas::Register, &topic, &shape).await {
                Ok(bytes) => Some((bytes, shape)),
                Err(CodecError::Incompatible { .. }) => None,
                Err(other) => panic!("{other}"),
            }
        });
    }
    let settings = SrSettings::new(url.as_str().trim_end_matches('/').to_owned());
    let (mut numbers, mut names) = (HashMap::new(), HashMap::new());
    let mut taken = 0;
    while let Some(done) = under_way.join_next().await {
        let Some((bytes, shape)) = done.unwrap() else { continue };
        taken += 1;
        let read = decoded(url, &bytes).await;
        assert_eq!(read.values(), shape.value.unwrap().values());
        let id = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
        let text = get_schema_by_id(id, &settings).await.unwrap().schema;
        let pool = DescriptorPool::from_file_descriptor_set(compile(&text, []).unwrap()).unwrap();
        let lead = pool.get_message_by_name("io.confluent.salesforce.Lead").unwrap();
        for field in lead.fields() {
            let (name, number) = (field.name().to_owned(), field.number());
            assert_eq!(*numbers.entry(name.clone()).or_insert(number), number, "of {name}:\n{text}");
            assert_eq!(*names.entry(number).or_insert_with(|| name.clone()), name, "of {number}:\n{text}");
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fields_of_shapes_that_are_registered_at_once_never_share_a_number() {
    let store = own().await;
    assert_eq!(shapes_have_numbers_of_their_own(store.url()).await, 6);
    store.stop().await;
}

/// Without a rule of its own a registry takes two fields of one number, and who came later has to notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fields_of_shapes_never_share_a_number_where_the_registry_takes_anything() {
    let store = own().await;
    let level = reqwest::Client::builder().build().unwrap().put(store.url().join("/config").unwrap());
    let level = level.header("Content-Type", "application/json").body(r#"{"compatibility":"NONE"}"#);
    level.send().await.unwrap().error_for_status().unwrap();
    assert_eq!(shapes_have_numbers_of_their_own(store.url()).await, 6);
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fields_of_shapes_that_a_real_registry_gets_at_once_never_share_a_number() {
    let Some(url) = peers::registry() else { return };
    // Of two that it takes at once it refuses the later one's successor, whose field has another number then.
    assert_ne!(shapes_have_numbers_of_their_own(&url).await, 0);
}

async fn a_refusal_names_field_and_rule(url: &Url) {
    for language in LANGUAGES {
        let topic = peers::unique("t");
        encoded(url, language, Schemas::Register, &topic, &record(&["Id", "Size"])).await.unwrap();
        let fields = vec![Field::optional("Id", Type::String), Field::optional("Size", Type::Boolean)];
        let value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Lead", fields)));
        let changed = Record { value: Some(value), ..record(&[]) };
        let refused = encoded(url, language, Schemas::Register, &topic, &changed).await.unwrap_err();
        let CodecError::Incompatible { subject, message, .. } = &refused else { panic!("{refused:?}") };
        assert_eq!(*subject, format!("{topic}-value"));
        for word in ["Size", "BACKWARD", "version 1"] {
            assert!(message.contains(word), "{language:?}: no {word} in {message}");
        }
    }
}

#[tokio::test]
async fn a_schema_that_is_refused_is_refused_with_its_field_and_the_rule() {
    let store = own().await;
    a_refusal_names_field_and_rule(store.url()).await;
    store.stop().await;
}

#[tokio::test]
async fn what_a_real_registry_refuses_is_told_with_its_field_and_the_rule() {
    let Some(url) = peers::registry() else { return };
    a_refusal_names_field_and_rule(&url).await;
}
