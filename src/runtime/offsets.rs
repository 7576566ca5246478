//! Where a file's pipelines are in Kafka and in their orgs: shown, and set while nobody is at work there.
//!
//! - this file: what is shown
//! - [`plan`]: what setting a sink's offsets does to it
//! - [`vacant`]: waits until nobody is in its group
//! - [`at_rest`]: shown and set by the process itself, while it lets a sink rest

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgstream_api::{SourcePosition, TaskError, TopicPartition};
use orgstream_salesforce_sink::Operation;
use serde::Serialize;

use super::options::RunError;
use super::prepare::input_topics;
use super::reach::ReachedKafka;
use super::start::Beginner;
use super::stored;
use crate::config::{Config, Pipeline, PipelineSink};
use crate::kafka::{Admin, Error, GroupCommit, GroupMember};
use crate::worker::sink::SinkTask;

mod plan;
pub use plan::{Move, Plan, Target, Wanted};

mod vacant;

mod at_rest;
pub(super) use at_rest::{Sink, committed, left_alone, set};

/// Where one pipeline is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PipelinePlaces {
    /// Its name.
    pub pipeline: String,
    /// Where its sink is in its topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink: Option<SinkPlaces>,
    /// What is on record of its source: channels, snapshots, sweeps and gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Vec<SourcePosition>>,
}

/// Where a sink is in its topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkPlaces {
    /// Its consumer group.
    pub group: String,
    /// Where the file has it begin.
    pub start: String,
    /// Who is in the group now.
    pub members: Vec<GroupMember>,
    /// The partitions of the topics that are there.
    pub partitions: Vec<PartitionPlace>,
    /// The topics that are not there yet.
    pub missing: Vec<String>,
    #[serde(skip)]
    operation: Operation,
    #[serde(skip)]
    commits: BTreeMap<TopicPartition, GroupCommit>,
}

/// Where a sink is in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionPlace {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// The next offset to read, by what the group committed.
    pub committed: Option<i64>,
    /// The first offset that is still there.
    pub first: i64,
    /// The offset behind the last record.
    pub end: i64,
    /// How many offsets are left. Some are no records but marks of transactions.
    pub lag: i64,
    /// What a sink that starts now does.
    pub next: Next,
}

/// What a sink that starts now does with a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Next {
    /// It goes on where the group has committed.
    GoesOn {
        /// The offset.
        offset: i64,
    },
    /// It begins where the file says.
    Begins {
        /// The offset.
        offset: i64,
    },
    /// It does not start.
    Refused {
        /// Why.
        why: String,
    },
}

impl Next {
    /// The first offset that it reads, where it starts.
    fn offset(&self) -> Option<i64> {
        match self {
            Self::GoesOn { offset } | Self::Begins { offset } => Some(*offset),
            Self::Refused { .. } => None,
        }
    }
}

/// The pipelines of a file, or the one that is named, with where they are. Empty where the file's own broker has never run.
pub async fn places(
    config: &Config,
    place: &Path,
    running: Option<&BTreeMap<String, String>>,
    pipeline: Option<&str>,
) -> Result<Vec<PipelinePlaces>, RunError> {
    let Some(reached) = ReachedKafka::of(config, place, running).await? else { return Ok(Vec::new()) };
    let found = look(config, &reached, pipeline).await;
    reached.leave().await;
    found
}

async fn look(
    config: &Config,
    reached: &ReachedKafka,
    pipeline: Option<&str>,
) -> Result<Vec<PipelinePlaces>, RunError> {
    let mut positions = stored::read(config, &reached.kafka).await?;
    let mut all = Vec::new();
    let wanted = |known: &&Pipeline| pipeline.is_none_or(|name| name == known.name);
    for pipeline in config.pipelines.iter().filter(wanted) {
        let sink = match &pipeline.sink {
            Some(sink) => Some(of_sink(pipeline, sink, &reached.admin).await.map_err(TaskError::from)?),
            None => None,
        };
        let known = positions.remove(&pipeline.name).unwrap_or_default();
        let source = pipeline.source.as_ref().map(|_| known);
        all.push(PipelinePlaces { pipeline: pipeline.name.clone(), sink, source });
    }
    Ok(all)
}

async fn of_sink(pipeline: &Pipeline, sink: &PipelineSink, admin: &Admin) -> Result<SinkPlaces, Error> {
    let (mut topics, mut missing) = (Vec::new(), Vec::new());
    for topic in input_topics(pipeline).into_iter().collect::<BTreeSet<_>>() {
        match admin.partitions(&topic).await? {
            Some(_) => topics.push(topic),
            None => missing.push(topic),
        }
    }
    let group = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
    let commits = admin.commits(&group, &topics).await?;
    let (firsts, ends) = (admin.first_offsets(&topics).await?, admin.end_offsets(&topics).await?);
    let open: BTreeSet<_> = firsts.keys().filter(|place| !commits.contains_key(place)).cloned().collect();
    let beginner = Beginner { pipeline: &pipeline.name, group: &group, topics: &topics, start: &sink.start };
    let begins = match beginner.offsets_of(&open, &firsts, admin).await {
        Ok(begins) => Ok(begins),
        Err(Error::Config { what, .. }) => Err(what),
        Err(error) => return Err(error),
    };
    let partitions = firsts.iter().map(|(place, first)| {
        let committed = commits.get(place).map(|commit| commit.offset);
        let end = ends.get(place).copied().unwrap_or(*first);
        let next = match (committed, &begins) {
            (Some(offset), _) => goes_on(offset, *first, end),
            (None, Ok(begins)) => begin(begins.get(place).copied(), *first),
            (None, Err(why)) => Next::Refused { why: why.clone() },
        };
        let from = next.offset().unwrap_or(*first);
        PartitionPlace {
            topic: place.topic.clone(),
            partition: place.partition,
            committed,
            first: *first,
            end,
            lag: (end - from).max(0),
            next,
        }
    });
    Ok(SinkPlaces {
        members: admin.members(&group).await?,
        group,
        start: sink.start.to_string(),
        partitions: partitions.collect(),
        missing,
        operation: sink.operation,
        commits,
    })
}

fn goes_on(offset: i64, first: i64, end: i64) -> Next {
    if offset < first {
        return Next::Refused { why: format!("the records from {offset} to {first} are gone") };
    }
    if offset > end {
        return Next::Refused { why: format!("{offset} is behind the end: the topic was made anew") };
    }
    Next::GoesOn { offset }
}

/// `told` is what the file says of the partition.
fn begin(told: Option<i64>, first: i64) -> Next {
    match told {
        Some(offset) => Next::Begins { offset },
        None if first == 0 => Next::Begins { offset: 0 },
        None => {
            Next::Refused { why: format!("nothing is committed, and the records before {first} are gone") }
        }
    }
}
