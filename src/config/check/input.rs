//! What the bytes of records are, and what records of other producers mean.

use orgstream_salesforce_sink::{Nulls, Reading, TakenFor};

use super::registration::registrations;
use crate::codec::{Format, Input, Language, Output, Written};
use crate::config::raw;

fn of_values(raw: Option<raw::ValueFormat>) -> Format {
    match raw.unwrap_or(raw::ValueFormat::Registry) {
        raw::ValueFormat::Registry => Format::Registry,
        raw::ValueFormat::JsonWithSchema => Format::JsonWithSchema,
        raw::ValueFormat::Json => Format::Json,
    }
}

/// The formats that a source writes.
pub(super) fn output(raw: Option<raw::Output>) -> Output {
    let raw = raw.unwrap_or_default();
    let value = match raw.value.unwrap_or(raw::WrittenValue::Avro) {
        raw::WrittenValue::Avro => Written::Registry(Language::Avro),
        raw::WrittenValue::JsonSchema => Written::Registry(Language::JsonSchema),
        raw::WrittenValue::Protobuf => Written::Registry(Language::Protobuf),
        raw::WrittenValue::JsonWithSchema => Written::JsonWithSchema,
        raw::WrittenValue::Json => Written::Json,
    };
    let key = raw.key.map_or(value, |key| match key {
        raw::WrittenKey::Avro => Written::Registry(Language::Avro),
        raw::WrittenKey::JsonSchema => Written::Registry(Language::JsonSchema),
        raw::WrittenKey::Protobuf => Written::Registry(Language::Protobuf),
        raw::WrittenKey::JsonWithSchema => Written::JsonWithSchema,
        raw::WrittenKey::Json => Written::Json,
        raw::WrittenKey::Text => Written::Text,
    });
    let (value_registration, key_registration) = registrations(raw);
    Output { key, value, key_registration, value_registration }
}

/// The formats that a sink reads: those that the source of its pipeline writes, unless it says otherwise.
pub(super) fn input(raw: Option<raw::Input>, written: Input) -> Input {
    let Some(raw) = raw else { return written };
    let value = of_values(raw.value);
    let key = raw.key.map_or(value, |key| match key {
        raw::KeyFormat::Registry => Format::Registry,
        raw::KeyFormat::JsonWithSchema => Format::JsonWithSchema,
        raw::KeyFormat::Json => Format::Json,
        raw::KeyFormat::Text => Format::Text,
        raw::KeyFormat::Unread => Format::Unread,
    });
    Input { key, value }
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
