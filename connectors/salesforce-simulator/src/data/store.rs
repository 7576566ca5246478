//! All tables of an org and the one way into them.
//!
//! Every change goes through [`Store::change`], which notes the row as it was: taking a transaction back restores
//! rows and indexes alike.

use std::sync::Arc;

use super::journal::StoredRow;
use super::row::{Form, Place, Row, render};
use super::table::Table;
use super::transaction::{Change, Operation, Transaction};
use super::value::Value;
use crate::ids::IdSource;
use crate::schema::{ObjectIndex, Schema};

/// Rows of all objects.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) schema: Arc<Schema>,
    pub(crate) ids: IdSource,
    tables: Vec<Table>,
}

impl Store {
    /// An empty store.
    pub(crate) fn new(schema: Arc<Schema>, ids: IdSource) -> Self {
        let tables = schema.objects().iter().map(|_| Table::default()).collect();
        Self { schema, ids, tables }
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

    /// Puts a row in and notes the one it replaces.
    pub(crate) fn change(
        &mut self,
        tx: &mut Transaction,
        object: ObjectIndex,
        row: Row,
        operation: Operation,
    ) {
        let id = row.id.clone();
        let before = self.put(object, row);
        tx.changes.push(Change { object, id, before, operation });
    }

    /// Takes back every change of a transaction, newest first.
    pub(crate) fn roll_back(&mut self, tx: &mut Transaction) {
        let schema = Arc::clone(&self.schema);
        for change in tx.changes.drain(..).rev() {
            if let Some(before) = change.before {
                self.put(change.object, before);
            } else {
                self.tables[change.object].take(schema.object(change.object), &change.id);
            }
        }
    }

    /// Puts a row in without noting anything: loading, and taking back.
    pub(crate) fn put(&mut self, object: ObjectIndex, row: Row) -> Option<Row> {
        let schema = Arc::clone(&self.schema);
        self.tables[object].put(schema.object(object), row)
    }

    /// A row as the data file keeps it: fields by name, empty ones left out.
    pub(crate) fn stored(&self, object: ObjectIndex, row: &Row) -> StoredRow {
        let definition = self.schema.object(object);
        let fields = definition.fields.iter().enumerate().filter(|(at, _)| !row.value(*at).is_null());
        StoredRow {
            object: definition.name.clone(),
            place: match &row.place {
                Place::Live => None,
                Place::Bin => Some(String::new()),
                Place::BinWith(parent) => Some(parent.clone()),
            },
            fields: fields
                .map(|(at, field)| (field.name.clone(), render(definition, row, at, Form::Rest)))
                .collect(),
        }
    }

    /// Puts back what [`Store::stored`] gave; fields that the schema no longer has are left out.
    pub(crate) fn restore(&mut self, stored: &StoredRow) -> Result<(), String> {
        let schema = Arc::clone(&self.schema);
        let object = schema.find(&stored.object).ok_or_else(|| format!("no object {}", stored.object))?;
        let definition = schema.object(object);
        let mut values = vec![Value::Null; definition.fields.len()];
        for (name, json) in &stored.fields {
            let Some(at) = definition.field(name) else { continue };
            let field = definition.fields.get(at).ok_or_else(|| format!("no field {name}"))?;
            let value = Value::from_json(field.kind, json)
                .ok_or_else(|| format!("{}.{name} is not a {}", definition.name, field.kind.name()))?;
            if let Some(slot) = values.get_mut(at) {
                *slot = value;
            }
        }
        let id = values.first().and_then(Value::as_text).ok_or("a row without Id")?.to_owned();
        let place = match &stored.place {
            None => Place::Live,
            Some(parent) if parent.is_empty() => Place::Bin,
            Some(parent) => Place::BinWith(parent.clone()),
        };
        self.ids.seen(&id);
        self.put(object, Row { id, values, place });
        Ok(())
    }
}
