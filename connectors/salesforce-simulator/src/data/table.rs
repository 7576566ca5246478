//! The rows of one object, in id order, and the indexes that find them by value.
//!
//! Only live rows are indexed: a value in the recycle bin blocks nobody, and an upsert never finds it. An index holds
//! hashes instead of values, so what it finds is compared with the row before it counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Bound::{Excluded, Unbounded};

use super::row::{Cause, Row};
use crate::rules::duplicates;
use crate::schema::Object;

/// Rows and indexes of one object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Key, Row>,
    indexes: HashMap<Index, BTreeSet<(u32, Key)>>,
    live: usize,
    binned_with: BTreeSet<(Key, Key)>,
}

/// What rows are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Index {
    /// The value of the field at this place.
    Field(usize),
    /// What the duplicate rule with this number compares.
    Rule(usize),
}

/// An id without its checksum: short, and in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key([u8; 15]);

impl Key {
    /// The first key, in order.
    const FIRST: Self = Self([0; 15]);
    /// The last key, in order.
    const LAST: Self = Self([u8::MAX; 15]);

    /// The key of an id; of less than an id, the first key that starts with it.
    pub(crate) fn of(id: &str) -> Self {
        let mut key = [0; 15];
        for (to, from) in key.iter_mut().zip(id.bytes()) {
            *to = from;
        }
        Self(key)
    }
}

impl Table {
    /// A row, deleted or not.
    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.by_key(Key::of(id))
    }

    /// A row, deleted or not.
    pub(crate) fn by_key(&self, key: Key) -> Option<&Row> {
        self.rows.get(&key)
    }

    /// All rows in id order, deleted ones included.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// All rows with an id above this one, in id order.
    pub(crate) fn rows_after<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Row> + use<'a> {
        self.rows.range((Excluded(Key::of(id)), Unbounded)).map(|(_, row)| row)
    }

    /// How many rows there are, deleted ones included.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows are not deleted.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Live rows with this index key in a field, in id order: by its index, or by a look at every row where it has none.
    pub(crate) fn with_value<'a: 'k, 'k>(
        &'a self,
        object: &'k Object,
        at: usize,
        key: &'k str,
    ) -> impl Iterator<Item = &'a Row> + use<'a, 'k> {
        let field = object.fields.get(at);
        let all = (!object.indexed(at)).then(|| self.rows().filter(|row| !row.deleted()));
        self.hashed(Index::Field(at), key)
            .chain(all.into_iter().flatten())
            .filter(move |row| field.and_then(|f| row.value(at).index_key(f)).is_some_and(|k| k == key))
    }

    /// Live rows of which a duplicate rule of the object, given by its number, compares this, in id order.
    pub(crate) fn alike<'a: 'k, 'k>(
        &'a self,
        object: &'k Object,
        rule: usize,
        key: &'k str,
    ) -> impl Iterator<Item = &'a Row> + use<'a, 'k> {
        let known = object.duplicate_rules.get(rule);
        self.hashed(Index::Rule(rule), key).filter(move |row| {
            known.and_then(|rule| duplicates::key(object, rule, row)).is_some_and(|k| k == key)
        })
    }

    /// Rows whose key in an index may be this one.
    fn hashed(&self, index: Index, key: &str) -> impl Iterator<Item = &Row> + use<'_> {
        let hash = hash(key);
        let index = self.indexes.get(&index).into_iter();
        let found = index.flat_map(move |index| index.range((hash, Key::FIRST)..=(hash, Key::LAST)));
        found.filter_map(|(_, id)| self.rows.get(id))
    }

    /// Rows that went to the recycle bin with this record, in id order.
    pub(crate) fn binned_with(&self, parent: &str) -> impl Iterator<Item = &Row> {
        let parent = Key::of(parent);
        let found = self.binned_with.range((parent, Key::FIRST)..=(parent, Key::LAST));
        found.filter_map(|(_, id)| self.rows.get(id))
    }

    /// Puts a row in, in place of the one with its id; answers that one.
    pub(crate) fn put(&mut self, object: &Object, mut row: Row) -> Option<Row> {
        let key = Key::of(row.id());
        row.shrink();
        self.reindex(object, key, Some(&row));
        self.rows.insert(key, row)
    }

    /// Takes a row out as if it had never been.
    pub(crate) fn take(&mut self, object: &Object, key: Key) -> Option<Row> {
        self.reindex(object, key, None);
        self.rows.remove(&key)
    }

    /// How many entries the indexes have, and the list of what went to the recycle bin with its parent.
    #[cfg(test)]
    pub(super) fn entries(&self) -> (usize, usize) {
        (self.indexes.values().map(BTreeSet::len).sum(), self.binned_with.len())
    }

    /// Makes counts and indexes those of the row that is about to stand at a key. What stays the same is not touched:
    /// most changes are to fields that no index has.
    fn reindex(&mut self, object: &Object, key: Key, after: Option<&Row>) {
        let before = self.rows.get(&key);
        let live = |row: Option<&Row>| usize::from(row.is_some_and(|row| !row.deleted()));
        let (gone, come) = (hashes(object, before), hashes(object, after));
        let (left, entered) = (parent(before), parent(after));
        self.live = self.live + live(after) - live(before);
        for (at, hash) in gone.iter().filter(|entry| !come.contains(entry)) {
            if let Some(index) = self.indexes.get_mut(at) {
                index.remove(&(*hash, key));
            }
        }
        for (at, hash) in come.iter().filter(|entry| !gone.contains(entry)) {
            self.indexes.entry(*at).or_default().insert((*hash, key));
        }
        if let Some(parent) = left {
            self.binned_with.remove(&(parent, key));
        }
        if let Some(parent) = entered {
            self.binned_with.insert((parent, key));
        }
    }
}

/// The record that a row went to the recycle bin with.
fn parent(row: Option<&Row>) -> Option<Key> {
    match &row?.binned()?.cause {
        Cause::With(parent) => Some(Key::of(parent)),
        Cause::Alone | Cause::Hard => None,
    }
}

/// The indexed values of a row, hashed; none when it is deleted.
fn hashes(object: &Object, row: Option<&Row>) -> Vec<(Index, u32)> {
    let live = row.filter(|row| !row.deleted());
    let rules = live.into_iter().flat_map(|row| object.duplicate_rules.iter().map(move |rule| (rule, row)));
    let compared = rules.enumerate();
    let compared = compared.filter_map(|(nth, (rule, row))| {
        Some((Index::Rule(nth), hash(&duplicates::key(object, rule, row)?)))
    });
    let values = live.into_iter().flat_map(Row::values);
    let indexed = values.filter(|(at, _)| object.indexed(*at));
    let keys = indexed.filter_map(|(at, value)| Some((at, value.index_key(object.fields.get(at)?)?)));
    keys.map(|(at, key)| (Index::Field(at), hash(&key))).chain(compared).collect()
}

/// Half of a hash, which is small and still collides rarely.
fn hash(key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
