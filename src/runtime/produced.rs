//! What lies on a source's topics already: read back from Kafka, for a source that was restarted.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use orgstream_api::record::{field, header};
use orgstream_api::{
    EventType, Found, HealthReporter, Offsets, Produced, Stamp, StoreError, Struct, TopicPartition, Version,
};
use orgstream_salesforce::datetime;

use crate::codec::Codec;
use crate::kafka::{Admin, Consumed, KafkaConfig, Tail};
use crate::shaping::Metadata;

/// What the header says of a record that a snapshot brought.
const SNAPSHOT: &str = "snapshot";

/// The topics of one source task.
pub(super) struct ProducedTopics {
    /// The brokers.
    pub(super) kafka: KafkaConfig,
    /// Asks for offsets.
    pub(super) admin: Admin,
    /// Bytes to records.
    pub(super) codec: Codec,
    /// What the headers are called that tell of a record; `None` where records do not say what they are.
    pub(super) metadata: Option<Metadata>,
    /// Topic → object.
    pub(super) objects: HashMap<String, String>,
    /// The task's health.
    pub(super) health: HealthReporter,
}

#[async_trait]
impl Produced for ProducedTopics {
    async fn since(&self, since: i64, each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError> {
        if self.metadata.is_none() {
            return Ok(());
        }
        let topics = self.objects.keys().cloned().collect();
        let mut tail = Tail::since(&self.kafka, topics, since, self.health.clone());
        while let Some(record) = tail.next().await {
            if let Some(version) = self.version(&record.map_err(failed)?).await? {
                each(version);
            }
        }
        Ok(())
    }

    async fn ends(&self, object: &str) -> Result<Offsets, StoreError> {
        let ends = self.admin.end_offsets(&self.topics_of(object)).await.map_err(failed)?;
        Ok(by_topic(ends))
    }

    async fn from(
        &self,
        object: &str,
        offsets: &Offsets,
        each: &mut (dyn FnMut(Version) + Send),
    ) -> Result<Found, StoreError> {
        if self.metadata.is_none() {
            return Ok(Found::Cut);
        }
        let topics = self.topics_of(object);
        if self.is_cut(&topics, offsets).await? {
            return Ok(Found::Cut);
        }
        let start = |topic: &String| (topic.clone(), offsets.get(topic).cloned().unwrap_or_default());
        let starts = topics.iter().map(start).collect();
        let mut tail = Tail::from(&self.kafka, starts, self.health.clone());
        while let Some(record) = tail.next().await {
            let record = record.map_err(failed)?;
            if self.told(&record, header::ORIGIN) == Some(SNAPSHOT) {
                continue;
            }
            if let Some(version) = self.version(&record).await? {
                each(version);
            }
        }
        // What was deleted while it was read may not have been read.
        Ok(if self.is_cut(&topics, offsets).await? { Found::Cut } else { Found::All })
    }
}

impl ProducedTopics {
    fn topics_of(&self, object: &str) -> Vec<String> {
        let topics = self.objects.iter().filter(|(_, known)| known.eq_ignore_ascii_case(object));
        topics.map(|(topic, _)| topic.clone()).collect()
    }

    /// Whether a part of what lay behind `offsets` is gone.
    async fn is_cut(&self, topics: &[String], offsets: &Offsets) -> Result<bool, StoreError> {
        let firsts = by_topic(self.admin.first_offsets(topics).await.map_err(failed)?);
        let ends = by_topic(self.admin.end_offsets(topics).await.map_err(failed)?);
        Ok(are_cut(offsets, &firsts, &ends))
    }

    /// What the header says that is called `name` by default.
    fn told<'a>(&self, record: &'a Consumed, name: &str) -> Option<&'a str> {
        record.headers.text(&self.metadata.as_ref()?.name(name)?)
    }

    /// The version in `record`; `None` for what is not a source's record.
    async fn version(&self, record: &Consumed) -> Result<Option<Version>, StoreError> {
        let Some(object) = self.objects.get(&record.at.partition.topic) else { return Ok(None) };
        let Some(stamp) =
            self.told(record, header::STAMP).and_then(|text| datetime::parse_datetime(text).ok())
        else {
            return Ok(None);
        };
        // The key may be anything; the value has the id.
        let decoded = self.codec.decode(None, record.value.as_deref()).await.map_err(failed)?;
        let Some(value) = decoded.value else { return Ok(None) };
        let text = |name| value.value(name).and_then(orgstream_api::Value::as_str);
        let Some(id) = text(field::ID) else { return Ok(None) };
        let deleted = text(field::EVENT_TYPE) == Some(EventType::Deleted.as_str());
        let stamp = Stamp(stamp.div_euclid(1_000));
        let carried = self.told(record, header::CARRIED);
        let whole = carried.is_some_and(|carried| carries_all(carried, &value));
        Ok(Some(Version { object: object.clone(), id: id.to_owned(), stamp, deleted, whole }))
    }
}

/// Whether the names in a `carried` header are all that the value has.
fn carries_all(carried: &str, value: &Struct) -> bool {
    let Ok(names) = serde_json::from_str::<Vec<&str>>(carried) else { return false };
    let own = |name: &str| name != field::OBJECT_TYPE && name != field::EVENT_TYPE;
    value.iter().map(|(name, _)| name).filter(|name| own(name)).all(|name| names.contains(&name))
}

/// Whether topics that lie between `firsts` and `ends` lack a part of what lay behind `offsets`. What is younger than
/// these was empty then.
fn are_cut(offsets: &Offsets, firsts: &Offsets, ends: &Offsets) -> bool {
    let of = |places: &Offsets, topic: &str, partition| {
        places.get(topic).and_then(|places| places.get(&partition)).copied()
    };
    let any = |places: &Offsets, is: &dyn Fn(&str, i32, i64) -> bool| {
        places.iter().any(|(topic, places)| places.iter().any(|(partition, at)| is(topic, *partition, *at)))
    };
    let is_gone = |topic: &str, partition, start| {
        of(firsts, topic, partition).is_none() || of(ends, topic, partition).is_none_or(|end| end < start)
    };
    let begins_late =
        |topic: &str, partition, first| first > of(offsets, topic, partition).unwrap_or_default();
    any(offsets, &is_gone) || any(firsts, &begins_late)
}

fn by_topic(places: BTreeMap<TopicPartition, i64>) -> Offsets {
    let mut offsets = Offsets::new();
    for (TopicPartition { topic, partition }, offset) in places {
        offsets.entry(topic).or_default().insert(partition, offset);
    }
    offsets
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError { what: "cannot read back what the source produced".into(), source: Some(source.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(places: &[(&str, i32, i64)]) -> Offsets {
        let mut offsets = Offsets::new();
        for (topic, partition, offset) in places {
            offsets.entry((*topic).to_owned()).or_default().insert(*partition, *offset);
        }
        offsets
    }

    #[test]
    fn what_was_deleted_since_is_noticed_in_topics_and_partitions_that_are_younger_too() {
        let begun = at(&[("a", 0, 10)]);
        for (firsts, ends, cut) in [
            (at(&[("a", 0, 0)]), at(&[("a", 0, 12)]), false),
            (at(&[("a", 0, 10)]), at(&[("a", 0, 10)]), false),
            (at(&[("a", 0, 11)]), at(&[("a", 0, 12)]), true),
            (at(&[("a", 0, 0)]), at(&[("a", 0, 9)]), true),
            (at(&[]), at(&[]), true),
            (at(&[("a", 0, 0), ("a", 1, 0)]), at(&[("a", 0, 12), ("a", 1, 5)]), false),
            (at(&[("a", 0, 0), ("a", 1, 3)]), at(&[("a", 0, 12), ("a", 1, 5)]), true),
            (at(&[("a", 0, 0), ("b", 0, 1)]), at(&[("a", 0, 12), ("b", 0, 1)]), true),
        ] {
            assert_eq!(are_cut(&begun, &firsts, &ends), cut, "{firsts:?} {ends:?}");
        }
    }
}
