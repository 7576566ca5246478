//! What the bytes of records are, and what records of other producers mean.

use orgstream_salesforce_sink::{Nulls, Reading, TakenFor};

use crate::codec::{Format, Input};
use crate::config::raw;

fn of_values(raw: Option<raw::ValueFormat>) -> Format {
    match raw.unwrap_or(raw::ValueFormat::Registry) {
        raw::ValueFormat::Registry => Format::Registry,
        raw::ValueFormat::JsonWithSchema => Format::JsonWithSchema,
        raw::ValueFormat::Json => Format::Json,
    }
}

/// The formats that a source writes.
pub(super) fn output(raw: Option<raw::Output>) -> Input {
    let raw = raw.unwrap_or_default();
    let value = of_values(raw.value);
    let key = raw.key.map_or(value, |key| match key {
        raw::WrittenKey::Registry => Format::Registry,
        raw::WrittenKey::JsonWithSchema => Format::JsonWithSchema,
        raw::WrittenKey::Json => Format::Json,
        raw::WrittenKey::Text => Format::Text,
    });
    Input { key, value }
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
