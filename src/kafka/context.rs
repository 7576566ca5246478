//! What every librdkafka client reports to: its log goes to tracing, its errors are kept for our own messages.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use super::refusal::Refusal;
use super::token;

/// Keeps the last thing that a client said of its brokers.
#[derive(Debug, Default)]
pub(super) struct Reports {
    last: Mutex<Option<Said>>,
}

/// What a client said.
#[derive(Debug)]
struct Said {
    when: Instant,
    words: String,
    refusal: Option<Refusal>,
}

impl Said {
    /// Its words, and what they call for.
    fn with_advice(&self) -> String {
        match self.refusal {
            Some(refusal) => format!("{}. {}", self.words, refusal.advice()),
            None => self.words.clone(),
        }
    }
}

impl Reports {
    /// The last error in librdkafka's words, such as `Connect to ipv4#127.0.0.1:9092 failed: Connection refused`, with
    /// what to do where that is known.
    pub(super) fn last(&self) -> Option<String> {
        self.lock().as_ref().map(Said::with_advice)
    }

    /// What was said last, if the brokers turned the client away and will do so again.
    pub(super) fn refused(&self) -> Option<String> {
        let last = self.lock();
        let said = last.as_ref()?;
        said.refusal.is_some_and(Refusal::is_final).then(|| said.with_advice())
    }

    /// What is known about a wait for the brokers. The last error may be an old one, so it comes with its age.
    pub(super) fn about_waiting(&self) -> String {
        match &*self.lock() {
            Some(said) => {
                format!(
                    "the last trouble was {} s ago: {}",
                    said.when.elapsed().as_secs(),
                    said.with_advice()
                )
            }
            None => "they have not acknowledged, though no connection failed".to_owned(),
        }
    }

    /// Takes note of an error. It is not logged here: who waits for the brokers says so.
    pub(super) fn note(&self, error: &KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // The end of a partition travels as an error, and is none.
        if code == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::debug!(target: "librdkafka", %error, reason);
        let mut last = self.lock();
        // It follows what was said of each of them, which tells more.
        if code == Some(RDKafkaErrorCode::AllBrokersDown) && last.is_some() {
            return;
        }
        let refusal = Refusal::of(code, reason);
        *last = Some(Said { when: Instant::now(), words: reason.to_owned(), refusal });
    }

    /// Takes note of a line of the log about a connection that was cut: no error tells of it.
    pub(super) fn note_line(&self, facility: &str, line: &str) {
        if facility != "FAIL" {
            return;
        }
        if let Some(refusal) = Refusal::of(None, line) {
            // It begins with the thread's name.
            let words = line.split_once("]: ").map_or(line, |(_, words)| words).to_owned();
            *self.lock() = Some(Said { when: Instant::now(), words, refusal: Some(refusal) });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Said>> {
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
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::of(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.note_line(facility, line);
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Reports {}
