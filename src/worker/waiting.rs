//! What waits in the parked topic, of whichever kind.

use orgstream_api::{HealthReporter, Owed, TaskError};

use crate::kafka::{Consumed, Error, KafkaConfig, read_compacted, topics};

use super::owed::{EntryKey, Kind};
use super::parked::entry::ParkedRecord;

/// The entries of a parked topic.
#[derive(Debug, Default)]
pub struct Waiting {
    /// References, each with since when it is owed, milliseconds since the epoch.
    pub owed: Vec<(Owed, i64)>,
    /// Records.
    pub records: Vec<ParkedRecord>,
}

/// Why it is not known what waits.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// Kafka does not say.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// An entry is none that this version knows.
    #[error(
        "the entry at {at} cannot be read ({reason}); another program or a newer orgstream wrote it. Run that version, or \
         remove the entry with a tombstone of its key"
    )]
    Entry {
        /// Where it lies.
        at: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<NotRead> for TaskError {
    fn from(error: NotRead) -> Self {
        match error {
            NotRead::Kafka(error) => error.into(),
            entry @ NotRead::Entry { .. } => Self::failed(entry),
        }
    }
}

/// Reads the parked topic of `pipeline`, or one partition of it, to the end that it has now.
pub async fn read_waiting(
    kafka: &KafkaConfig,
    pipeline: &str,
    partition: Option<i32>,
    health: &HealthReporter,
) -> Result<Waiting, NotRead> {
    let read = read_compacted(kafka, &topics::parked(pipeline), partition, health).await?;
    let mut waiting = Waiting::default();
    for entry in read.entries.into_values() {
        waiting.take_in(&entry).map_err(|reason| NotRead::Entry { at: entry.at.to_string(), reason })?;
    }
    Ok(waiting)
}

impl Waiting {
    fn take_in(&mut self, entry: &Consumed) -> Result<(), String> {
        let key: EntryKey = serde_json::from_slice(entry.key.as_deref().unwrap_or_default())
            .map_err(|error| format!("its key: {error}"))?;
        match key.kind {
            Kind::Owed => {
                let owed = serde_json::from_slice(entry.value.as_deref().unwrap_or_default());
                self.owed.push((owed.map_err(|error| error.to_string())?, entry.timestamp));
            }
            Kind::Record => self.records.push(ParkedRecord::read(&key, entry)?),
        }
        Ok(())
    }
}
