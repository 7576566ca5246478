//! Source positions and claims as entries of the compacted topic `_orgstream.positions`.
//!
//! An entry's key names the pipeline, the task and what the entry is about; its value is JSON. Positions are
//! written in the transaction of the records they follow (D8), and each says which org it is a place in: to any
//! other org it means nothing.

use orgstream_api::{InputOffset, SourcePosition};
use serde::{Deserialize, Serialize};

/// A source task, as the entries name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTask {
    /// The pipeline.
    pub pipeline: String,
    /// The task's number in its pipeline.
    pub number: u32,
}

impl SourceTask {
    /// The transactional id: a second producer with it fences the first.
    pub fn transactional_id(&self) -> String {
        format!("orgstream.{}.source-{}", self.pipeline, self.number)
    }
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum About {
    /// How far the source is in one part of its stream.
    Position { partition: serde_json::Value },
    /// Which node runs the task.
    Claim,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct EntryKey {
    pipeline: String,
    task: u32,
    #[serde(flatten)]
    about: About,
}

/// Which node runs a source task, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The node's id.
    pub node: String,
    /// When it took the task, milliseconds since the epoch.
    pub since: i64,
}

/// An entry as bytes: key, and value or tombstone.
pub type EntryBytes = (Vec<u8>, Option<Vec<u8>>);

/// The value of a position's entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Placed {
    /// The 18-character id of the org.
    org: String,
    offset: serde_json::Value,
}

/// What the topic says of one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// The newest position of each part.
    pub positions: Vec<StoredPosition>,
    /// The newest claim.
    pub claim: Option<Claim>,
}

/// A position, and the org it is a place in.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPosition {
    /// The 18-character id of the org.
    pub org: String,
    /// The position.
    pub position: SourcePosition,
}

impl Stored {
    /// An org other than `org` that a position is a place in.
    pub fn other_org(&self, org: &str) -> Option<&str> {
        self.positions.iter().map(|stored| stored.org.as_str()).find(|known| *known != org)
    }
}

/// The entry for `position` in `org`; a null offset becomes a tombstone.
pub fn position_entry(task: &SourceTask, org: &str, position: &SourcePosition) -> EntryBytes {
    let key = entry_key(task, About::Position { partition: position.partition.clone() });
    let placed = || Placed { org: org.to_owned(), offset: position.offset.clone() };
    (key, (!position.offset.is_null()).then(|| to_bytes(&placed())))
}

/// The entry for `claim`.
pub fn claim_entry(task: &SourceTask, claim: &Claim) -> EntryBytes {
    (entry_key(task, About::Claim), Some(to_bytes(claim)))
}

/// Picks the entries of `task` out of the newest records of the topic: place, key and value each. Entries of other
/// tasks are passed over; one that cannot be read is named in the error, because guessing a position loses or doubles
/// records.
pub fn read<'a>(
    task: &SourceTask,
    entries: impl IntoIterator<Item = (&'a InputOffset, &'a [u8], &'a [u8])>,
) -> Result<Stored, UnreadableEntry> {
    let mut stored = Stored::default();
    for (at, key_bytes, value) in entries {
        let unreadable = |error: serde_json::Error| UnreadableEntry {
            at: at.clone(),
            key: key_bytes.escape_ascii().to_string(),
            source: error,
        };
        let key: EntryKey = serde_json::from_slice(key_bytes).map_err(unreadable)?;
        if key.pipeline != task.pipeline || key.task != task.number {
            continue;
        }
        match key.about {
            About::Position { partition } => {
                let Placed { org, offset } = serde_json::from_slice(value).map_err(unreadable)?;
                stored.positions.push(StoredPosition { org, position: SourcePosition { partition, offset } });
            }
            About::Claim => stored.claim = Some(serde_json::from_slice(value).map_err(unreadable)?),
        }
    }
    Ok(stored)
}

/// An entry of the positions topic is not what this program writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record at {at} cannot be read as a source position: its key is \"{key}\". If a newer orgstream wrote it, run \
     that version; if another program did, take it away: `kafka-console-producer.sh --topic {} --property \
     parse.key=true --property null.marker=NULL` and one line of the same key (which may be empty), a tab and NULL",
    .at.partition.topic
)]
pub struct UnreadableEntry {
    at: InputOffset,
    key: String,
    #[source]
    source: serde_json::Error,
}

fn entry_key(task: &SourceTask, about: About) -> Vec<u8> {
    to_bytes(&EntryKey { pipeline: task.pipeline.clone(), task: task.number, about })
}

fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings, numbers and JSON values always serialise")
}

#[cfg(test)]
mod tests {
    use orgstream_api::TopicPartition;
    use serde_json::json;

    use super::*;

    fn task(pipeline: &str) -> SourceTask {
        SourceTask { pipeline: pipeline.into(), number: 0 }
    }

    fn at(offset: i64) -> InputOffset {
        let partition = TopicPartition { topic: "_orgstream.positions".into(), partition: 0 };
        InputOffset { partition, offset }
    }

    #[test]
    fn entries_come_back_as_they_were_written_and_only_to_their_task() {
        let position =
            SourcePosition { partition: json!({"channel": "/topic/x"}), offset: json!({"replay_id": 7}) };
        let claim = Claim { node: "n1".into(), since: 5 };
        let entries = [
            position_entry(&task("crm"), "00D1", &position),
            claim_entry(&task("crm"), &claim),
            claim_entry(&task("other"), &Claim { node: "n2".into(), since: 6 }),
        ];
        let place = at(0);
        let records = entries.iter().map(|(key, value)| (&place, key.as_slice(), value.as_deref().unwrap()));
        let stored = read(&task("crm"), records).unwrap();
        assert_eq!(stored.other_org("00D1"), None);
        assert_eq!(stored.other_org("00D2"), Some("00D1"));
        let positions = vec![StoredPosition { org: "00D1".into(), position }];
        assert_eq!(stored, Stored { positions, claim: Some(claim) });
    }

    #[test]
    fn an_entry_that_is_no_json_is_named_by_its_offset_and_key() {
        let key = position_entry(
            &task("crm"),
            "00D1",
            &SourcePosition { partition: json!({"snapshot": "Lead"}), offset: json!({}) },
        )
        .0;
        for (offset, key, value) in
            [(3, &b"garbage"[..], &b"{}"[..]), (4, b"", b"{}"), (5, b"\xff\n", b"{}"), (6, &key, b"x")]
        {
            let error = read(&task("crm"), [(&at(offset), key, value)]).unwrap_err().to_string();
            let named = format!("\"{}\"", key.escape_ascii());
            assert!(error.contains(&format!("_orgstream.positions-0@{offset} ")), "{error}");
            assert!(error.contains(&named) && error.contains("--topic _orgstream.positions "), "{error}");
        }
    }

    #[test]
    fn a_null_offset_is_a_tombstone() {
        let position =
            SourcePosition { partition: json!({"snapshot": "Lead"}), offset: serde_json::Value::Null };
        assert_eq!(position_entry(&task("crm"), "00D1", &position).1, None);
    }
}
