//! What the user may do with topics and groups, found by requests that change nothing.
//!
//! Brokers look at a user's rights before anything else. So a request that they refuse whoever sends it tells by its refusal whether
//! the right is there: a record is sent with a number of acknowledgements that the protocol does not know, an offset is committed of
//! a partition that no topic has. Neither is ever kept.

use std::time::Duration;

use rdkafka::client::OAuthToken;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

use super::{Admin, blocking};
use crate::kafka::config::KafkaConfig;
use crate::kafka::context::Reports;
use crate::kafka::error::Error;
use crate::kafka::{query, token};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(100);
/// In milliseconds, and as short as brokers let a member's session be.
const SESSION: &str = "6000";

/// Whether the user has a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// The brokers let it pass.
    Yes,
    /// The brokers say no.
    No,
    /// Their answer tells neither.
    Unknown(String),
}

impl Allowed {
    fn of(
        code: Option<RDKafkaErrorCode>,
        refusals: &[RDKafkaErrorCode],
        passes: &[RDKafkaErrorCode],
    ) -> Self {
        match code {
            Some(code) if refusals.contains(&code) => Self::No,
            Some(code) if passes.contains(&code) => Self::Yes,
            Some(code) => Self::Unknown(code.to_string()),
            None => Self::Unknown("no answer".to_owned()),
        }
    }
}

const DENIED: &[RDKafkaErrorCode] =
    &[RDKafkaErrorCode::TopicAuthorizationFailed, RDKafkaErrorCode::ClusterAuthorizationFailed];

impl Admin {
    /// Whether records of `topic` may be read. The end of its first partition is asked for, outside of any group.
    pub async fn may_read(&self, topic: &str) -> Result<Allowed, Error> {
        let (config, topic) = (self.shared.config.clone(), topic.to_owned());
        blocking(move || read(&config, &topic)).await
    }

    /// Whether records may be written to `topic`.
    pub async fn may_write(&self, topic: &str) -> Result<Allowed, Error> {
        let (config, topic) = (self.shared.config.clone(), topic.to_owned());
        blocking(move || write(&config, &topic)).await
    }

    /// Whether the user may be a member of consumer group `group`, which reads `topic`.
    pub async fn may_join(&self, group: &str, topic: &str) -> Result<Allowed, Error> {
        let (config, group, topic) = (self.shared.config.clone(), group.to_owned(), topic.to_owned());
        blocking(move || {
            let refused = |error: KafkaError| Error::refused_config(&config.bootstrap_servers, &error);
            let mut client = config.client_config();
            // A group that the user may not even describe has no coordinator for it, which is waited for as long as this.
            client.set("session.timeout.ms", SESSION).set("heartbeat.interval.ms", "1000");
            let client: BaseConsumer<Reports> = client
                .set("group.id", &group)
                .set("enable.auto.commit", "false")
                .create_with_context(Reports::default())
                .map_err(refused)?;
            query::serve(&client);
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(&topic, i32::MAX, Offset::Offset(0)).map_err(refused)?;
            let mut code = match client.commit(&list, CommitMode::Sync) {
                Ok(()) => None,
                Err(error) => error.rdkafka_error_code(),
            };
            while let Some(Err(error)) = client.poll(TICK) {
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
                    code = error.rdkafka_error_code();
                }
            }
            let passes = [
                RDKafkaErrorCode::UnknownTopicOrPartition,
                // Other members are at work, and only they may commit.
                RDKafkaErrorCode::UnknownMemberId,
                RDKafkaErrorCode::IllegalGeneration,
                // The right to read the topic is another one.
                RDKafkaErrorCode::TopicAuthorizationFailed,
            ];
            Ok(Allowed::of(code, &[RDKafkaErrorCode::GroupAuthorizationFailed], &passes))
        })
        .await
    }
}

fn read(config: &KafkaConfig, topic: &str) -> Result<Allowed, Error> {
    let refused = |error: KafkaError| Error::refused_config(&config.bootstrap_servers, &error);
    let consumer: BaseConsumer<Reports> =
        config.reader_config().create_with_context(Reports::default()).map_err(refused)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::End).map_err(refused)?;
    consumer.assign(&list).map_err(refused)?;
    let deadline = Instant::now() + ANSWER;
    while Instant::now() < deadline {
        match consumer.poll(TICK) {
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(Allowed::Yes),
            Some(Err(error)) if error.rdkafka_error_code().is_some_and(|code| DENIED.contains(&code)) => {
                return Ok(Allowed::No);
            }
            Some(Err(_)) | None => {}
        }
    }
    Ok(Allowed::Unknown(consumer.context().last().unwrap_or_else(|| "no answer".to_owned())))
}

/// Keeps what became of the one record.
#[derive(Default)]
struct Verdict {
    reports: Reports,
    /// Whether it was written, or why not; `None` before that is known.
    fate: Mutex<Option<Result<(), RDKafkaErrorCode>>>,
}

impl ClientContext for Verdict {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::of(config)
    }

    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        self.reports.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.note(&error, reason);
    }
}

impl ProducerContext for Verdict {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let code = |error: &KafkaError| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let fate = result.as_ref().map(|_| ()).map_err(|(error, _)| code(error));
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = Some(fate);
    }
}

fn write(config: &KafkaConfig, topic: &str) -> Result<Allowed, Error> {
    let refused = |error: KafkaError| Error::refused_config(&config.bootstrap_servers, &error);
    let mut client = config.producer_config();
    client
        .set("enable.idempotence", "false")
        // Only -1, 0 and 1 are known: brokers refuse the rest, once they have looked at the rights.
        .set("acks", "2")
        .set("message.send.max.retries", "0")
        .set("message.timeout.ms", ANSWER.as_millis().to_string());
    let producer: BaseProducer<Verdict> = client.create_with_context(Verdict::default()).map_err(refused)?;
    let record = BaseRecord::<(), ()>::to(topic).partition(0);
    if let Err((error, _)) = producer.send(record) {
        return Ok(Allowed::of(error.rdkafka_error_code(), DENIED, &[]));
    }
    let deadline = Instant::now() + ANSWER + TICK;
    while Instant::now() < deadline {
        producer.poll(TICK);
        let fate = *producer.context().fate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fate) = fate {
            return Ok(Allowed::of(fate.err(), DENIED, &[RDKafkaErrorCode::InvalidRequiredAcks]));
        }
    }
    Ok(Allowed::Unknown(producer.context().reports.last().unwrap_or_else(|| "no answer".to_owned())))
}
