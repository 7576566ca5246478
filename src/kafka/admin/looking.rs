//! Looks for topics without making any: what [`Admin::ensure_topics`] would come to, and what brokers do with what lies there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode;

use super::{Admin, Cleanup, LIST, TopicSpec};
use crate::kafka::error::Error;

/// What was found of a topic that has to be there.
#[derive(Debug)]
pub enum Looked {
    /// It is there as it has to be, with so many partitions.
    There(i32),
    /// It is not there, and would be made.
    Made,
    /// It cannot be used, or not be made.
    Unfit(Error),
}

/// What was found of all of them, by name. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Outlook(Arc<Mutex<BTreeMap<String, (TopicSpec, Looked)>>>);

/// How brokers keep a topic; what is `None` they do not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicSettings {
    /// `cleanup.policy`.
    pub cleanup: Option<String>,
    /// `retention.ms`; -1 is for ever.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`, of each partition; -1 is without limit.
    pub retention_bytes: Option<i64>,
    /// `max.message.bytes`.
    pub largest_record: Option<u64>,
}

impl Outlook {
    /// Hands out what was found.
    pub fn take(&self) -> BTreeMap<String, (TopicSpec, Looked)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many partitions a topic would be made with that is not there; `None` where it would not be made, or as brokers please.
    pub(super) fn planned(&self, topic: &str) -> Option<i32> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(topic)
            .filter(|(_, looked)| matches!(looked, Looked::Made))
            .and_then(|(spec, _)| spec.partitions)
    }

    pub(super) fn note(&self, spec: &TopicSpec, looked: Looked) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(spec.name.clone(), (spec.clone(), looked));
    }
}

impl Admin {
    /// The same brokers for who only looks: topics that would be made are noted instead.
    pub fn looking(&self) -> (Self, Outlook) {
        let outlook = Outlook::default();
        (Self { outlook: Some(outlook.clone()), ..self.clone() }, outlook)
    }

    /// How many partitions `topic` has, or would have, for who only looks.
    pub async fn width(&self, topic: &str) -> Result<Option<i32>, Error> {
        let there = self.partitions(topic).await?;
        Ok(there.or_else(|| self.outlook.as_ref()?.planned(topic)))
    }

    /// How the brokers keep `topic`.
    pub async fn topic_settings(&self, topic: &str) -> Result<TopicSettings, Error> {
        if self.shared.config.settings.by_token() {
            return Err(self.refused(format!(
                "how topic {topic} is kept cannot be asked where orgstream logs in with OAUTHBEARER; look with `kafka-configs.sh --describe`"
            )));
        }
        let options = AdminOptions::new().request_timeout(Some(LIST));
        let failed = |source| {
            Error::failed(
                &self.shared.config.bootstrap_servers,
                format!("asking for the settings of topic {topic}"),
                source,
            )
        };
        let asked = [ResourceSpecifier::Topic(topic)];
        let mut answers = self.shared.client.describe_configs(&asked, &options).await.map_err(failed)?;
        let config = answers
            .pop()
            .unwrap_or(Err(RDKafkaErrorCode::NoEnt))
            .map_err(|code| failed(rdkafka::error::KafkaError::AdminOp(code)))?;
        let value = |name: &str| config.get(name).and_then(|entry| entry.value.clone());
        let number = |name: &str| value(name).and_then(|value| value.parse().ok());
        Ok(TopicSettings {
            cleanup: value("cleanup.policy"),
            retention_ms: number("retention.ms"),
            retention_bytes: number("retention.bytes"),
            largest_record: value("max.message.bytes").and_then(|value| value.parse().ok()),
        })
    }

    pub(super) async fn look(&self, spec: &TopicSpec) -> Looked {
        let asked = async {
            let found = self.partitions(&spec.name).await?;
            if let Some(found) =
                found.filter(|found| spec.cleanup == Cleanup::Compact && Some(*found) < spec.partitions)
            {
                // A start widens it.
                return Ok(Looked::There(found));
            }
            if self.matches(spec).await? {
                return Ok(Looked::There(found.unwrap_or_default()));
            }
            self.create(spec, true).await.map(|()| Looked::Made)
        };
        asked.await.unwrap_or_else(Looked::Unfit)
    }
}
