//! What the bytes of records are, and what records of other producers mean.

use orgstream_salesforce_sink::{Nulls, Reading, TakenFor};

use super::Report;
use super::avro_schema::avro_schema;
use super::registration::registrations;
use crate::codec::{Format, InlineSchema, Input, Language, Output, Written};
use crate::config::raw;
use crate::config::substitute::Surroundings;

/// The formats that a source writes.
pub(super) fn output(
    pipeline: &str,
    raw: Option<&raw::Output>,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Output {
    let Some(raw) = raw else { return Output::default() };
    let section = ["pipelines", pipeline, "source", "output"];
    let is_unframed = matches!(raw.value, Some(raw::WrittenValue::AvroUnframed));
    let schema = schema(section, is_unframed, raw.schema.as_deref(), from, report);
    let value = match raw.value.unwrap_or(raw::WrittenValue::Avro) {
        raw::WrittenValue::Avro => Written::Registry(Language::Avro),
        raw::WrittenValue::JsonSchema => Written::Registry(Language::JsonSchema),
        raw::WrittenValue::Protobuf => Written::Registry(Language::Protobuf),
        raw::WrittenValue::JsonWithSchema => Written::JsonWithSchema,
        raw::WrittenValue::Json => Written::Json,
        // Without a schema that is reported.
        raw::WrittenValue::AvroUnframed => schema.map_or(Written::Json, Written::Avro),
    };
    let key = match raw.key {
        // The schema is that of values.
        None if is_unframed => Written::Text,
        None => value.clone(),
        Some(raw::WrittenKey::Avro) => Written::Registry(Language::Avro),
        Some(raw::WrittenKey::JsonSchema) => Written::Registry(Language::JsonSchema),
        Some(raw::WrittenKey::Protobuf) => Written::Registry(Language::Protobuf),
        Some(raw::WrittenKey::JsonWithSchema) => Written::JsonWithSchema,
        Some(raw::WrittenKey::Json) => Written::Json,
        Some(raw::WrittenKey::Text) => Written::Text,
    };
    let (value_registration, key_registration) = registrations(raw);
    Output { key, value, key_registration, value_registration }
}

/// The formats that a sink reads: those that the source of its pipeline writes, unless it says otherwise.
pub(super) fn input(
    pipeline: &str,
    raw: Option<&raw::Input>,
    written: Input,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Input {
    let Some(raw) = raw else { return written };
    let section = ["pipelines", pipeline, "sink", "input"];
    let is_unframed = matches!(raw.value, Some(raw::ValueFormat::AvroUnframed));
    let schema = schema(section, is_unframed, raw.schema.as_deref(), from, report);
    let value = match raw.value.unwrap_or(raw::ValueFormat::Registry) {
        raw::ValueFormat::Registry => Format::Registry,
        raw::ValueFormat::JsonWithSchema => Format::JsonWithSchema,
        raw::ValueFormat::Json => Format::Json,
        raw::ValueFormat::JsonOrText => Format::JsonOrText,
        // Without a schema that is reported.
        raw::ValueFormat::AvroUnframed => schema.map_or(Format::Json, Format::Avro),
    };
    let key = match raw.key {
        // The schema is that of values.
        None if is_unframed => Format::Json,
        None => value.clone(),
        Some(raw::KeyFormat::Registry) => Format::Registry,
        Some(raw::KeyFormat::JsonWithSchema) => Format::JsonWithSchema,
        Some(raw::KeyFormat::Json) => Format::Json,
        Some(raw::KeyFormat::Text) => Format::Text,
        Some(raw::KeyFormat::Unread) => Format::Unread,
    };
    Input { key, value }
}

/// The schema of values that have none with them.
fn schema(
    section: [&str; 4],
    is_unframed: bool,
    given: Option<&str>,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<InlineSchema> {
    let [pipelines, pipeline, half, kind] = section;
    let at = |key| [pipelines, pipeline, half, kind, key];
    let has_schema = report.keys(&section).contains(&"schema");
    if is_unframed && !has_schema {
        let message =
            "takes `schema` beside it: the text of the schema of Avro that values are of, or a file with it";
        report.fault(&at("value"), message);
    }
    if !is_unframed && has_schema {
        let message =
            "has no effect: only `value: avro_unframed` has its schema in the file; remove it, or write that";
        report.fault(&at("schema"), message);
        return None;
    }
    avro_schema(given?, &at("schema"), from, report)
}

/// What is done with what records leave open.
pub(super) fn reading(raw: &raw::Sink) -> Reading {
    Reading {
        on_null: fallback(raw.on_null),
        on_unknown_event: fallback(raw.on_unknown_event),
        nulls: match raw.nulls.unwrap_or(raw::Nulls::Ignore) {
            raw::Nulls::Ignore => Nulls::Ignore,
            raw::Nulls::Write => Nulls::Write,
        },
    }
}

fn fallback(raw: Option<raw::TakenFor>) -> TakenFor {
    match raw.unwrap_or(raw::TakenFor::Reject) {
        raw::TakenFor::Delete => TakenFor::Delete,
        raw::TakenFor::Skip => TakenFor::Skip,
        raw::TakenFor::Reject => TakenFor::Reject,
    }
}
