//! What every librdkafka client reports to: its log goes to tracing, its errors are kept for our own messages.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

/// Keeps the last thing that a client said of its brokers.
#[derive(Debug, Default)]
pub(super) struct Reports {
    last: Mutex<Option<(Instant, String)>>,
}

impl Reports {
    /// The last error in librdkafka's words, such as `Connect to ipv4#127.0.0.1:9092 failed: Connection refused`.
    pub(super) fn last(&self) -> Option<String> {
        self.lock().as_ref().map(|(_, said)| said.clone())
    }

    /// What is known about a wait for the brokers. The last error may be an old one, so it comes with its age.
    pub(super) fn about_waiting(&self) -> String {
        match &*self.lock() {
            Some((when, said)) => format!("the last trouble was {} s ago: {said}", when.elapsed().as_secs()),
            None => "they have not acknowledged, though no connection failed".to_owned(),
        }
    }

    /// Takes note of an error. It is not logged here: who waits for the brokers says so.
    pub(super) fn note(&self, error: &KafkaError, reason: &str) {
        // The end of a partition travels as an error, and is none.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::debug!(target: "librdkafka", %error, reason);
            *self.lock() = Some((Instant::now(), reason.to_owned()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of librdkafka's own log. Connections that fail are tried again by themselves: who waits for the brokers says
/// so, once and with the reason, and nobody else has to know.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match (facility, level) {
        ("FAIL", _) | (_, RDKafkaLogLevel::Debug) => {
            tracing::debug!(target: "librdkafka", facility, "{line}");
        }
        (_, RDKafkaLogLevel::Info | RDKafkaLogLevel::Notice) => {
            tracing::info!(target: "librdkafka", facility, "{line}");
        }
        (_, RDKafkaLogLevel::Warning) => {
            tracing::warn!(target: "librdkafka", facility, "{line}");
        }
        _ => {
            tracing::error!(target: "librdkafka", facility, "{line}");
        }
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Reports {}
