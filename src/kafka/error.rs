//! What can go wrong with Kafka, told apart by what the caller does about it.

use std::time::Duration;

use orgstream_api::TaskError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::config::MAX_RECORD_BYTES;
use super::delivery::Undelivered;
use super::record::Outgoing;

/// How long a topic has to be missing before it counts as deleted: brokers that just came back may not know it yet.
pub(super) const GONE: Duration = Duration::from_secs(10);

/// A call to Kafka failed. Every message names the brokers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No broker answered at all.
    #[error(
        "no Kafka broker answered at {brokers} within {} s ({last}): check `kafka.bootstrap_servers`, and that the broker runs and can be reached from here",
        .waited.as_secs()
    )]
    Unreachable {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// How long was waited.
        waited: Duration,
        /// The last thing that went wrong, in librdkafka's words.
        last: String,
    },
    /// The configuration, or what it asks of the brokers, cannot be had. Trying again would not help.
    #[error("Kafka at {brokers}: {what}")]
    Config {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// What happened, where, and what to do.
        what: String,
    },
    /// Records of a partition are gone although they were not consumed yet.
    #[error(
        "Kafka at {brokers}: records that consumer group {group} has to read next are not there any more ({reason}): they were deleted before they were consumed, or a topic was made anew. Have the sink go on with what is left: `orgstream offsets set FILE PIPELINE --only TOPIC:PARTITION --to earliest`. What is gone comes again when the pipeline that writes the topic is run once with `--snapshot PIPELINE`"
    )]
    OffsetGone {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// The consumer group.
        group: String,
        /// Which topic, partition and offsets.
        reason: String,
    },
    /// A topic is not there although it was in use.
    #[error("Kafka at {brokers}: topic {topic} does not exist any more: {what}")]
    TopicGone {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// The topic.
        topic: String,
        /// What it was used for, and what to do.
        what: String,
    },
    /// Another process took this client's name.
    #[error("Kafka at {brokers}: {what}")]
    Fenced {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// What happened, where, and what to do.
        what: String,
    },
    /// A call failed in a way that may pass.
    #[error("Kafka at {brokers}: {what}")]
    Failed {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// What was asked, of which topic or partition.
        what: String,
        /// Why it failed.
        #[source]
        source: Box<KafkaError>,
    },
    /// The client was closed while the call was waiting.
    #[error("the Kafka client for {what} was closed")]
    Closed {
        /// What the client was for.
        what: String,
    },
}

/// Records could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// Nothing was written, and the same batch may be tried again with the same producer.
    #[error("Kafka at {brokers}: {what}")]
    Again {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// What happened, with which topic or transactional id.
        what: String,
        /// Why.
        #[source]
        source: Box<KafkaError>,
    },
    /// The producer can do no more, and what became of the batch has to be read back. A fenced producer and a
    /// transaction that timed out look alike to it.
    #[error("Kafka at {brokers}: {what}")]
    Fatal {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// Whether the brokers said that the transactional id is in other hands, or the transaction timed out.
        fenced_or_timed_out: bool,
        /// What happened, with which topic or transactional id.
        what: String,
    },
    /// The topic was deleted.
    #[error(transparent)]
    TopicGone(Error),
    /// A record can never be written as it is. Nothing of a transaction was written; of a plain batch, the others were.
    #[error("Kafka at {brokers} refuses a record for topic {topic} with key {key}: {reason}")]
    Refused {
        /// `kafka.bootstrap_servers`.
        brokers: String,
        /// The topic.
        topic: String,
        /// The record's place in the batch.
        index: usize,
        /// The record's key, printable.
        key: String,
        /// Whether it is too large, rather than wrong.
        too_large: bool,
        /// Why, and what to do.
        reason: String,
    },
}

impl Error {
    /// librdkafka refuses its configuration.
    pub(super) fn refused_config(brokers: &str, error: &KafkaError) -> Self {
        let said = error.to_string();
        let advice =
            super::refusal::setup_advice(&said).map(|advice| format!(". {advice}")).unwrap_or_default();
        Self::Config {
            brokers: brokers.to_owned(),
            what: format!("the client cannot be set up: {said}{advice}"),
        }
    }

    /// `topic` was deleted under a client that used it.
    pub(super) fn topic_gone(brokers: &str, topic: &str) -> Self {
        Self::TopicGone {
            brokers: brokers.to_owned(),
            topic: topic.to_owned(),
            what: "it was deleted while it was in use, with what lay there. Start again: the topic is made anew if nothing \
                   is lost with it, and otherwise you are told what to do"
                .to_owned(),
        }
    }

    /// A call that may be tried again.
    pub(super) fn failed(brokers: &str, what: String, source: KafkaError) -> Self {
        Self::Failed { brokers: brokers.to_owned(), what, source: Box::new(source) }
    }
}

impl From<Error> for TaskError {
    fn from(error: Error) -> Self {
        match error {
            Error::Config { .. } => Self::config(error),
            Error::Unreachable { .. }
            | Error::OffsetGone { .. }
            | Error::TopicGone { .. }
            | Error::Fenced { .. } => Self::failed(error),
            Error::Failed { .. } | Error::Closed { .. } => Self::restart(error),
        }
    }
}

impl From<ProduceError> for TaskError {
    fn from(error: ProduceError) -> Self {
        match error {
            ProduceError::Again { .. } => Self::restart(error),
            ProduceError::Fatal { .. } | ProduceError::TopicGone(_) | ProduceError::Refused { .. } => {
                Self::failed(error)
            }
        }
    }
}

impl ProduceError {
    /// A record that no broker takes.
    pub(super) fn refused(brokers: &str, batch: &[Outgoing], failed: &Undelivered) -> Self {
        let record = &batch[failed.index];
        let code = failed.error.rdkafka_error_code();
        let size = record.value.as_ref().map_or(0, Vec::len);
        let too_large = code == Some(RDKafkaErrorCode::MessageSizeTooLarge);
        let reason = if too_large {
            format!(
                "it is too large, {size} bytes. Raise `max.message.bytes` of the topic; orgstream writes up to {MAX_RECORD_BYTES}"
            )
        } else {
            failed.error.to_string()
        };
        let key = record.key.as_deref().unwrap_or_default();
        Self::Refused {
            brokers: brokers.to_owned(),
            topic: record.topic.clone(),
            index: failed.index,
            key: key.escape_ascii().to_string(),
            too_large,
            reason,
        }
    }
}

/// Whether a topic or partition is not there, by what brokers or librdkafka say.
pub(super) fn tells_of_missing_topic(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(
        code,
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}
