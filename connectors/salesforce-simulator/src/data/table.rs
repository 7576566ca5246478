//! The rows of one object, in id order, and the indexes that find them by value.
//!
//! Only live rows are indexed: a value in the recycle bin blocks nobody, and an upsert never finds it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::row::{Place, Row};
use crate::schema::Object;

/// Rows and indexes of one object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<String, Row>,
    indexes: HashMap<usize, HashMap<String, BTreeSet<String>>>,
    live: usize,
    binned_with: HashMap<String, BTreeSet<String>>,
}

impl Table {
    /// A row, deleted or not.
    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }

    /// All rows in id order, deleted ones included.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// All rows with an id above this one, in id order.
    pub(crate) fn rows_after<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Row> + use<'a> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.rows.range::<str, _>((Excluded(id), Unbounded)).map(|(_, row)| row)
    }

    /// How many rows are not deleted.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Ids of live rows with this value of an indexed field.
    pub(crate) fn with_value(&self, field: usize, key: &str) -> Vec<String> {
        let found = self.indexes.get(&field).and_then(|index| index.get(key));
        found.map(|ids| ids.iter().cloned().collect()).unwrap_or_default()
    }

    /// Ids of rows that went to the recycle bin with this parent.
    pub(crate) fn binned_with(&self, parent: &str) -> Vec<String> {
        self.binned_with.get(parent).map(|ids| ids.iter().cloned().collect()).unwrap_or_default()
    }

    /// Puts a row in, in place of the one with its id; answers that one.
    pub(crate) fn put(&mut self, object: &Object, row: Row) -> Option<Row> {
        let before = self.take(object, &row.id);
        self.enter(object, &row);
        self.rows.insert(row.id.clone(), row);
        before
    }

    /// Takes a row out as if it had never been.
    pub(crate) fn take(&mut self, object: &Object, id: &str) -> Option<Row> {
        let row = self.rows.remove(id)?;
        self.leave(object, &row);
        Some(row)
    }

    fn enter(&mut self, object: &Object, row: &Row) {
        match &row.place {
            Place::Live => {
                self.live += 1;
                for (at, key) in keys(object, row) {
                    self.indexes.entry(at).or_default().entry(key).or_default().insert(row.id.clone());
                }
            }
            Place::Bin => {}
            Place::BinWith(parent) => {
                self.binned_with.entry(parent.clone()).or_default().insert(row.id.clone());
            }
        }
    }

    fn leave(&mut self, object: &Object, row: &Row) {
        match &row.place {
            Place::Live => {
                self.live -= 1;
                for (at, key) in keys(object, row) {
                    if let Some(index) = self.indexes.get_mut(&at) {
                        forget(index, &key, &row.id);
                    }
                }
            }
            Place::Bin => {}
            Place::BinWith(parent) => forget(&mut self.binned_with, parent, &row.id),
        }
    }
}

/// The indexed values of a row.
fn keys<'a>(object: &'a Object, row: &'a Row) -> impl Iterator<Item = (usize, String)> + 'a {
    row.values
        .iter()
        .enumerate()
        .filter(|(at, value)| !value.is_null() && object.indexed(*at))
        .filter_map(|(at, value)| Some((at, value.index_key(object.fields.get(at)?)?)))
}

fn forget(index: &mut HashMap<String, BTreeSet<String>>, key: &str, id: &str) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
