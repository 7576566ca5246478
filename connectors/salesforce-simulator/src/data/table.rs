//! The rows of one object, in id order, and the indexes that find them by value.
//!
//! Only live rows are indexed: a value in the recycle bin blocks nobody, and an upsert never finds it. An index holds
//! hashes instead of values, so what it finds is compared with the row before it counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Bound::{Excluded, Unbounded};

use super::row::{Cause, Row};
use crate::schema::Object;

/// Rows and indexes of one object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Key, Row>,
    indexes: HashMap<usize, BTreeSet<(u32, Key)>>,
    live: usize,
    binned_with: BTreeSet<(Key, Key)>,
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

    /// How many rows are not deleted.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Live rows with this index key in an indexed field, in id order.
    pub(crate) fn with_value<'a: 'k, 'k>(
        &'a self,
        object: &'k Object,
        at: usize,
        key: &'k str,
    ) -> impl Iterator<Item = &'a Row> + use<'a, 'k> {
        let hash = hash(key);
        let field = object.fields.get(at);
        let index = self.indexes.get(&at).into_iter();
        index
            .flat_map(move |index| index.range((hash, Key::FIRST)..=(hash, Key::LAST)))
            .filter_map(|(_, id)| self.rows.get(id))
            .filter(move |row| field.and_then(|f| row.value(at).index_key(f)).is_some_and(|k| k == key))
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
        let before = self.take(object, key);
        self.enter(object, key, &row);
        self.rows.insert(key, row);
        before
    }

    /// Takes a row out as if it had never been.
    pub(crate) fn take(&mut self, object: &Object, key: Key) -> Option<Row> {
        let row = self.rows.remove(&key)?;
        self.leave(object, key, &row);
        Some(row)
    }

    fn enter(&mut self, object: &Object, id: Key, row: &Row) {
        match row.binned().map(|binned| &binned.cause) {
            None => {
                self.live += 1;
                for (at, hash) in hashes(object, row) {
                    self.indexes.entry(at).or_default().insert((hash, id));
                }
            }
            Some(Cause::With(parent)) => {
                self.binned_with.insert((Key::of(parent), id));
            }
            Some(Cause::Alone | Cause::Hard) => {}
        }
    }

    fn leave(&mut self, object: &Object, id: Key, row: &Row) {
        match row.binned().map(|binned| &binned.cause) {
            None => {
                self.live -= 1;
                for (at, hash) in hashes(object, row) {
                    if let Some(index) = self.indexes.get_mut(&at) {
                        index.remove(&(hash, id));
                    }
                }
            }
            Some(Cause::With(parent)) => {
                self.binned_with.remove(&(Key::of(parent), id));
            }
            Some(Cause::Alone | Cause::Hard) => {}
        }
    }
}

/// The indexed values of a row, hashed.
fn hashes<'a>(object: &'a Object, row: &'a Row) -> impl Iterator<Item = (usize, u32)> + 'a {
    row.values().filter(|(at, _)| object.indexed(*at)).filter_map(|(at, value)| {
        let key = value.index_key(object.fields.get(at)?)?;
        Some((at, hash(&key)))
    })
}

/// Half of a hash, which is small and still collides rarely.
fn hash(key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
