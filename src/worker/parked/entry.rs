//! What an entry of kind `record` in the parked topic looks like.
//!
//! Its value and headers are those of the waiting record, byte for byte, so that any tool shows them; two more headers stand
//! before the record's own: [`NOTE`] says as JSON where the record comes from and what it waits for, [`KEY`] has its key.

use orgstream_api::{
    Headers, History, InputOffset, ParentRecord, Parked, ParkedPlace, Rejection, Tried, Wait,
};
use serde::{Deserialize, Serialize};

use crate::kafka::{Consumed, Outgoing, Place, topics};
use crate::worker::owed::{EntryKey, Kind};

/// The header with what is known of a parked record.
pub const NOTE: &str = "orgstream.parked";
/// The header with the key of a parked record; absent where it has none.
pub const KEY: &str = "orgstream.parked.key";

/// What an entry has beside its record, in bytes, at most: its own key, the note, and what batches need.
const ENVELOPE: usize = 64 * 1024;
/// What a note says of a cause, in characters, at most.
const CAUSE: usize = 8_000;

/// A record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRecord {
    /// Whose history it belongs to.
    pub whose: History,
    /// The record as it was consumed.
    pub consumed: Consumed,
    /// Since when it has been parked, milliseconds since the epoch.
    pub since: i64,
    /// What was tried so far.
    pub tried: Tried,
    /// What it waits for.
    pub until: Until,
}

/// What a record waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// For those of its history that were parked before it.
    Turn,
    /// For something outside, or for better times.
    For {
        /// Why it could not be written.
        cause: Rejection,
        /// Its parents that have no link.
        parents: Vec<ParentRecord>,
        /// When it is tried again whatever happens, milliseconds since the epoch.
        next_attempt: i64,
    },
}

impl Until {
    /// What a sink asks for at `now`.
    pub fn of(wait: &Wait, now: i64) -> Self {
        match wait {
            Wait::Turn => Self::Turn,
            Wait::For { cause, parents, again_in } => Self::For {
                cause: Rejection { message: cause.message.chars().take(CAUSE).collect(), ..cause.clone() },
                parents: parents.clone(),
                next_attempt: now.saturating_add(i64::try_from(again_in.as_millis()).unwrap_or(i64::MAX)),
            },
        }
    }

    /// Why the record could not be written.
    pub fn cause(&self) -> Option<&Rejection> {
        match self {
            Self::Turn => None,
            Self::For { cause, .. } => Some(cause),
        }
    }
}

/// The header's JSON.
#[derive(Serialize, Deserialize)]
struct Note {
    at: InputOffset,
    org: String,
    since: i64,
    timestamp: i64,
    /// The record has no value, which an entry cannot be without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    no_value: bool,
    tried: Tried,
    until: Until,
}

impl ParkedRecord {
    /// A consumed record that is parked at `now`.
    pub fn new(consumed: Consumed, parked: &Parked, since: i64, now: i64) -> Self {
        let until = Until::of(&parked.wait, now);
        Self { whose: parked.whose.clone(), consumed, since, tried: parked.tried.clone(), until }
    }

    /// Its place in its history.
    pub fn place(&self) -> ParkedPlace {
        ParkedPlace { whose: self.whose.clone(), at: self.consumed.at.clone(), size: self.consumed.size() }
    }

    /// The entry, in the partition number of its record.
    pub fn outgoing(&self, pipeline: &str) -> Outgoing {
        let Self { whose, consumed, since, tried, until } = self;
        let note = Note {
            at: consumed.at.clone(),
            org: whose.org.clone(),
            since: *since,
            timestamp: consumed.timestamp,
            no_value: consumed.value.is_none(),
            tried: tried.clone(),
            until: until.clone(),
        };
        let mut headers = Headers::default();
        headers.push(NOTE, serde_json::to_vec(&note).expect("strings and numbers always serialise"));
        if let Some(key) = &consumed.key {
            headers.push(KEY, key.clone());
        }
        for (name, value) in consumed.headers.iter() {
            headers.push(name.to_owned(), value);
        }
        let value = Some(consumed.value.clone().unwrap_or_default());
        Outgoing { value, headers, ..tombstone(pipeline, whose, &consumed.at) }
    }

    /// Reads an entry whose key is `key`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(key: &EntryKey, entry: &Consumed) -> Result<Self, String> {
        // The first two are the entry's own; the record may be an entry of another pipeline that somebody copied.
        let own = |place: usize, name: &str| {
            let header = entry.headers.iter().nth(place).filter(|(of, _)| *of == name);
            header.map(|(_, value)| value)
        };
        let note = own(0, NOTE).ok_or_else(|| format!("it does not begin with a header `{NOTE}`"))?;
        let note: Note =
            serde_json::from_slice(note).map_err(|error| format!("its header `{NOTE}`: {error}"))?;
        let own_key = own(1, KEY).map(<[u8]>::to_vec);
        let mut headers = Headers::default();
        for (name, value) in entry.headers.iter().skip(1 + usize::from(own_key.is_some())) {
            headers.push(name.to_owned(), value);
        }
        let consumed = Consumed {
            at: note.at,
            key: own_key,
            value: entry.value.clone().filter(|_| !note.no_value),
            headers,
            timestamp: note.timestamp,
        };
        let whose = History { org: note.org, id: key.id.clone() };
        Ok(Self { whose, consumed, since: note.since, tried: note.tried, until: note.until })
    }
}

/// The largest record of which a topic that takes records of `bytes` takes the entry.
pub fn largest(bytes: usize) -> usize {
    bytes.saturating_sub(ENVELOPE)
}

/// The end of an entry.
pub fn tombstone(pipeline: &str, whose: &History, at: &InputOffset) -> Outgoing {
    let key = EntryKey {
        topic: at.partition.topic.clone(),
        id: whose.id.clone(),
        kind: Kind::Record,
        n: at.offset.to_string(),
    };
    Outgoing {
        topic: topics::parked(pipeline),
        place: Place::Partition(at.partition.partition),
        key: Some(serde_json::to_vec(&key).expect("strings always serialise")),
        value: None,
        headers: Headers::default(),
        timestamp: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use orgstream_api::TopicPartition;

    use super::*;

    fn consumed(key: Option<&[u8]>, value: Option<&[u8]>) -> Consumed {
        let partition = TopicPartition { topic: "a.Lead".into(), partition: 2 };
        let mut headers = Headers::default();
        headers.push("orgstream.org", "00D1");
        headers.push("x", vec![0xff]);
        Consumed {
            at: InputOffset { partition, offset: 41 },
            key: key.map(<[u8]>::to_vec),
            value: value.map(<[u8]>::to_vec),
            headers,
            timestamp: 5,
        }
    }

    fn parked(wait: Wait) -> Parked {
        let tried = Tried { failed: 3, spent: Duration::from_millis(31_500), ..Tried::default() };
        Parked { whose: History { org: "00D1".into(), id: "00Q1".into() }, wait, tried }
    }

    /// An entry as it is read back.
    fn read(out: &Outgoing) -> Result<ParkedRecord, String> {
        let partition = TopicPartition { topic: out.topic.clone(), partition: 2 };
        let entry = Consumed {
            at: InputOffset { partition, offset: 0 },
            key: out.key.clone(),
            value: out.value.clone(),
            headers: out.headers.clone(),
            timestamp: 0,
        };
        ParkedRecord::read(&serde_json::from_slice(out.key.as_ref().unwrap()).unwrap(), &entry)
    }

    #[test]
    fn a_record_comes_back_byte_for_byte_with_what_it_waits_for() {
        let parent = ParentRecord { org: "00D1".into(), object: "Account".into(), id: "001".into() };
        let cause =
            Rejection { code: "REQUIRED_PARENT_MISSING".into(), message: "no".into(), fields: vec![] };
        let wait = Wait::For { cause, parents: vec![parent], again_in: Duration::from_secs(2) };
        for (key, value) in [(Some(&b"\x00k"[..]), Some(&b"v"[..])), (None, Some(b"")), (Some(b""), None)] {
            for wait in [Wait::Turn, wait.clone()] {
                let record = ParkedRecord::new(consumed(key, value), &parked(wait), 7, 1_000);
                let out = record.outgoing("crm");
                assert_eq!((out.topic.as_str(), &out.place), ("crm.parked", &Place::Partition(2)));
                assert_eq!(read(&out), Ok(record));
            }
        }
    }

    #[test]
    fn the_entry_of_the_largest_record_fits_whatever_it_waits_for() {
        let cause = Rejection { code: "X".into(), message: "€".repeat(100_000), fields: vec![] };
        let wait = Wait::For { cause, parents: vec![], again_in: Duration::ZERO };
        let value = vec![0; largest(1_000_000) - 2_000];
        let out =
            ParkedRecord::new(consumed(Some(&[0; 900]), Some(&value)), &parked(wait), 7, 0).outgoing("crm");
        let headers: usize = out.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(headers + out.key.unwrap().len() + value.len() < 1_000_000);
    }

    #[test]
    fn its_key_and_what_it_waits_for_are_as_documented() {
        let record = ParkedRecord::new(consumed(None, None), &parked(Wait::Turn), 7, 1_000);
        let out = record.outgoing("crm");
        let key = String::from_utf8(out.key.unwrap()).unwrap();
        assert_eq!(key, r#"{"topic":"a.Lead","id":"00Q1","kind":"record","n":"41"}"#);
        assert!(out.headers.text(NOTE).unwrap().contains(r#""until":"turn""#));
        assert_eq!(tombstone("crm", &record.whose, &record.consumed.at).key, Some(key.into_bytes()));
    }

    #[test]
    fn an_entry_without_its_note_is_said() {
        let record = ParkedRecord::new(consumed(None, None), &parked(Wait::Turn), 7, 1_000);
        let bare = Outgoing { headers: Headers::default(), ..record.outgoing("crm") };
        assert!(read(&bare).unwrap_err().contains(NOTE));
    }
}
