//! Where a sink begins in partitions of which its group has committed nothing, as offsets.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::TopicPartition;

use crate::config::{PartitionStart, SinkStart};
use crate::kafka::{Admin, Error};

/// The sink that begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginner<'a> {
    /// Its pipeline.
    pub(super) pipeline: &'a str,
    /// Its group.
    pub(super) group: &'a str,
    /// The topics that it reads; they exist.
    pub(super) topics: &'a [String],
    /// Where it begins.
    pub(super) start: &'a SinkStart,
}

type Offsets = BTreeMap<TopicPartition, i64>;

impl Beginner<'_> {
    /// The first offsets of the partitions that have no commit. One that is left out begins at its very first record.
    pub(super) async fn offsets(&self, admin: &Admin) -> Result<Offsets, Error> {
        let committed = admin.committed(self.group, self.topics).await?;
        let firsts = admin.first_offsets(self.topics).await?;
        let open: BTreeSet<TopicPartition> =
            firsts.keys().filter(|place| !committed.contains_key(place)).cloned().collect();
        self.offsets_of(&open, &firsts, admin).await
    }

    /// As [`Beginner::offsets`], of the partitions `open`; `firsts` has the first offset of every partition.
    pub(super) async fn offsets_of(
        &self,
        open: &BTreeSet<TopicPartition>,
        firsts: &Offsets,
        admin: &Admin,
    ) -> Result<Offsets, Error> {
        if open.is_empty() {
            return Ok(Offsets::new());
        }
        let of_open = |mut offsets: Offsets| {
            offsets.retain(|place, _| open.contains(place));
            offsets
        };
        match self.start {
            SinkStart::Beginning => Ok(Offsets::new()),
            SinkStart::Earliest => Ok(of_open(firsts.clone())),
            SinkStart::Latest => Ok(of_open(admin.stable_offsets(self.topics).await?)),
            SinkStart::Time(millis) => Ok(of_open(admin.offsets_at(self.topics, *millis).await?)),
            SinkStart::Nowhere => Err(admin.refused(self.nowhere(open))),
            SinkStart::Offsets(topics) => self.by_topic(topics, open, firsts, admin).await,
            SinkStart::Group(from) => {
                let theirs = of_open(admin.committed(from, self.topics).await?);
                // Whoever names a group by mistake has everything written once more.
                if theirs.is_empty() && open.len() == firsts.len() {
                    return Err(admin.refused(no_offsets_of(from, self.topics, self.pipeline)));
                }
                Ok(theirs)
            }
        }
    }

    async fn by_topic(
        &self,
        topics: &BTreeMap<String, Vec<PartitionStart>>,
        open: &BTreeSet<TopicPartition>,
        firsts: &Offsets,
        admin: &Admin,
    ) -> Result<Offsets, Error> {
        let ends = admin.end_offsets(self.topics).await?;
        let stable = admin.stable_offsets(self.topics).await?;
        for (topic, starts) in topics {
            let partitions = firsts.keys().filter(|place| place.topic == *topic).count();
            let is_open = open.iter().any(|place| place.topic == *topic);
            if is_open && partitions != starts.len() {
                return Err(admin.refused(format!(
                    "`start.offsets` of the sink of pipeline {} has {} offsets for topic {topic}, which has {partitions} partitions; \
                     write one for each",
                    self.pipeline,
                    starts.len()
                )));
            }
        }
        let mut offsets = Offsets::new();
        for place in open {
            let number = usize::try_from(place.partition).unwrap_or(usize::MAX);
            let Some(start) = topics.get(&place.topic).and_then(|starts| starts.get(number)) else {
                continue;
            };
            let of = |offsets: &Offsets| offsets.get(place).copied().unwrap_or_default();
            let (first, end) = (of(firsts), of(&ends));
            let offset = match start {
                PartitionStart::At(offset) if (first..=end).contains(offset) => *offset,
                PartitionStart::At(offset) => {
                    return Err(admin.refused(format!(
                        "`start.offsets` of the sink of pipeline {} says {offset} for {place}, which has {first} to {end}",
                        self.pipeline
                    )));
                }
                PartitionStart::Earliest => first,
                PartitionStart::Latest => of(&stable),
            };
            offsets.insert(place.clone(), offset);
        }
        Ok(offsets)
    }

    fn nowhere(&self, open: &BTreeSet<TopicPartition>) -> String {
        let names: Vec<String> = open.iter().map(ToString::to_string).collect();
        format!(
            "`start` of the sink of pipeline {} is `none`, and group {} has committed nothing of {}, so there is no place to begin; \
             say one with `orgstream offsets set FILE {} --to …`",
            self.pipeline,
            self.group,
            names.join(", "),
            self.pipeline
        )
    }
}

/// That there is nothing to take over from the group `from`.
pub(super) fn no_offsets_of(from: &str, topics: &[String], pipeline: &str) -> String {
    format!(
        "consumer group {from} has committed no offset of {}, so there is none to go on from, and the sink of pipeline {pipeline} would \
         write everything that lies there once more. Check the name of the group (`kafka-consumer-groups.sh --list`), or leave the \
         order to take its offsets over out",
        topics.join(", ")
    )
}
