//! What setting the offsets of a sink does to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgstream_api::{InputOffset, TaskError, TopicPartition};
use serde::Serialize;

use super::vacant::vacated;
use super::{PartitionPlace, SinkPlaces, of_sink};
use crate::config::{Config, Pipeline, PipelineSink};
use crate::kafka::{Admin, GroupCommit};
use crate::runtime::options::RunError;
use crate::runtime::reach::ReachedKafka;
use crate::runtime::start::Beginner;

/// Where the group of a sink is to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// At the first records that are still there.
    Earliest,
    /// Behind the last ones.
    Latest,
    /// At the first ones of this time or later, milliseconds since the epoch.
    Time(i64),
    /// At these places; other partitions stay.
    Places(Vec<InputOffset>),
    /// Where the file has it begin: everything that was committed is forgotten.
    Start,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The pipeline.
    pub pipeline: String,
    /// Where its sink is to go on.
    pub target: Target,
    /// The only topics, or partitions of topics, that are set; none: all.
    pub only: Vec<(String, Option<i32>)>,
}

/// What becomes of each partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: String,
    /// The group.
    pub group: String,
    /// The partitions, those that stay where they are included.
    pub moves: Vec<Move>,
    /// Whether what was committed is forgotten.
    pub forgets: bool,
    /// Whether the sink makes new records of what comes again.
    pub inserts: bool,
}

/// What becomes of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// What the group has committed.
    pub committed: Option<i64>,
    /// Where the sink would go on without this.
    pub from: i64,
    /// Where it goes on.
    pub to: i64,
    /// The offset behind the last record.
    pub end: i64,
}

impl Move {
    /// How many offsets are never delivered for it.
    pub fn skipped(&self) -> i64 {
        (self.to - self.from).max(0)
    }

    /// How many offsets come again.
    pub fn again(&self) -> i64 {
        self.committed.map_or(0, |committed| (committed - self.to).max(0))
    }
}

impl Plan {
    /// How many offsets are never delivered.
    pub fn skipped(&self) -> i64 {
        self.moves.iter().map(Move::skipped).sum()
    }

    /// How many offsets come again.
    pub fn again(&self) -> i64 {
        self.moves.iter().map(Move::again).sum()
    }

    /// Whether it has to be confirmed: records are left out by it, or may be there twice.
    pub fn is_risky(&self) -> bool {
        self.skipped() > 0 || (self.inserts && self.again() > 0)
    }
}

/// What is asked for, of a sink of the file.
pub(super) struct Setting<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) sink: &'a PipelineSink,
    pub(super) wanted: &'a Wanted,
}

impl Plan {
    /// Makes the plan, and carries it out where `agreed`, asked once all is known, says so, as soon as nobody is in the group. `None`: the file's own broker has
    /// never run on `place`.
    pub async fn carry_out(
        config: &Config,
        place: &Path,
        running: Option<&BTreeMap<String, String>>,
        wanted: &Wanted,
        agreed: impl FnOnce(&Plan) -> bool,
    ) -> Result<Option<Self>, RunError> {
        let named = config.pipelines.iter().find(|pipeline| pipeline.name == wanted.pipeline);
        let Some((pipeline, sink)) = named.and_then(|named| Some((named, named.sink.as_ref()?))) else {
            return Err(RunError::config(format!("pipeline `{}` has no sink", wanted.pipeline)));
        };
        let Some(reached) = ReachedKafka::of(config, place, running).await? else { return Ok(None) };
        let setting = Setting { pipeline, sink, wanted };
        let done = setting.carry_out(&reached, place, agreed).await;
        reached.leave().await;
        done.map(Some)
    }
}

impl Setting<'_> {
    async fn carry_out(
        &self,
        reached: &ReachedKafka,
        place: &Path,
        agreed: impl FnOnce(&Plan) -> bool,
    ) -> Result<Plan, RunError> {
        let admin = &reached.admin;
        let places = of_sink(self.pipeline, self.sink, admin).await.map_err(TaskError::from)?;
        let plan = self.plan(&places, admin).await?;
        if !agreed(&plan) {
            return Ok(plan);
        }
        let _held =
            vacated(admin, &places, place, self.sink.membership.session_timeout, reached.is_alone()).await?;
        // Whoever left meanwhile may have committed.
        let places = of_sink(self.pipeline, self.sink, admin).await.map_err(TaskError::from)?;
        let plan = self.plan(&places, admin).await?;
        if plan.forgets {
            refuse_open_jobs(&places)?;
            admin.forget(&plan.group).await.map_err(TaskError::from)?;
        } else {
            let moved = plan.moves.iter().filter(|moved| moved.committed != Some(moved.to));
            let commits: BTreeMap<_, _> = moved.map(|moved| places.commit(moved)).collect();
            if !commits.is_empty() {
                admin.commit(&plan.group, commits).await.map_err(TaskError::from)?;
            }
        }
        Ok(plan)
    }

    pub(super) async fn plan(&self, places: &SinkPlaces, admin: &Admin) -> Result<Plan, RunError> {
        let topics: Vec<String> = {
            let names: BTreeSet<&String> = places.partitions.iter().map(|place| &place.topic).collect();
            names.into_iter().cloned().collect()
        };
        self.must_be_read(places, &topics)?;
        let to = self.offsets(places, &topics, admin).await?;
        let moves = places.partitions.iter().filter_map(|place| {
            let to = to.get(&TopicPartition { topic: place.topic.clone(), partition: place.partition })?;
            let from = place.next.offset().unwrap_or(place.first);
            let PartitionPlace { topic, partition, committed, end, .. } = place.clone();
            Some(Move { topic, partition, committed, from, to: *to, end })
        });
        Ok(Plan {
            pipeline: self.pipeline.name.clone(),
            group: places.group.clone(),
            moves: moves.collect(),
            forgets: self.wanted.target == Target::Start,
            inserts: places.operation.inserts(),
        })
    }

    /// A name that is none of the sink's would be passed over in silence.
    fn must_be_read(&self, places: &SinkPlaces, topics: &[String]) -> Result<(), RunError> {
        let named = self.wanted.only.iter().map(|(topic, partition)| (topic, *partition));
        let set = match &self.wanted.target {
            Target::Places(places) => places.as_slice(),
            _ => &[],
        };
        let set = set.iter().map(|at| (&at.partition.topic, Some(at.partition.partition)));
        for (topic, partition) in named.chain(set) {
            let width = places.partitions.iter().filter(|place| place.topic == *topic).count();
            let why = if width == 0 {
                format!("has no topic `{topic}`; it reads {}", topics.join(", "))
            } else if let Some(partition) = partition
                .filter(|partition| usize::try_from(*partition).map_or(true, |number| number >= width))
            {
                format!("has no partition {partition} of {topic}: there are {width}, from 0 on")
            } else {
                continue;
            };
            return Err(RunError::config(format!("the sink of pipeline {} {why}", self.pipeline.name)));
        }
        Ok(())
    }

    /// Where the partitions that are set go on.
    async fn offsets(
        &self,
        places: &SinkPlaces,
        topics: &[String],
        admin: &Admin,
    ) -> Result<BTreeMap<TopicPartition, i64>, RunError> {
        let firsts: BTreeMap<_, _> =
            places.partitions.iter().map(|place| (place.place(), place.first)).collect();
        let mut offsets = match &self.wanted.target {
            Target::Earliest => firsts,
            Target::Latest => admin.stable_offsets(topics).await.map_err(TaskError::from)?,
            Target::Time(millis) => admin.offsets_at(topics, *millis).await.map_err(TaskError::from)?,
            Target::Places(set) => {
                let mut offsets = BTreeMap::new();
                for InputOffset { partition, offset } in set {
                    let known = places.partitions.iter().find(|place| place.place() == *partition);
                    let Some(PartitionPlace { first, end, .. }) = known else { continue };
                    if !(first..=end).contains(&offset) {
                        return Err(RunError::config(format!(
                            "{partition} has {first} to {end}, and not {offset}"
                        )));
                    }
                    offsets.insert(partition.clone(), *offset);
                }
                offsets
            }
            Target::Start => {
                let open = firsts.keys().cloned().collect();
                let (pipeline, group) = (self.pipeline.name.as_str(), places.group.as_str());
                let beginner = Beginner { pipeline, group, topics, start: &self.sink.start };
                let told = beginner.offsets_of(&open, &firsts, admin).await.map_err(TaskError::from)?;
                firsts
                    .into_iter()
                    .map(|(place, first)| (place.clone(), told.get(&place).copied().unwrap_or(first)))
                    .collect()
            }
        };
        let only = &self.wanted.only;
        let is_set = |place: &TopicPartition| {
            let is = |(topic, partition): &(String, Option<i32>)| {
                *topic == place.topic && partition.is_none_or(|partition| partition == place.partition)
            };
            only.is_empty() || only.iter().any(is)
        };
        offsets.retain(|place, _| is_set(place));
        Ok(offsets)
    }
}

impl PartitionPlace {
    pub(super) fn place(&self) -> TopicPartition {
        TopicPartition { topic: self.topic.clone(), partition: self.partition }
    }
}

impl SinkPlaces {
    /// The commit of a partition that is set. What was noted beside the one before still holds: for which org the records were consumed,
    /// and which jobs go on with some of them.
    pub(super) fn commit(&self, moved: &Move) -> (TopicPartition, GroupCommit) {
        let place = TopicPartition { topic: moved.topic.clone(), partition: moved.partition };
        let before = self.commits.get(&place).cloned().unwrap_or_default();
        (place, GroupCommit { offset: moved.to, ..before })
    }
}

/// Whoever has the partitions next waits for these jobs, and would not know of them.
fn refuse_open_jobs(places: &SinkPlaces) -> Result<(), RunError> {
    let jobs: BTreeSet<&str> =
        places.commits.values().flat_map(|commit| &commit.jobs).map(String::as_str).collect();
    if jobs.is_empty() {
        return Ok(());
    }
    Err(RunError::failed(format!(
        "bulk jobs of the sink may still be at work in the org: {}. Its offsets say which, and would forget it: run the pipeline until they \
         are over, then reset",
        jobs.into_iter().collect::<Vec<_>>().join(", ")
    )))
}
