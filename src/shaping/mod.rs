//! What a source's records are on their topics: which key, which headers, which value, and which of them there are.
//!
//! A file that says nothing of it gets records as Confluent's source writes them: the key `{Id}` and all fields, in Avro, and
//! headers beside them. What the file says otherwise is made here of the typed record, before it becomes bytes.
//!
//! # Layout, in reading order
//!
//! - this file: a record and what the file makes of it
//! - [`key`]: the key, and whether it keeps the changes of one record in order
//! - [`headers`]: static, computed and metadata headers
//! - [`select`]: changes that are chosen by what happened and to which record

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use orgstream_api::record::header;
use orgstream_api::{EventScope, ExpressionError, Record, Scope, SourceRecord};
use serde_json::Value as Json;

use crate::expression::JsonExpression;

mod key;
pub(crate) use key::{KeyRule, KeySource, Missing, Pattern, TextKey};

mod headers;
pub(crate) use headers::{Content, HeaderRules, Metadata};

mod select;
pub(crate) use select::{Matching, Select};

/// What the file makes of the records of one source.
#[derive(Debug, Default)]
pub struct Shaping {
    pub(crate) key: KeyRule,
    pub(crate) headers: HeaderRules,
    /// What the value is computed by; `None`: it is the record's own.
    pub(crate) value: Option<JsonExpression>,
    troubles: Troubles,
}

/// A half of a record on its way to Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Half {
    /// The record's own, encoded with its schema.
    Own,
    /// These bytes, without a schema.
    Bytes(Vec<u8>),
    /// A real null.
    Null,
}

/// A record as it is to be produced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shaped {
    pub(crate) topic: String,
    /// Equal bytes stay in order.
    pub(crate) place: Vec<u8>,
    /// The record with its headers. A half that is not its own is not encoded.
    pub(crate) record: Record,
    pub(crate) key: Half,
    pub(crate) value: Half,
}

/// A record that the file's rules refuse, as it came, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) source: SourceRecord,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// What went wrong with expressions. Each is counted every time and said once.
#[derive(Debug, Default)]
struct Troubles {
    missing_keys: AtomicU64,
    header_errors: AtomicU64,
    said: Mutex<HashSet<ExpressionError>>,
}

impl Shaping {
    pub(crate) fn new(key: KeyRule, headers: HeaderRules, value: Option<JsonExpression>) -> Self {
        Self { key, headers, value, troubles: Troubles::default() }
    }

    /// What becomes of `source`.
    pub(crate) fn shape(&self, source: SourceRecord) -> Result<Shaped, Box<Refused>> {
        if self.is_plain() {
            let SourceRecord { topic, partition_key: place, record, .. } = source;
            return Ok(Shaped { topic, place, record, key: Half::Own, value: Half::Own });
        }
        let refused = |source, code, message| Err(Box::new(Refused { source, code, message }));
        let made = in_scope(&source, |scope| {
            let headers = self.headers.of(scope, &mut |error| self.note_header(error));
            let key = self.key.of(scope, headers.as_ref());
            let value = self.value.as_ref().map(|value| value.of(scope)).transpose();
            (headers, key, value)
        });
        let (headers, key, value) = made;
        let key = match key {
            Ok(key) => key,
            Err(missing) => {
                self.troubles.missing_keys.fetch_add(1, Ordering::Relaxed);
                match missing.instead {
                    Some(key) => key,
                    None => return refused(source, "KEY_MISSING", missing.why),
                }
            }
        };
        let value = match value {
            Ok(None) => Half::Own,
            Ok(Some(Json::Null)) => Half::Null,
            Ok(Some(Json::String(text))) => Half::Bytes(text.into_bytes()),
            Ok(Some(json)) => Half::Bytes(json.to_string().into_bytes()),
            Err(error) => {
                return refused(source, "VALUE_EXPRESSION", format!("the value is not computed: {error}"));
            }
        };
        let SourceRecord { topic, partition_key, mut record, .. } = source;
        record.headers = headers.unwrap_or(record.headers);
        let place = match &key {
            Half::Bytes(key) => key.clone(),
            // Without a key of its own a record lies with the others of its id.
            Half::Own | Half::Null => partition_key,
        };
        Ok(Shaped { topic, place, record, key, value })
    }

    /// Counts for the status, by name:
    ///
    /// - `missing_keys`: records for which the key's rule had nothing
    /// - `header_errors`: computed headers that are left out because their expression had no value
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        if self.is_plain() {
            return BTreeMap::new();
        }
        let Troubles { missing_keys, header_errors, .. } = &self.troubles;
        [("missing_keys", missing_keys), ("header_errors", header_errors)]
            .map(|(name, count)| (name.to_owned(), count.load(Ordering::Relaxed)))
            .into()
    }

    /// How a record that lies on its topic is known again; `None` where the file leaves out what that takes.
    pub(crate) fn read_back(&self) -> Option<&Metadata> {
        match (&self.value, &self.headers.metadata) {
            (None, metadata @ Metadata::Under(_)) => Some(metadata),
            _ => None,
        }
    }

    /// Whether all is as it is without a word in the file.
    fn is_plain(&self) -> bool {
        matches!(self.key, KeyRule::Record) && self.headers.is_plain() && self.value.is_none()
    }

    fn note_header(&self, error: &ExpressionError) {
        self.troubles.header_errors.fetch_add(1, Ordering::Relaxed);
        let mut said = self.troubles.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(error.clone()) {
            tracing::warn!(%error, "A header of the file has no value for a record and is left out. It is counted and not said again.");
        }
    }
}

/// Asks with what expressions may name of `source`.
fn in_scope<T>(source: &SourceRecord, ask: impl FnOnce(&Scope<'_>) -> T) -> T {
    let SourceRecord { about, record, .. } = source;
    let headers = &record.headers;
    let carried = || -> Vec<&str> {
        headers.text(header::CARRIED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let event = EventScope {
        kind: about.kind,
        object: &about.object,
        id: about.id.as_deref(),
        replay_id: headers.text(header::REPLAY_ID).and_then(|text| text.parse().ok()),
        channel: headers.text(header::CHANNEL),
        time: about.time,
        carried: &carried,
    };
    let value = record.value.as_ref().expect("a source writes no tombstones");
    ask(&Scope { value, key: record.key.as_ref(), headers, event, at: None })
}

/// The text of a computed key or header; `None` for null and for empty text.
fn text_of(json: Json) -> Option<String> {
    match json {
        Json::Null => None,
        Json::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// Kurrent's name for a record: `<Object>-<Id>`.
fn stream_of(event: &EventScope<'_>) -> Option<String> {
    Some(format!("{}-{}", event.object, event.id?))
}

#[cfg(test)]
mod tests;
