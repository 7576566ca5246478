//! Makes the topics a run needs, before its first record.
//!
//! A topic that is missing although its source has begun to write to it is not made anew: that would hide what was lost
//! with it.

use orgstream_api::{HealthReporter, TaskError, TopicTemplate};
use orgstream_salesforce_source::{has_begun, topics_on_record};

use super::awaited::{awaited, said};
use super::former;
use super::options::{Former, RunOptions};
use super::orgs::Orgs;
use super::presence::can_begin;
use crate::config::{Config, Pipeline, Reports};
use crate::kafka::{Admin, Cleanup, Error, KafkaConfig, TopicSpec, read_compacted, topics};
use crate::worker::positions::{self as stored_positions, SourceTask};
use crate::worker::record_topics::RecordTopics;
use crate::worker::sink::SinkTask;

/// Creates what is missing and refuses what does not fit the file.
pub(super) async fn topics(
    config: &Config,
    options: &RunOptions,
    kafka: &KafkaConfig,
    admin: &Admin,
    orgs: &Orgs,
    health: &HealthReporter,
) -> Result<(), TaskError> {
    positions(admin).await?;
    ids(admin).await?;
    let place = Place { config, options, kafka, admin };
    for pipeline in &config.pipelines {
        // Its source ends with the reason as soon as it starts.
        if can_begin(pipeline, options, orgs).await? {
            place.topics_of(pipeline, health).await?;
        }
    }
    Ok(())
}

/// Where the topics of pipelines are.
pub(super) struct Place<'a> {
    /// The file.
    pub(super) config: &'a Config,
    /// What of it runs.
    pub(super) options: &'a RunOptions,
    /// The brokers.
    pub(super) kafka: &'a KafkaConfig,
    /// Makes topics.
    pub(super) admin: &'a Admin,
}

impl Place<'_> {
    /// Creates what one pipeline lacks and refuses what does not fit the file.
    pub(super) async fn topics_of(
        &self,
        pipeline: &Pipeline,
        health: &HealthReporter,
    ) -> Result<(), TaskError> {
        let Self { config, options, kafka, admin } = self;
        // A source that reads everything anew brings again what was lost.
        if !options.snapshot.contains(&pipeline.name) {
            refuse_lost(pipeline, kafka, admin, health).await?;
        }
        if options.sources() {
            // A source owns its topics: another width than the file's would move records to other partitions.
            admin
                .ensure_topics(
                    &source_topics(pipeline).map(|(_, name)| records(config, name)).collect::<Vec<_>>(),
                )
                .await?;
            admin.ensure_topics(&[dead_letters(pipeline)]).await?;
        }
        if options.sinks() && pipeline.sink.is_some() {
            if !options.snapshot.contains(&pipeline.name) {
                refuse_lost_waiting(pipeline, kafka, admin).await?;
            }
            let awaited = awaited(config, pipeline);
            let missing = missing(&awaited, admin).await?;
            if !missing.is_empty() {
                refuse_missing(pipeline, options, &missing, admin).await?;
                return Ok(());
            }
            sink_topics(config, pipeline, admin).await?;
            if let Some(former) = options.former.get(&pipeline.name) {
                former::settle(pipeline, former, admin).await?;
            }
        }
        Ok(())
    }
}

/// Refuses a run that cannot wait for topics that others have to make: one that is to end, or to take offsets over.
async fn refuse_missing(
    pipeline: &Pipeline,
    options: &RunOptions,
    missing: &[String],
    admin: &Admin,
) -> Result<(), Error> {
    let takes_over = matches!(options.former.get(&pipeline.name), Some(Former::TakeOver(_)));
    if options.until_synced.is_none() && !takes_over {
        return Ok(());
    }
    Err(admin.refused(said(&pipeline.name, missing, admin).await))
}

/// Makes the topic of the sources' positions.
pub(super) async fn positions(admin: &Admin) -> Result<(), Error> {
    admin.ensure_topics(&[compacted(topics::POSITIONS, 1)]).await
}

/// Makes the topic of the id links.
pub(super) async fn ids(admin: &Admin) -> Result<(), Error> {
    admin.ensure_topics(&[compacted(topics::IDS, 1)]).await
}

/// Fails when a topic is missing that the pipeline's source has begun to write to.
async fn refuse_lost(
    pipeline: &Pipeline,
    kafka: &KafkaConfig,
    admin: &Admin,
    health: &HealthReporter,
) -> Result<(), TaskError> {
    let mut gone = gone(source_topics(pipeline).collect(), admin).await?;
    let open = open_templates(pipeline);
    if gone.is_empty() && open.is_empty() {
        return Ok(());
    }
    // Where nobody has positions, no source has begun.
    if admin.partitions(topics::POSITIONS).await?.is_none() {
        return Ok(());
    }
    let task = SourceTask { pipeline: pipeline.name.clone(), number: 0 };
    let compacted = read_compacted(kafka, topics::POSITIONS, None, health).await?;
    let entries = compacted
        .entries
        .iter()
        .filter_map(|(key, record)| Some((&record.at, key.as_slice(), record.value.as_deref()?)));
    let stored = stored_positions::read(&task, entries).map_err(TaskError::failed)?;
    let stored: Vec<_> = stored.positions.into_iter().map(|stored| stored.position).collect();
    gone.retain(|(object, _)| has_begun(&stored, object));
    // Those that only the records named, unless the file has other templates by now.
    let named = topics_on_record(&stored).filter(|(topic, _)| open.iter().any(|open| open.may_be(topic)));
    let named = named.map(|(topic, object)| (object, topic.to_owned()));
    gone.extend(self::gone(named.collect(), admin).await?);
    match gone.into_iter().next() {
        None => Ok(()),
        Some((object, topic)) => Err(TaskError::failed(Error::TopicGone {
            brokers: kafka.bootstrap_servers.clone(),
            topic,
            what: format!(
                "the source of pipeline {} has begun to write {object} there, so the topic was deleted, or \
                 `source.topic` was changed. What lay there and had not arrived is lost. Run once with \
                 `--snapshot {}`, which makes the topic and reads everything anew; or create the topic, with \
                 `kafka.topics.partitions` partitions, if nothing is missed",
                pipeline.name, pipeline.name
            ),
        })),
    }
}

/// Fails when the topic is missing in which records wait, although the pipeline's sinks have read some: what waited in it is
/// before their offsets, and nobody would miss it.
async fn refuse_lost_waiting(
    pipeline: &Pipeline,
    kafka: &KafkaConfig,
    admin: &Admin,
) -> Result<(), TaskError> {
    let topic = topics::parked(&pipeline.name);
    if admin.partitions(&topic).await?.is_some() {
        return Ok(());
    }
    let mut inputs = Vec::new();
    for input in input_topics(pipeline) {
        if admin.partitions(&input).await?.is_some() {
            inputs.push(input);
        }
    }
    let group = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
    if inputs.is_empty() || !admin.has_consumed(&group, &inputs).await? {
        return Ok(());
    }
    Err(TaskError::failed(Error::TopicGone {
        brokers: kafka.bootstrap_servers.clone(),
        topic,
        what: format!(
            "the sink of pipeline {} keeps there what waits for parents or better times, so the topic was deleted, and \
             whatever waited in it is lost. Run once with `--snapshot {}`, which makes the topic and reads everything anew; or \
             create the topic, compacted and with as many partitions as the widest input, if nothing waited",
            pipeline.name, pipeline.name
        ),
    }))
}

/// Those of `topics` that the cluster does not have.
pub(super) async fn missing(topics: &[String], admin: &Admin) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for topic in topics {
        if admin.partitions(topic).await?.is_none() {
            missing.push(topic.clone());
        }
    }
    Ok(missing)
}

/// Those of `topics`, each with its object, that the cluster does not have.
async fn gone<'a>(
    mut topics: Vec<(&'a str, String)>,
    admin: &Admin,
) -> Result<Vec<(&'a str, String)>, Error> {
    let names: Vec<String> = topics.iter().map(|(_, topic)| topic.clone()).collect();
    let missing = missing(&names, admin).await?;
    topics.retain(|(_, topic)| missing.contains(topic));
    Ok(topics)
}

/// A sink reads what others made, of any width; it makes only what is not there yet.
async fn sink_topics(config: &Config, pipeline: &Pipeline, admin: &Admin) -> Result<(), Error> {
    let inputs = input_topics(pipeline);
    for name in &inputs {
        if admin.partitions(name).await?.is_none() {
            admin.ensure_topics(&[records(config, name.clone())]).await?;
        }
    }
    let sink = pipeline.sink.as_ref();
    let reports = sink.and_then(|sink| sink.reports.as_ref());
    let inserts = sink.is_some_and(|sink| sink.operation.inserts());
    own_topics(&pipeline.name, reports, inserts, &inputs, admin).await
}

/// Makes the topics that a sink writes itself, beside those that it reads, which are there.
pub(super) async fn own_topics(
    pipeline: &str,
    reports: Option<&Reports>,
    inserts: bool,
    inputs: &[String],
    admin: &Admin,
) -> Result<(), Error> {
    let mut widest = 1;
    for name in inputs {
        widest = widest.max(admin.width(name).await?.unwrap_or(1));
    }
    let reports = reports.into_iter().flat_map(Reports::topics);
    admin.ensure_topics(&reports.map(|name| of_reasons(name.clone())).collect::<Vec<_>>()).await?;
    // An entry lies in the partition number of its record, so the topic is as wide as the widest input, which others may have widened.
    for topic in [topics::parked(pipeline), topics::intents(pipeline)] {
        admin.widen(&topic, widest).await?;
    }
    let dead_letters = of_reasons(topics::dead_letters(pipeline));
    let mut own = vec![dead_letters, compacted(&topics::parked(pipeline), widest)];
    if inserts {
        own.push(compacted(&topics::intents(pipeline), widest));
    }
    admin.ensure_topics(&own).await
}

/// The topics a pipeline's source writes whatever its records are, each with its object or event.
pub(super) fn source_topics(pipeline: &Pipeline) -> impl Iterator<Item = (&str, String)> {
    templates(pipeline).filter_map(|(name, topic)| Some((name, topic.name()?.to_string())))
}

/// The templates of a pipeline's source of which only records make topics.
fn open_templates(pipeline: &Pipeline) -> Vec<&TopicTemplate> {
    templates(pipeline).map(|(_, topic)| topic).filter(|topic| topic.name().is_none()).collect()
}

/// The templates of what a pipeline's source writes, each with its object or event.
pub(super) fn templates(pipeline: &Pipeline) -> impl Iterator<Item = (&str, &TopicTemplate)> {
    let config = pipeline.source.iter().map(|source| &source.config);
    config.flat_map(|config| {
        let objects = config.objects.iter().map(|object| (&*object.name, &object.topic));
        objects.chain(config.events.iter().map(|events| (&*events.name, &events.topic)))
    })
}

/// The topics a pipeline's sink reads.
pub(super) fn input_topics(pipeline: &Pipeline) -> Vec<String> {
    let Some(sink) = &pipeline.sink else { return Vec::new() };
    pipeline.objects.iter().map(|object| sink.topic(&object.name)).collect()
}

fn records(config: &Config, name: String) -> TopicSpec {
    RecordTopics::spec(name, config.kafka.partitions)
}

fn dead_letters(pipeline: &Pipeline) -> TopicSpec {
    of_reasons(topics::dead_letters(&pipeline.name))
}

/// A topic that tells what became of records, in the order in which it was known.
fn of_reasons(name: String) -> TopicSpec {
    TopicSpec { name, partitions: Some(1), cleanup: Cleanup::Delete }
}

fn compacted(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions: Some(partitions), cleanup: Cleanup::Compact }
}
