//! References that wait for their parent's link: an index of the entries in `<pipeline>.parked`.
//!
//! The topic is the truth (D3); this book is built from it whenever a partition is assigned, before the
//! first write. An entry lies in the partition number of its record, so whoever owns the input partition
//! owns what waits in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use orgstream_api::{Owed, TopicPartition};
use serde::{Deserialize, Serialize};

/// The key of an entry in the parked topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryKey {
    /// The record's input topic.
    pub topic: String,
    /// The record's id in its own org.
    pub id: String,
    /// What waits: of `owed`, a reference, `n` is its field; of `record` its offset.
    pub kind: Kind,
    /// Tells the entries of one record and kind apart.
    pub n: String,
}

/// What an entry of the parked topic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A reference left out of a write.
    Owed,
    /// A record that is not written yet.
    Record,
}

impl EntryKey {
    /// The key of `owed`. A newer reference of the same record and field has the same key and replaces it.
    pub fn of(owed: &Owed) -> Self {
        Self::field(&owed.at.partition.topic, &owed.id, &owed.field)
    }

    /// The key of the entry for one field of one record.
    pub fn field(topic: &str, id: &str, field: &str) -> Self {
        Self { topic: topic.to_owned(), id: id.to_owned(), kind: Kind::Owed, n: field.to_owned() }
    }
}

/// A record that others may refer to: its org, object and id there.
pub type Parent = (String, String, String);

/// The entries of the assigned partitions.
#[derive(Debug, Default)]
pub struct OwedBook {
    /// In order, so that the entries of one record stand together.
    entries: BTreeMap<EntryKey, Entry>,
    by_parent: HashMap<Parent, HashSet<EntryKey>>,
    /// Entries that are with the sink now; they are not submitted again meanwhile.
    submitted: HashSet<EntryKey>,
    /// The parents among them that were deleted. What waits for one of these rests: nobody misses it until the parent comes back.
    deleted: HashSet<Parent>,
}

#[derive(Debug)]
struct Entry {
    owed: Owed,
    /// Since when it is owed, milliseconds since the epoch.
    since: i64,
}

impl OwedBook {
    /// Adds an entry that is durable in the topic, replacing an older one of its key. One that is known already, and may
    /// be with the sink, stays as it is: a partition that comes has its entries beside those of others.
    pub fn add(&mut self, owed: Owed, since: i64) {
        let key = EntryKey::of(&owed);
        if self.entry(&key) == Some(&owed) {
            return;
        }
        self.remove(&key);
        for parent in parents(&owed) {
            self.by_parent.entry(parent).or_default().insert(key.clone());
        }
        self.entries.insert(key, Entry { owed, since });
    }

    /// Removes an entry whose tombstone is durable.
    pub fn remove(&mut self, key: &EntryKey) -> Option<Owed> {
        self.submitted.remove(key);
        let Entry { owed, .. } = self.entries.remove(key)?;
        for parent in parents(&owed) {
            if let Some(keys) = self.by_parent.get_mut(&parent) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_parent.remove(&parent);
                    self.deleted.remove(&parent);
                }
            }
        }
        Some(owed)
    }

    /// What waits for a parent that was deleted rests from now on.
    pub fn rest(&mut self, parent: &Parent) {
        if self.by_parent.contains_key(parent) {
            self.deleted.insert(parent.clone());
        }
    }

    fn rests(&self, owed: &Owed) -> bool {
        !self.deleted.is_empty() && parents(owed).any(|parent| self.deleted.contains(&parent))
    }

    /// The entry of `key`.
    pub fn entry(&self, key: &EntryKey) -> Option<&Owed> {
        self.entries.get(key).map(|entry| &entry.owed)
    }

    /// Takes the entries that wait for one of `parents`, which live, and are not with the sink yet; they count as submitted.
    pub fn take_waiting<'a>(&mut self, parents: impl IntoIterator<Item = &'a Parent>) -> Vec<Owed> {
        let mut ready = Vec::new();
        for parent in parents {
            self.deleted.remove(parent);
            for key in self.by_parent.get(parent).into_iter().flatten() {
                if self.submitted.insert(key.clone()) {
                    ready.extend(self.entries.get(key).map(|entry| entry.owed.clone()));
                }
            }
        }
        ready
    }

    /// An entry came back from the sink unpaid; the next link of its parent submits it again.
    pub fn give_back(&mut self, key: &EntryKey) {
        self.submitted.remove(key);
    }

    /// The keys of all entries of one record.
    pub fn keys_of(&self, topic: &str, id: &str) -> Vec<EntryKey> {
        let first = EntryKey::field(topic, id, "");
        self.entries
            .range(first..)
            .map(|(key, _)| key)
            .take_while(|key| key.topic == topic && key.id == id)
            .cloned()
            .collect()
    }

    /// The keys of the entries that wait for `parent`.
    pub fn waiting_for(&self, parent: &Parent) -> Vec<EntryKey> {
        self.by_parent.get(parent).into_iter().flatten().cloned().collect()
    }

    /// All parents that entries wait for.
    pub fn parents(&self) -> Vec<Parent> {
        self.by_parent.keys().cloned().collect()
    }

    /// Forgets the entries of a revoked partition; its next owner reads them from the topic.
    pub fn revoke(&mut self, partition: &TopicPartition) {
        let gone: Vec<EntryKey> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.owed.at.partition == *partition)
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }

    /// Since when the reference is owed that is owed for longest, and which that is.
    pub fn oldest(&self) -> Option<(i64, String)> {
        let missed = self.entries.values().filter(|entry| !self.rests(&entry.owed));
        let Entry { owed, since } = missed.min_by_key(|entry| entry.since)?;
        let Owed { object, id, field, parent_objects, parent_id, .. } = owed;
        Some((*since, format!("{object} {id} {field} -> {} {parent_id}", parent_objects.join(" or "))))
    }

    /// References still owed, but for those that rest.
    pub fn count(&self) -> usize {
        let resting: usize =
            self.deleted.iter().filter_map(|parent| self.by_parent.get(parent)).map(HashSet::len).sum();
        self.entries.len().saturating_sub(resting)
    }
}

/// The records that may be the parent of `owed`.
pub fn parents(owed: &Owed) -> impl Iterator<Item = Parent> + '_ {
    owed.parent_objects.iter().map(|object| (owed.org.clone(), object.clone(), owed.parent_id.clone()))
}

#[cfg(test)]
mod tests {
    use orgstream_api::InputOffset;

    use super::*;

    fn owed(id: &str, field: &str, parent: &str, offset: i64) -> Owed {
        let partition = TopicPartition { topic: "a.Contact".into(), partition: 1 };
        Owed {
            at: InputOffset { partition, offset },
            org: "00D1".into(),
            object: "Contact".into(),
            id: id.into(),
            field: field.into(),
            parent_objects: vec!["Account".into()],
            parent_id: parent.into(),
        }
    }

    fn parent(id: &str) -> Parent {
        ("00D1".into(), "Account".into(), id.into())
    }

    #[test]
    fn an_entry_is_handed_out_once_while_it_is_with_the_sink() {
        let mut book = OwedBook::default();
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        assert_eq!(book.take_waiting([&parent("001A")]).len(), 1);
        assert!(book.take_waiting([&parent("001A")]).is_empty());
        assert_eq!(book.count(), 1);
    }

    #[test]
    fn an_entry_that_was_given_back_is_handed_out_again() {
        let mut book = OwedBook::default();
        let entry = owed("003A", "AccountId", "001A", 1);
        book.add(entry.clone(), 0);
        assert_eq!(book.take_waiting([&parent("001A")]).len(), 1);
        book.give_back(&EntryKey::of(&entry));
        assert_eq!(book.take_waiting([&parent("001A")]), [entry]);
    }

    #[test]
    fn an_entry_that_is_read_again_while_it_is_with_the_sink_is_not_handed_out_twice() {
        let mut book = OwedBook::default();
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        assert_eq!(book.take_waiting([&parent("001A")]).len(), 1);
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        assert!(book.take_waiting([&parent("001A")]).is_empty());
        // A newer debt of the same field, to the same parent, has not been handed out.
        book.add(owed("003A", "AccountId", "001A", 2), 0);
        assert_eq!(book.take_waiting([&parent("001A")]).len(), 1);
    }

    #[test]
    fn what_waits_for_a_deleted_parent_is_no_debt_until_the_parent_comes_back() {
        let mut book = OwedBook::default();
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        book.add(owed("003B", "AccountId", "001B", 2), 0);
        book.rest(&parent("001A"));
        assert_eq!((book.count(), book.oldest().unwrap().1.contains("003B")), (1, true));
        assert_eq!(book.take_waiting([&parent("001A")]).len(), 1);
        assert_eq!(book.count(), 2);
        // One that nobody waits for is not remembered.
        book.rest(&parent("001C"));
        book.add(owed("003C", "AccountId", "001C", 3), 0);
        assert_eq!(book.count(), 3);
    }

    #[test]
    fn a_newer_value_of_the_field_replaces_the_older_one() {
        let mut book = OwedBook::default();
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        book.add(owed("003A", "AccountId", "001B", 2), 0);
        assert!(book.take_waiting([&parent("001A")]).is_empty());
        assert_eq!(book.take_waiting([&parent("001B")])[0].at.offset, 2);
        assert_eq!(book.count(), 1);
    }

    #[test]
    fn a_revoked_partition_leaves_nothing_behind() {
        let mut book = OwedBook::default();
        book.add(owed("003A", "AccountId", "001A", 1), 0);
        book.revoke(&TopicPartition { topic: "a.Contact".into(), partition: 1 });
        assert_eq!(book.count(), 0);
        assert!(book.parents().is_empty());
    }

    #[test]
    fn the_key_of_an_entry_reads_as_json_and_back() {
        let key = EntryKey::of(&owed("003A", "AccountId", "001A", 1));
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(text, r#"{"topic":"a.Contact","id":"003A","kind":"owed","n":"AccountId"}"#);
        assert_eq!(serde_json::from_str::<EntryKey>(&text).unwrap(), key);
    }
}
