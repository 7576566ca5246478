//! The records of the topic of the id links.

use orgstream_api::IdLink;

use super::links::LinkKey;
use crate::kafka::{Consumed, Outgoing, Place, topics};

/// What one record of the topic says.
pub(super) enum Entry {
    /// The link as it is.
    Link(IdLink),
    /// There is none any more.
    Gone(LinkKey),
}

/// The record that says it.
pub(super) fn outgoing(entry: &Entry) -> Outgoing {
    let key = match entry {
        Entry::Link(link) => LinkKey::of(link),
        Entry::Gone(key) => key.clone(),
    };
    let value = match entry {
        Entry::Link(link) => Some(serde_json::to_vec(link).expect("strings and numbers always serialise")),
        Entry::Gone(_) => None,
    };
    Outgoing {
        topic: topics::IDS.to_owned(),
        place: Place::Partition(0),
        key: Some(serde_json::to_vec(&key).expect("strings always serialise")),
        value,
        headers: orgstream_api::Headers::default(),
        timestamp: None,
    }
}

/// What `record` says. An entry that cannot be read is reported and passed over: the map is a cache, and the
/// link is found again in the target org.
pub(super) fn entry(record: &Consumed) -> Option<(i64, Entry)> {
    let read = match record.value.as_deref() {
        Some(value) => serde_json::from_slice(value).map(Entry::Link),
        None => serde_json::from_slice(record.key.as_deref()?).map(Entry::Gone),
    };
    match read {
        Ok(entry) => Some((record.at.offset, entry)),
        Err(error) => {
            tracing::warn!(at = %record.at, %error, "An entry of the id links cannot be read and is passed over.");
            None
        }
    }
}
