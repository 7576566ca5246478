//! All groups under one lock, which is never held across a wait.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::group::{Group, State};
use super::offsets::{Committed, Offsets, TopicPartition};
use super::settings::GroupSettings;

/// Who sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: StrBytes,
    /// `/127.0.0.1`, as Kafka writes it.
    pub(crate) host: String,
}

/// The coordinator of all groups.
#[derive(Debug)]
pub(crate) struct GroupCoordinator {
    pub(super) settings: GroupSettings,
    state: Mutex<Groups>,
}

#[derive(Debug)]
pub(super) struct Groups {
    pub(super) groups: HashMap<String, Group>,
    pub(super) offsets: Offsets,
    /// Commits of open transactions: producer id → group → commits.
    pub(super) undecided: HashMap<i64, HashMap<String, Vec<TopicPartition>>>,
}

impl GroupCoordinator {
    /// Reads what was committed from the directory `dir`.
    pub(crate) fn open(dir: &Path, settings: GroupSettings) -> io::Result<Self> {
        let offsets = Offsets::open(&dir.join("offsets.journal"))?;
        let state = Groups { groups: HashMap::new(), offsets, undecided: HashMap::new() };
        Ok(Self { settings, state: Mutex::new(state) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Groups> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends sessions and rebalances whose time is up. To be called many times a second.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.groups.retain(|_, group| {
            group.sweep(&self.settings, now);
            // Nothing of an empty group is worth keeping but its commits.
            !(matches!(group.state, State::Empty) && group.members.is_empty() && group.pending.is_empty())
        });
    }

    /// Asks for every commit what becomes of it; `None` forgets it.
    pub(crate) fn revise_commits(
        &self,
        revised: impl Fn(&str, &TopicPartition, &Committed) -> Option<Committed>,
    ) -> io::Result<()> {
        self.lock().offsets.revise(revised)
    }

    /// A topic was deleted; nothing that was committed for it counts any more.
    pub(crate) fn forget_topic(&self, topic: &str) -> io::Result<()> {
        self.lock().offsets.forget_topic(topic)
    }

    /// All that an open transaction is going to commit: readers that want decided offsets only have to wait.
    pub(crate) fn announce(&self, producer_id: i64, group: &str, at: Vec<TopicPartition>) {
        let mut state = self.lock();
        state.undecided.entry(producer_id).or_default().insert(group.to_owned(), at);
    }

    /// The transaction was decided: its commits count, or there are none.
    pub(crate) fn decide(
        &self,
        producer_id: i64,
        commits: impl IntoIterator<Item = (String, Vec<(TopicPartition, Committed)>)>,
    ) -> io::Result<()> {
        let mut state = self.lock();
        for (group, commits) in commits {
            state.offsets.commit(&group, commits)?;
        }
        state.undecided.remove(&producer_id);
        Ok(())
    }

    /// Whether a consumer may commit in a transaction: it is a member of the current generation, or none at all.
    pub(crate) fn may_commit(
        &self,
        group: &str,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        if generation < 0 && member_id.is_empty() && instance_id.is_none() {
            return Ok(());
        }
        let mut state = self.lock();
        let Some(group) = state.groups.get_mut(group) else {
            return Err(if generation < 0 {
                ResponseError::UnknownMemberId
            } else {
                ResponseError::IllegalGeneration
            });
        };
        group.speaks(member_id, instance_id, generation, Instant::now())
    }
}

impl Groups {
    /// What groups and members keep in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.groups.iter().map(|(name, group)| name.len() + group.bytes()).sum()
    }
}
