//! All tables of an org and the one way into them.
//!
//! Every change goes through [`Store::change`], which notes the row as it was: taking a transaction back restores
//! rows and indexes alike. Rows leave the recycle bin for good after 15 days of the org's clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::auto_number::AutoNumbers;
use super::journal::StoredRow;
use super::row::{Base, Binned, Cause, Row};
use super::table::{Key, Table};
use super::transaction::{Change, Operation, Transaction};
use super::value::Value;
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::rules::Barriers;
use crate::schema::{Flag, ObjectIndex, Schema};
use crate::timestamp::Timestamp;

/// How long a row stays in the recycle bin, in milliseconds.
const BIN_MILLIS: i64 = 15 * 24 * 3_600_000;

/// What the data file writes as the parent of a row that is deleted for good.
const HARD: &str = "hard";

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

    /// A row as the data file keeps it: fields by name, empty ones left out.
    pub(crate) fn stored(&self, object: ObjectIndex, row: &Row) -> StoredRow {
        let definition = self.schema.object(object);
        let fields = definition
            .fields
            .iter()
            .enumerate()
            .filter(|(at, field)| !field.is(Flag::Gone) && !row.value(*at).is_null());
        StoredRow {
            object: definition.name.clone(),
            place: row.binned().map(|binned| match &binned.cause {
                Cause::Alone => String::new(),
                Cause::With(parent) => parent.clone(),
                Cause::Hard => HARD.to_owned(),
            }),
            since: row.binned().map(|binned| binned.since.millis()),
            fields: fields
                .map(|(at, field)| (field.name.clone(), row.value(at).to_json(Timestamp::rest)))
                .collect(),
        }
    }

    /// Puts back what [`Store::stored`] gave; fields that the schema no longer has are left out.
    pub(crate) fn restore(&mut self, stored: &StoredRow) -> Result<(), String> {
        let schema = Arc::clone(&self.schema);
        let object = schema.find(&stored.object).ok_or_else(|| format!("no object {}", stored.object))?;
        let definition = schema.object(object);
        let mut row = Row::on(&Base::default());
        for (name, json) in &stored.fields {
            let Some(at) = definition.field(name) else { continue };
            let field = definition.fields.get(at).ok_or_else(|| format!("no field {name}"))?;
            let value = Value::from_json(field.kind, json)
                .ok_or_else(|| format!("{}.{name} is not a {}", definition.name, field.kind.name()))?;
            if let (Some(format), Some(text)) = (&field.auto_number, value.as_text()) {
                self.auto_numbers.seen((object, at), format, text);
            }
            row.set(at, value);
        }
        if row.id().is_empty() {
            return Err("a row without Id".to_owned());
        }
        if !row.id().starts_with(&definition.key_prefix) {
            // Custom objects are numbered in the order of the files, which has changed since.
            let (prefix, name) = (row.id().get(..3).unwrap_or_default(), &definition.name);
            return Err(format!("its ids begin with {prefix}: give {name} key_prefix: {prefix}"));
        }
        row.put_in_bin(stored.place.as_deref().map(|place| Binned {
            since: Timestamp::from_millis(stored.since.unwrap_or_default()),
            cause: match place {
                "" => Cause::Alone,
                HARD => Cause::Hard,
                parent => Cause::With(parent.to_owned()),
            },
        }));
        self.ids.seen(row.id());
        self.put(object, row);
        Ok(())
    }

    fn take(&mut self, object: ObjectIndex, key: Key) {
        let gone = self.tables[object].take(self.schema.object(object), key);
        if let Some(binned) = gone.as_ref().and_then(Row::binned) {
            self.bin.remove(&(binned.since, object, key));
        }
    }
}
