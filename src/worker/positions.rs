//! Source positions and claims as entries of the compacted topic `_orgstream.positions`.
//!
//! An entry's key names the pipeline, the task and what the entry is about; its value is JSON. Positions are
//! written in the transaction of the records they follow (D8).

use orgstream_api::SourcePosition;
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

/// What the topic says of one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// The newest position of each part.
    pub positions: Vec<SourcePosition>,
    /// The newest claim.
    pub claim: Option<Claim>,
}

/// The entry for `position`; a null offset becomes a tombstone.
pub fn position_entry(task: &SourceTask, position: &SourcePosition) -> EntryBytes {
    let key = entry_key(task, About::Position { partition: position.partition.clone() });
    let value = (!position.offset.is_null()).then(|| to_bytes(&position.offset));
    (key, value)
}

/// The entry for `claim`.
pub fn claim_entry(task: &SourceTask, claim: &Claim) -> EntryBytes {
    (entry_key(task, About::Claim), Some(to_bytes(claim)))
}

/// Picks the entries of `task` out of the newest values of the topic. Entries of other tasks are passed over; one
/// that cannot be read is named in the error, because guessing a position loses or doubles records.
pub fn read<'a>(
    task: &SourceTask,
    entries: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<Stored, UnreadableEntry> {
    let mut stored = Stored::default();
    for (key_bytes, value) in entries {
        let unreadable = |error: serde_json::Error| UnreadableEntry {
            key: String::from_utf8_lossy(key_bytes).into_owned(),
            source: error,
        };
        let key: EntryKey = serde_json::from_slice(key_bytes).map_err(unreadable)?;
        if key.pipeline != task.pipeline || key.task != task.number {
            continue;
        }
        match key.about {
            About::Position { partition } => {
                let offset = serde_json::from_slice(value).map_err(unreadable)?;
                stored.positions.push(SourcePosition { partition, offset });
            }
            About::Claim => stored.claim = Some(serde_json::from_slice(value).map_err(unreadable)?),
        }
    }
    Ok(stored)
}

/// An entry of the positions topic is not what this program writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the entry {key} of _orgstream.positions cannot be read; if another program wrote it, remove it with a tombstone of \
     that key, and if a newer orgstream did, run that version"
)]
pub struct UnreadableEntry {
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
    use serde_json::json;

    use super::*;

    fn task(pipeline: &str) -> SourceTask {
        SourceTask { pipeline: pipeline.into(), number: 0 }
    }

    #[test]
    fn entries_come_back_as_they_were_written_and_only_to_their_task() {
        let position =
            SourcePosition { partition: json!({"channel": "/topic/x"}), offset: json!({"replay_id": 7}) };
        let claim = Claim { node: "n1".into(), since: 5 };
        let entries = [
            position_entry(&task("crm"), &position),
            claim_entry(&task("crm"), &claim),
            claim_entry(&task("other"), &Claim { node: "n2".into(), since: 6 }),
        ];
        let pairs = entries.iter().map(|(key, value)| (key.as_slice(), value.as_deref().unwrap()));
        let stored = read(&task("crm"), pairs).unwrap();
        assert_eq!(stored, Stored { positions: vec![position], claim: Some(claim) });
    }

    #[test]
    fn an_entry_that_is_no_json_is_named() {
        let error = read(&task("crm"), [(&b"garbage"[..], &b"{}"[..])]).unwrap_err().to_string();
        assert!(error.contains("garbage"), "{error}");
    }

    #[test]
    fn a_null_offset_is_a_tombstone() {
        let position =
            SourcePosition { partition: json!({"snapshot": "Lead"}), offset: serde_json::Value::Null };
        assert_eq!(position_entry(&task("crm"), &position).1, None);
    }
}
