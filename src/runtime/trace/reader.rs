//! Finds the changes of one record on the topics of a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::record::{field, header};
use orgstream_api::{HealthReporter, IdLink, SourcePosition, TaskError, Value};
use orgstream_salesforce::datetime::format_datetime;
use orgstream_salesforce_source::topics_on_record;

use super::outcomes::{Outcomes, rejection};
use super::{Asked, Became, Traced};
use crate::codec::{Codec, Input};
use crate::config::Pipeline;
use crate::kafka::partitioner::partition_of;
use crate::kafka::{Admin, Consumed, KafkaConfig, Tail, topics};
use crate::runtime::options::RunError;
use crate::shaping::{KeyRule, Metadata};
use crate::worker::dead_letters::write_id;
use crate::worker::sink::SinkTask;
use crate::worker::waiting::read_waiting;

/// Reads what is asked for.
pub(super) struct Reader<'a> {
    pub(super) kafka: KafkaConfig,
    pub(super) admin: Admin,
    pub(super) codec: Codec,
    pub(super) health: HealthReporter,
    /// `None`: they are not here.
    pub(super) links: Option<Vec<IdLink>>,
    pub(super) asked: &'a Asked,
}

impl Reader<'_> {
    /// The changes on the topics of a pipeline.
    pub(super) async fn of_pipeline(
        &self,
        pipeline: &Pipeline,
        positions: &[SourcePosition],
    ) -> Result<Vec<Traced>, RunError> {
        let mut found = Vec::new();
        for topic in self.topics(pipeline, positions) {
            found.extend(self.changes(pipeline, topic).await?);
        }
        let outcomes = self.outcomes(pipeline, &found).await?;
        let plain = Metadata::default();
        let metadata = pipeline.source.as_ref().map_or(&plain, |source| &source.shaping.headers.metadata);
        let changes = found.into_iter().map(|Change { record, event }| Traced {
            became: outcomes.of(pipeline, &record, self.links.as_deref()),
            ..traced(pipeline, metadata, &record, event)
        });
        // They are not of the file's making, and have the headers under their own names.
        let refused = outcomes.refused.iter().map(|letter| Traced {
            became: rejection(&letter.headers),
            ..traced(pipeline, &plain, letter, None)
        });
        Ok(changes.chain(refused).collect())
    }

    /// The topics that may have its changes.
    fn topics(&self, pipeline: &Pipeline, positions: &[SourcePosition]) -> BTreeSet<String> {
        let object = &self.asked.object;
        let known = pipeline.objects.iter().filter(|known| known.name.eq_ignore_ascii_case(object));
        let read = known.filter_map(|known| Some(pipeline.sink.as_ref()?.topic(&known.name)));
        let sources = pipeline.source.iter().flat_map(|source| &source.config.objects);
        let sources = sources.filter(|known| known.name.eq_ignore_ascii_case(object));
        let written = sources.filter_map(|known| Some(known.topic.name()?.to_string()));
        let on_record = topics_on_record(positions).filter(|(_, known)| known.eq_ignore_ascii_case(object));
        read.chain(written).chain(on_record.map(|(topic, _)| topic.to_owned())).collect()
    }

    /// The changes on one topic.
    async fn changes(&self, pipeline: &Pipeline, topic: String) -> Result<Vec<Change>, RunError> {
        let Some(partitions) = self.admin.partitions(&topic).await.map_err(TaskError::from)? else {
            return Ok(Vec::new());
        };
        let keyed =
            pipeline.source.as_ref().is_some_and(|source| matches!(source.shaping.key, KeyRule::Record));
        let mut starts = BTreeMap::new();
        if keyed {
            // All changes of a record lie in the partition of its id; of the others only the end is read.
            let ends = self.admin.end_offsets(std::slice::from_ref(&topic)).await.map_err(TaskError::from)?;
            let own = partition_of(self.asked.id.as_bytes(), partitions);
            starts = ends.into_iter().map(|(place, end)| (place.partition, end)).collect();
            starts.insert(own, 0);
        }
        let read_as = match (&pipeline.sink, &pipeline.source) {
            (Some(sink), _) => sink.input.clone(),
            (None, Some(source)) => source.output.read_as(),
            (None, None) => Input::default(),
        };
        let codec = self.codec.clone().reading(read_as);
        let mut tail = Tail::from(&self.kafka, vec![(topic, starts)], self.health.clone());
        let mut changes = Vec::new();
        while let Some(record) = tail.next().await {
            let record = record.map_err(TaskError::from)?;
            if let Some(event) = self.is_of_it(&codec, &record).await {
                changes.push(Change { record, event });
            }
        }
        Ok(changes)
    }

    /// What happened, where `record` is a change of the record; `None` where it is none, or names it only.
    async fn is_of_it(&self, codec: &Codec, record: &Consumed) -> Option<Option<String>> {
        let id = self.asked.id.as_str();
        let halves = [record.key.as_deref(), record.value.as_deref()];
        if !halves.into_iter().flatten().any(|half| contains(half, id.as_bytes())) {
            return None;
        }
        // The key may be anything; what the file computed has no schema, and says by its bytes alone whose it is.
        let Ok(decoded) = codec.decode(None, record.value.as_deref()).await else { return Some(None) };
        let Some(value) = decoded.value else { return Some(None) };
        let text = |name| value.value(name).and_then(Value::as_str);
        match text(field::ID) {
            Some(known) if known != id => None,
            _ => Some(text(field::EVENT_TYPE).map(str::to_owned)),
        }
    }

    async fn outcomes(&self, pipeline: &Pipeline, found: &[Change]) -> Result<Outcomes, RunError> {
        let writes = found.iter().map(|change| write_id(&pipeline.name, &change.record.at));
        let mut outcomes = Outcomes::of_writes(writes.collect());
        if pipeline.sink.is_some() {
            let group = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
            let topics: BTreeSet<String> =
                found.iter().map(|change| change.record.at.partition.topic.clone()).collect();
            let topics: Vec<_> = topics.into_iter().collect();
            let committed = self.admin.committed(&group, &topics).await.map_err(TaskError::from)?;
            outcomes.committed = Some(committed.into_iter().collect());
            if self
                .admin
                .partitions(&topics::parked(&pipeline.name))
                .await
                .map_err(TaskError::from)?
                .is_some()
            {
                let waiting = read_waiting(&self.kafka, &pipeline.name, None, &self.health).await;
                let waiting = waiting.map_err(TaskError::from)?.records.into_iter();
                let reason =
                    |until: Option<String>| until.unwrap_or_else(|| "behind an earlier one".to_owned());
                outcomes.parked = waiting
                    .map(|parked| {
                        (parked.consumed.at.clone(), reason(parked.until.cause().map(ToString::to_string)))
                    })
                    .collect();
            }
        }
        let letters = topics::dead_letters(&pipeline.name);
        if self.admin.partitions(&letters).await.map_err(TaskError::from)?.is_some() {
            let mut tail = Tail::since(&self.kafka, vec![letters], 0, self.health.clone());
            while let Some(letter) = tail.next().await {
                outcomes.take_in(letter.map_err(TaskError::from)?, &self.asked.id);
            }
        }
        Ok(outcomes)
    }
}

/// A change, and what happened.
struct Change {
    record: Consumed,
    event: Option<String>,
}

fn traced(pipeline: &Pipeline, metadata: &Metadata, record: &Consumed, event: Option<String>) -> Traced {
    let told = |name| Some(record.headers.text(&metadata.name(name)?)?.to_owned());
    Traced {
        pipeline: pipeline.name.clone(),
        topic: record.at.partition.topic.clone(),
        partition: record.at.partition.partition,
        offset: record.at.offset,
        timestamp: format_datetime(record.timestamp),
        event,
        origin: told(header::ORIGIN),
        replay_id: told(header::REPLAY_ID),
        became: Became::Produced,
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
