//! What a consumer group has committed, and who is in it. Whoever asks here is no member.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use orgstream_api::TopicPartition;
use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::groups::GroupInfo;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use serde::Serialize;

use super::{Admin, Shared, blocking};
use crate::kafka::consumer::Note;
use crate::kafka::context::Reports;
use crate::kafka::error::Error;
use crate::kafka::query::{Ask, serve};

/// How long a question about a group may take; finding its coordinator is part of it.
const QUESTION: Duration = Duration::from_secs(10);

/// What a group committed of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupCommit {
    /// The next offset to read.
    pub offset: i64,
    /// The id of the org that it was consumed for; empty where a tool committed.
    pub org: String,
    /// The bulk jobs that go on with its records.
    pub jobs: BTreeSet<String>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupMember {
    /// Its id, which begins with the lasting name of a member that has one: `NODE.PIPELINE-sink-NUMBER`.
    pub id: String,
    /// What its client calls itself.
    pub client: String,
    /// Where it is.
    pub host: String,
}

impl Admin {
    /// What consumer group `group` committed; partitions without a commit are left out.
    pub async fn committed(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let commits = self.commits(group, topics).await?;
        Ok(commits.into_iter().map(|(place, commit)| (place, commit.offset)).collect())
    }

    /// As [`Admin::committed`], with what is kept beside each offset.
    pub async fn commits(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<BTreeMap<TopicPartition, GroupCommit>, Error> {
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        let group = group.to_owned();
        let commit = |element: TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) => {
                let Note { org, jobs } = Note::read(element.metadata());
                Some((place_of(&element), GroupCommit { offset, org, jobs }))
            }
            _ => None,
        };
        blocking(move || {
            let commits = shared.group_commits(&group, &topics)?;
            Ok(commits.elements().into_iter().filter_map(commit).collect())
        })
        .await
    }

    /// Commits for consumer group `group`. It must have no member: the brokers refuse it otherwise.
    pub async fn commit(
        &self,
        group: &str,
        commits: BTreeMap<TopicPartition, GroupCommit>,
    ) -> Result<(), Error> {
        let (shared, group) = (Arc::clone(&self.shared), group.to_owned());
        blocking(move || {
            let failed = |source| shared.failed(&group, "committing the offsets", source);
            let mut list = TopicPartitionList::with_capacity(commits.len());
            for (place, commit) in &commits {
                list.add_partition_offset(&place.topic, place.partition, Offset::Offset(commit.offset))
                    .map_err(failed)?;
            }
            for mut element in list.elements() {
                if let Some(GroupCommit { org, jobs, .. }) = commits.get(&place_of(&element)) {
                    element.set_metadata(Note { org: org.clone(), jobs: jobs.clone() }.text());
                }
            }
            shared.group_client(&group)?.commit(&list, CommitMode::Sync).map_err(failed)
        })
        .await
    }

    /// Forgets everything that consumer group `group` committed. It must have no member: the brokers refuse it otherwise.
    pub async fn forget(&self, group: &str) -> Result<(), Error> {
        if self.shared.config.settings.by_token() {
            return Err(self.refused(format!(
                "orgstream cannot forget the offsets of group {group} where it logs in with OAUTHBEARER: do it with \
                 `kafka-consumer-groups.sh --delete --group {group}`"
            )));
        }
        let options = AdminOptions::new().request_timeout(Some(QUESTION));
        let failed = |source| self.shared.failed(group, "forgetting the offsets", source);
        let results = self.shared.client.delete_groups(&[group], &options).await.map_err(failed)?;
        for result in results {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)) => {}
                Err((_, code)) => return Err(failed(KafkaError::AdminOp(code))),
            }
        }
        Ok(())
    }

    /// The members of consumer group `group`; none where nobody is at work in it, or there is no such group.
    pub async fn members(&self, group: &str) -> Result<Vec<GroupMember>, Error> {
        let (shared, group) = (Arc::clone(&self.shared), group.to_owned());
        blocking(move || {
            let listed = shared.uncommitted.client().fetch_group_list(Some(&group), QUESTION);
            let listed = listed.map_err(|source| shared.failed(&group, "asking for the members", source))?;
            let found = listed.groups().iter().filter(|found| found.name() == group);
            let members = found.flat_map(GroupInfo::members).map(|member| GroupMember {
                id: member.id().to_owned(),
                client: member.client_id().to_owned(),
                host: member.client_host().trim_start_matches('/').to_owned(),
            });
            Ok(members.collect())
        })
        .await
    }

    /// Whether a sink was at work in `group`. An offset that an operator's tool has set is none of a sink's.
    pub async fn has_consumed(&self, group: &str, topics: &[String]) -> Result<bool, Error> {
        Ok(self.commits(group, topics).await?.values().any(|commit| !commit.org.is_empty()))
    }
}

impl Shared {
    pub(super) fn failed(&self, group: &str, what: &str, source: KafkaError) -> Error {
        Error::failed(&self.config.bootstrap_servers, format!("{what} of group {group}"), source)
    }

    fn group_commits(&self, group: &str, topics: &[String]) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::new();
        for place in self.uncommitted.offsets(topics, Ask::First)?.into_keys() {
            list.add_partition(&place.topic, place.partition);
        }
        let client = self.group_client(group)?;
        client
            .committed_offsets(list, QUESTION)
            .map_err(|source| self.failed(group, "asking for the offsets", source))
    }

    /// A client that names the group but never subscribes: it asks without becoming a member.
    pub(super) fn group_client(&self, group: &str) -> Result<Arc<BaseConsumer<Reports>>, Error> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = groups.get(group) {
            serve(client);
            return Ok(Arc::clone(client));
        }
        let client: BaseConsumer<Reports> = self
            .config
            .client_config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create_with_context(Reports::default())
            .map_err(|error| Error::refused_config(&self.config.bootstrap_servers, &error))?;
        let client = Arc::new(client);
        serve(&client);
        groups.insert(group.to_owned(), Arc::clone(&client));
        Ok(client)
    }
}

fn place_of(element: &TopicPartitionListElem<'_>) -> TopicPartition {
    TopicPartition { topic: element.topic().to_owned(), partition: element.partition() }
}
