//! The offsets of sinks of this process, shown, and set while it lets them rest.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::{InputOffset, TaskError, TopicPartition};

use super::plan::{Setting, Target, Wanted};
use super::{of_sink, vacant};
use crate::config::{Pipeline, PipelineSink, SinkStart};
use crate::connectors::Offsets;
use crate::kafka::{Admin, Error};
use crate::runtime::options::RunError;
use crate::runtime::prepare::{input_topics, missing};
use crate::worker::sink::SinkTask;

/// A pipeline with its sink.
pub(in crate::runtime) type Sink<'a> = (&'a Pipeline, &'a PipelineSink);

/// What sinks have committed.
pub(in crate::runtime) async fn committed(
    sinks: &[Sink<'_>],
    admin: &Admin,
) -> Result<BTreeMap<TopicPartition, i64>, Error> {
    let mut all = BTreeMap::new();
    for (pipeline, _) in sinks {
        let mut topics = input_topics(pipeline);
        let missing = missing(&topics, admin).await?;
        topics.retain(|topic| !missing.contains(topic));
        if !topics.is_empty() {
            all.extend(admin.committed(&group(pipeline), &topics).await?);
        }
    }
    Ok(all)
}

/// Waits until nobody is in the groups of sinks that this process, as `node`, has stopped.
pub(in crate::runtime) async fn left_alone(
    sinks: &[Sink<'_>],
    node: &str,
    admin: &Admin,
) -> Result<(), RunError> {
    for (pipeline, sink) in sinks {
        vacant::left(admin, &group(pipeline), Some(node), sink.membership.session_timeout).await?;
    }
    Ok(())
}

/// Sets the offsets of sinks that nobody has run meanwhile. Nothing is committed where one of the offsets cannot be.
///
/// # Errors
/// [`RunError::Config`] where what is asked for is wrong.
pub(in crate::runtime) async fn set(
    sinks: &[Sink<'_>],
    offsets: &Offsets,
    admin: &Admin,
) -> Result<(), RunError> {
    let mut planned = Vec::new();
    let mut known = BTreeSet::new();
    for (pipeline, sink) in sinks {
        let places = of_sink(pipeline, sink, admin).await.map_err(TaskError::from)?;
        let own: BTreeSet<TopicPartition> =
            places.partitions.iter().map(super::PartitionPlace::place).collect();
        let mut commits = BTreeMap::new();
        for wanted in parts(pipeline, sink, offsets, &own) {
            let plan = Setting { pipeline, sink, wanted: &wanted }.plan(&places, admin).await?;
            let moved = plan.moves.iter().filter(|moved| moved.committed != Some(moved.to));
            commits.extend(moved.map(|moved| places.commit(moved)));
        }
        known.extend(own);
        planned.push((places.group, commits));
    }
    refuse_unknown(offsets, &known)?;
    for (group, commits) in planned {
        if !commits.is_empty() {
            tracing::info!(group, partitions = commits.len(), "The offsets of a sink are set.");
            admin.commit(&group, commits).await.map_err(TaskError::from)?;
        }
    }
    Ok(())
}

/// What is asked of one of the sinks, which reads the partitions `own`.
fn parts(
    pipeline: &Pipeline,
    sink: &PipelineSink,
    offsets: &Offsets,
    own: &BTreeSet<TopicPartition>,
) -> Vec<Wanted> {
    let anew = if matches!(sink.start, SinkStart::Latest) { Target::Latest } else { Target::Earliest };
    let wanted = |target, only| Wanted { pipeline: pipeline.name.clone(), target, only };
    let Offsets::Places(places) = offsets else { return vec![wanted(anew, Vec::new())] };
    let (mut exact, mut only) = (Vec::new(), Vec::new());
    for (place, offset) in places.iter().filter(|(place, _)| own.contains(place)) {
        match offset {
            Some(offset) => exact.push(InputOffset { partition: place.clone(), offset: *offset }),
            None => only.push((place.topic.clone(), Some(place.partition))),
        }
    }
    let mut parts = Vec::new();
    if !exact.is_empty() {
        parts.push(wanted(Target::Places(exact), Vec::new()));
    }
    if !only.is_empty() {
        parts.push(wanted(anew, only));
    }
    parts
}

/// A name that is none of the sinks' would be passed over in silence.
fn refuse_unknown(offsets: &Offsets, known: &BTreeSet<TopicPartition>) -> Result<(), RunError> {
    let Offsets::Places(places) = offsets else { return Ok(()) };
    let Some(unknown) = places.keys().find(|place| !known.contains(place)) else { return Ok(()) };
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Err(RunError::config(format!(
        "the connector does not read {unknown}; the partitions of its topics that are there: {}",
        known.join(", ")
    )))
}

fn group(pipeline: &Pipeline) -> String {
    SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group()
}
