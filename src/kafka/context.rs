//! What every librdkafka client reports to: its log goes to tracing, its errors are kept for our own messages.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Keeps the last thing that a client said of its brokers.
#[derive(Debug, Default)]
pub(super) struct Reports {
    last: Mutex<Option<String>>,
}

impl Reports {
    /// The last error in librdkafka's words, such as `Connect to ipv4#127.0.0.1:9092 failed: Connection refused`.
    pub(super) fn last(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of an error. It is not logged here: who waits for the brokers says so.
    pub(super) fn note(&self, error: &KafkaError, reason: &str) {
        // The end of a partition travels as an error, and is none.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::debug!(target: "librdkafka", %error, reason);
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Reports {}
