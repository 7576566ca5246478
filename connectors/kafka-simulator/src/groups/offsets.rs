//! What groups have committed: in memory, and in a journal.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::journal::Journal;

/// A partition by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct TopicPartition {
    pub(crate) topic: String,
    pub(crate) partition: i32,
}

/// A place in a partition, and what its owner wrote beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: Option<String>,
}

/// A change of what a group has committed; without a value the commit is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    group: String,
    #[serde(flatten)]
    at: TopicPartition,
    committed: Option<Committed>,
}

/// The commits of all groups.
#[derive(Debug)]
pub(super) struct Offsets {
    groups: HashMap<String, BTreeMap<TopicPartition, Committed>>,
    journal: Journal,
}

impl Offsets {
    /// Reads the journal.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (mut journal, entries) = Journal::open::<Entry>(path)?;
        let mut groups: HashMap<String, BTreeMap<_, _>> = HashMap::new();
        for entry in entries {
            apply(&mut groups, entry);
        }
        journal.rewrite(all(&groups))?;
        Ok(Self { groups, journal })
    }

    /// Commits; it is in the journal when this returns.
    pub(super) fn commit(
        &mut self,
        group: &str,
        commits: impl IntoIterator<Item = (TopicPartition, Committed)>,
    ) -> io::Result<()> {
        for (at, committed) in commits {
            self.change(Entry { group: group.to_owned(), at, committed: Some(committed) })?;
        }
        Ok(())
    }

    /// Forgets one commit.
    pub(super) fn forget(&mut self, group: &str, at: &TopicPartition) -> io::Result<bool> {
        if self.group(group).is_none_or(|commits| !commits.contains_key(at)) {
            return Ok(false);
        }
        self.change(Entry { group: group.to_owned(), at: at.clone(), committed: None })?;
        Ok(true)
    }

    /// Forgets all commits of a group.
    pub(super) fn forget_group(&mut self, group: &str) -> io::Result<()> {
        let all: Vec<_> = self.group(group).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        for at in all {
            self.forget(group, &at)?;
        }
        Ok(())
    }

    /// Forgets all commits of a topic.
    pub(super) fn forget_topic(&mut self, topic: &str) -> io::Result<()> {
        let of_topic = |(group, commits): (&String, &BTreeMap<TopicPartition, Committed>)| {
            let at = commits.keys().filter(|at| at.topic == topic).cloned();
            at.map(|at| (group.clone(), at)).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.groups.iter().flat_map(of_topic).collect();
        for (group, at) in all {
            self.forget(&group, &at)?;
        }
        Ok(())
    }

    /// Asks for every commit what becomes of it; `None` forgets it.
    pub(super) fn revise(
        &mut self,
        revised: impl Fn(&str, &TopicPartition, &Committed) -> Option<Committed>,
    ) -> io::Result<()> {
        let changed = |entry: Entry| {
            let committed = revised(&entry.group, &entry.at, entry.committed.as_ref()?);
            (committed != entry.committed).then_some(Entry { committed, ..entry })
        };
        let changes: Vec<_> = all(&self.groups).filter_map(changed).collect();
        changes.into_iter().try_for_each(|change| self.change(change))
    }

    /// What a group has committed; `None` for a group without commits.
    pub(super) fn group(&self, group: &str) -> Option<&BTreeMap<TopicPartition, Committed>> {
        self.groups.get(group)
    }

    /// Groups with commits.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.groups.keys()
    }

    fn change(&mut self, entry: Entry) -> io::Result<()> {
        self.journal.append(&entry)?;
        apply(&mut self.groups, entry);
        if self.journal.has_grown() {
            self.journal.rewrite(all(&self.groups))?;
        }
        Ok(())
    }
}

fn apply(groups: &mut HashMap<String, BTreeMap<TopicPartition, Committed>>, entry: Entry) {
    match entry.committed {
        Some(committed) => {
            groups.entry(entry.group).or_default().insert(entry.at, committed);
        }
        None => {
            if let Some(commits) = groups.get_mut(&entry.group) {
                commits.remove(&entry.at);
                if commits.is_empty() {
                    groups.remove(&entry.group);
                }
            }
        }
    }
}

fn all(groups: &HashMap<String, BTreeMap<TopicPartition, Committed>>) -> impl Iterator<Item = Entry> + '_ {
    groups.iter().flat_map(|(group, commits)| {
        commits.iter().map(|(at, committed)| Entry {
            group: group.clone(),
            at: at.clone(),
            committed: Some(committed.clone()),
        })
    })
}
