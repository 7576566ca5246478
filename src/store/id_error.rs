//! Why the id map cannot be used.

use orgstream_api::{StoreError, TaskError};

use crate::kafka::{Error, ProduceError, topics};

/// The id map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdStoreError {
    /// The state was made with another Kafka, or the topic was made anew.
    #[error(
        "the state directory has followed topic {topic} up to offset {from}, but it ends at {end}: this is another Kafka \
         cluster, or the topic was deleted. Restore the old brokers in `kafka.bootstrap_servers`, or use a new `state` \
         directory; links are then found again in the target org",
        topic = topics::IDS
    )]
    OtherKafka {
        /// The next offset the state expects.
        from: i64,
        /// The topic's end.
        end: i64,
    },
    /// The topic was deleted and made again while this process used it.
    #[error(
        "topic {topic} reached up to offset {end} and now has a new entry at {found}: it was deleted and made anew, \
         or lost its newest entries. Stop every process that uses it, and start each with a new `state` directory; links are then found again in the \
         target org",
        topic = topics::IDS
    )]
    MadeAnew {
        /// The end as it was known.
        end: i64,
        /// The offset of the entry.
        found: i64,
    },
    /// SQLite failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Kafka failed.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// Kafka takes no links.
    #[error(transparent)]
    Produce(#[from] ProduceError),
}

impl From<IdStoreError> for TaskError {
    fn from(error: IdStoreError) -> Self {
        match error {
            IdStoreError::OtherKafka { .. } | IdStoreError::MadeAnew { .. } => Self::failed(error),
            IdStoreError::Store(error) => Self::restart(error),
            IdStoreError::Kafka(error) => error.into(),
            IdStoreError::Produce(error) => error.into(),
        }
    }
}
