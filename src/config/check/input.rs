//! What records of other producers are.

use orgstream_salesforce_sink::{Nulls, Reading, TakenFor};

use crate::codec::{Format, Input};
use crate::config::raw;

/// The formats of key and value.
pub(super) fn input(raw: Option<raw::Input>) -> Input {
    let raw = raw.unwrap_or_default();
    let value = match raw.value.unwrap_or(raw::ValueFormat::Registry) {
        raw::ValueFormat::Registry => Format::Registry,
        raw::ValueFormat::JsonWithSchema => Format::JsonWithSchema,
        raw::ValueFormat::Json => Format::Json,
    };
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
