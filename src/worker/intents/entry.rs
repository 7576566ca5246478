//! An entry of the topic of notes.

use orgstream_api::{Headers, InputOffset, Intent, Made, TopicPartition};
use serde::{Deserialize, Serialize};

use crate::kafka::{Consumed, Outgoing, Place, topics};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The insert of a record may have been carried out.
    Unanswered(Intent),
    /// It was.
    Made(Made),
    /// What was made for records of a partition is no longer known.
    Forgotten(Forgotten),
}

/// How much of what was made is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Forgotten {
    /// The records' partition.
    #[serde(flatten)]
    pub(super) partition: TopicPartition,
    /// Records of the target that were made before may be meant: milliseconds since the epoch, by the target's clock.
    pub(super) until: i64,
}

/// The key of an entry: a record's place, or its partition alone.
#[derive(Serialize)]
struct Key<'a> {
    topic: &'a str,
    partition: i32,
    offset: Option<i64>,
}

impl Entry {
    /// Reads what the topic holds for a key.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(super) fn read(record: &Consumed) -> Result<Self, String> {
        serde_json::from_slice(record.value.as_deref().unwrap_or_default()).map_err(|error| {
            format!(
                "the entry at {} cannot be read ({error}); another program or a newer orgstream wrote it. Run that version, or \
                 remove the entry with a tombstone of its key",
                record.at
            )
        })
    }

    /// The partition of the record it is about.
    pub(super) fn partition(&self) -> &TopicPartition {
        match self {
            Self::Unanswered(intent) => &intent.at.partition,
            Self::Made(made) => &made.at.partition,
            Self::Forgotten(forgotten) => &forgotten.partition,
        }
    }

    /// The entry on its way into the topic of a pipeline.
    pub(super) fn outgoing(&self, pipeline: &str) -> Outgoing {
        let offset = match self {
            Self::Unanswered(intent) => Some(intent.at.offset),
            Self::Made(made) => Some(made.at.offset),
            Self::Forgotten(_) => None,
        };
        let value = serde_json::to_vec(self).expect("strings and numbers always serialise");
        outgoing(pipeline, self.partition(), offset, Some(value))
    }
}

/// What ends the entry of a record.
pub(super) fn tombstone(pipeline: &str, at: &InputOffset) -> Outgoing {
    outgoing(pipeline, &at.partition, Some(at.offset), None)
}

fn outgoing(pipeline: &str, of: &TopicPartition, offset: Option<i64>, value: Option<Vec<u8>>) -> Outgoing {
    let key = Key { topic: &of.topic, partition: of.partition, offset };
    Outgoing {
        topic: topics::intents(pipeline),
        place: Place::Partition(of.partition),
        key: Some(serde_json::to_vec(&key).expect("strings and numbers always serialise")),
        value,
        headers: Headers::default(),
        timestamp: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Lead".into(), partition: 2 }, offset }
    }

    #[test]
    fn entries_read_as_they_were_written_and_end_under_the_same_key() {
        let intent = Intent {
            at: at(7),
            object: "Lead".into(),
            since: 1,
            over: 2,
            user: None,
            fields: vec!["LastName".into()],
            print: u64::MAX,
        };
        let made = Made { at: at(7), object: "Lead".into(), target: "00Q".into(), when: 3 };
        let forgotten = Forgotten { partition: at(0).partition, until: 9 };
        for entry in [Entry::Unanswered(intent), Entry::Made(made), Entry::Forgotten(forgotten)] {
            let out = entry.outgoing("crm");
            assert_eq!((out.topic.as_str(), &out.place), ("crm.intents", &Place::Partition(2)));
            let consumed = Consumed {
                at: at(0),
                key: out.key.clone(),
                value: out.value,
                headers: Headers::default(),
                timestamp: 0,
            };
            assert_eq!(Entry::read(&consumed).unwrap(), entry);
            let of_record = !matches!(entry, Entry::Forgotten(_));
            assert_eq!(out.key == tombstone("crm", &at(7)).key, of_record);
        }
    }
}
