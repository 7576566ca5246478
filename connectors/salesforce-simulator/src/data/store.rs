//! All tables of an org and the one way into them.
//!
//! Every change goes through [`Store::change`], which notes the row as it was: taking a transaction back restores
//! rows and indexes alike. Rows leave the recycle bin for good after 15 days of the org's clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::auto_number::AutoNumbers;
use super::row::Row;
use super::table::{Key, Table};
use super::transaction::{Change, Operation, Transaction};
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::rules::Barriers;
use crate::schema::{ObjectIndex, Schema};
use crate::timestamp::Timestamp;

/// How long a row stays in the recycle bin, in milliseconds.
const BIN_MILLIS: i64 = 15 * 24 * 3_600_000;

/// Rows of all objects.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) schema: Arc<Schema>,
    pub(crate) ids: IdSource,
    /// What time it is to formulas.
    pub(crate) clock: Arc<Clock>,
    /// What keeps writes out for a time.
    pub(crate) barriers: Barriers,
    /// How far the auto-numbers are.
    pub(crate) auto_numbers: AutoNumbers,
    tables: Vec<Table>,
    /// The rows in the recycle bin, the oldest first.
    bin: BTreeSet<(Timestamp, ObjectIndex, Key)>,
}

impl Store {
    /// An empty store.
    pub(crate) fn new(schema: Arc<Schema>, ids: IdSource, clock: Arc<Clock>) -> Self {
        let tables = schema.objects().iter().map(|_| Table::default()).collect();
        Self {
            schema,
            ids,
            clock,
            barriers: Barriers::default(),
            auto_numbers: AutoNumbers::default(),
            tables,
            bin: BTreeSet::new(),
        }
    }

    /// The table of an object.
    pub(crate) fn table(&self, object: ObjectIndex) -> &Table {
        &self.tables[object]
    }

    /// A row by its 18-character id, whatever its object.
    pub(crate) fn row(&self, id: &str) -> Option<(ObjectIndex, &Row)> {
        let object = self.schema.of_id(id)?;
        Some((object, self.table(object).row(id)?))
    }

    /// Live rows with this index key in a field, in id order. A field without an index takes a look at every row.
    pub(crate) fn with_value<'a: 'k, 'k>(
        &'a self,
        object: ObjectIndex,
        at: usize,
        key: &'k str,
    ) -> impl Iterator<Item = &'a Row> + use<'a, 'k> {
        self.table(object).with_value(self.schema.object(object), at, key)
    }

    /// Puts a row in and notes the one it replaces.
    pub(crate) fn change(
        &mut self,
        tx: &mut Transaction,
        object: ObjectIndex,
        row: Row,
        operation: Operation,
    ) {
        let id = row.id().to_owned();
        let before = self.put(object, row);
        tx.changes.push(Change { object, id, before, operation });
    }

    /// Takes back every change of a transaction, newest first.
    pub(crate) fn roll_back(&mut self, tx: &mut Transaction) {
        tx.published.clear();
        tx.pushed.clear();
        for change in tx.changes.drain(..).rev() {
            if let Some(before) = change.before {
                self.put(change.object, before);
            } else {
                self.take(change.object, Key::of(&change.id));
            }
        }
    }

    /// Puts a row in without noting anything: loading, and taking back.
    pub(crate) fn put(&mut self, object: ObjectIndex, row: Row) -> Option<Row> {
        let key = Key::of(row.id());
        let since = row.binned().map(|binned| binned.since);
        let before = self.tables[object].put(self.schema.object(object), row);
        if let Some(binned) = before.as_ref().and_then(Row::binned) {
            self.bin.remove(&(binned.since, object, key));
        }
        if let Some(since) = since {
            self.bin.insert((since, object, key));
        }
        before
    }

    /// Forgets the rows whose time in the recycle bin is over.
    pub(crate) fn purge(&mut self, now: Timestamp) {
        while let Some((since, object, key)) = self.bin.first().copied()
            && now.millis() - since.millis() > BIN_MILLIS
        {
            self.take(object, key);
        }
    }

    /// How many rows there are, in the recycle bin too.
    pub(crate) fn len(&self) -> usize {
        self.tables.iter().map(Table::len).sum()
    }

    /// All rows, in the recycle bin too.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (ObjectIndex, &Row)> {
        self.tables.iter().enumerate().flat_map(|(object, table)| table.rows().map(move |row| (object, row)))
    }

    fn take(&mut self, object: ObjectIndex, key: Key) {
        let gone = self.tables[object].take(self.schema.object(object), key);
        if let Some(binned) = gone.as_ref().and_then(Row::binned) {
            self.bin.remove(&(binned.since, object, key));
        }
    }
}
