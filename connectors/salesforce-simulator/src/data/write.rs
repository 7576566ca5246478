//! Writing one record: read, check, then change. A record that is refused has changed nothing.

use serde_json::{Map, Value as Json};

use super::input::{Record, convert};
use super::refusal::Refusal;
use super::row::{Base, Row};
use super::store::Store;
use super::transaction::{Operation, Transaction};
use super::validate;
use super::value::Value;
use super::{name, record_type};
use crate::events::PushTopic;
use crate::fault::Faults;
use crate::ids;
use crate::schema::{Flag, Object, ObjectIndex, Trait};
use crate::timestamp::Timestamp;

/// Writes records within one transaction.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) tx: &'a mut Transaction,
    pub(crate) faults: &'a Faults,
    /// The moment that all rows of the transaction are stamped with.
    pub(crate) now: Timestamp,
    /// Who writes.
    pub(crate) user_id: &'a str,
}

/// What an upsert did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upserted {
    /// The record.
    pub(crate) id: String,
    /// Whether it is new.
    pub(crate) created: bool,
}

impl Writer<'_> {
    /// Creates a record; answers its id.
    pub(crate) fn create(
        &mut self,
        object: ObjectIndex,
        json: &Map<String, Json>,
    ) -> Result<String, Refusal> {
        self.fault("", json)?;
        self.writable(object)?;
        let record = Record::read(self.store, object, json, Flag::Create)?;
        self.insert(object, record)
    }

    /// Changes a record.
    pub(crate) fn update(
        &mut self,
        object: ObjectIndex,
        id: &str,
        json: &Map<String, Json>,
    ) -> Result<(), Refusal> {
        self.fault(id, json)?;
        self.writable(object)?;
        let id = self.existing(object, id)?;
        let record = Record::read(self.store, object, json, Flag::Update)?;
        self.amend(object, &id, record)
    }

    /// Creates or changes the record with this value of a field. The field must not be among the others.
    pub(crate) fn upsert(
        &mut self,
        object: ObjectIndex,
        field: usize,
        value: &Json,
        json: &Map<String, Json>,
    ) -> Result<Upserted, Refusal> {
        self.fault(value.as_str().unwrap_or_default(), json)?;
        self.writable(object)?;
        let matches = self.matches(object, field, value)?;
        match matches.as_slice() {
            [] => {
                let mut record = Record::read(self.store, object, json, Flag::Create)?;
                if field != 0 {
                    record.values.push((field, self.converted(object, field, value)?));
                }
                let id = self.insert(object, record)?;
                Ok(Upserted { id, created: true })
            }
            [id] => {
                let record = Record::read(self.store, object, json, Flag::Update)?;
                self.amend(object, id, record)?;
                Ok(Upserted { id: id.clone(), created: false })
            }
            _ => {
                let message = "A user-specified external id matches more than one record during an upsert";
                Err(Refusal::record("DUPLICATE_EXTERNAL_ID", message, &[]))
            }
        }
    }

    /// Live records with this value of a field. A missing value is refused, except a missing `Id`: that creates.
    pub(crate) fn matches(
        &self,
        object: ObjectIndex,
        field: usize,
        value: &Json,
    ) -> Result<Vec<String>, Refusal> {
        let definition = self.store.schema.object(object);
        let given = self.converted(object, field, value)?;
        let Some(key) = definition.fields.get(field).and_then(|field| given.index_key(field)) else {
            let name = definition.fields.get(field).map_or("Id", |field| field.name.as_str());
            return if field == 0 {
                Ok(Vec::new())
            } else {
                Err(Refusal::record("MISSING_ARGUMENT", format!("{name} not specified"), &[]))
            };
        };
        if field == 0 {
            return self.existing(object, &key).map(|id| vec![id]);
        }
        Ok(self.store.with_value(object, field, &key).map(|row| row.id().to_owned()).collect())
    }

    /// The 18-character id of a live record of this object.
    pub(crate) fn existing(&self, object: ObjectIndex, id: &str) -> Result<String, Refusal> {
        let definition = self.store.schema.object(object);
        let wrong = || {
            let message = format!("{} ID: id value of incorrect type: {id}", definition.label);
            Refusal::record("MALFORMED_ID", message, &["Id"])
        };
        let id = ids::normalize(id).ok_or_else(wrong)?;
        if !id.starts_with(&definition.key_prefix) {
            return Err(wrong());
        }
        match self.store.table(object).row(&id) {
            None => Err(Refusal::no_such_record()),
            Some(row) if row.deleted() => Err(Refusal::deleted()),
            Some(_) => Ok(id),
        }
    }

    /// Refuses a record that a fault was ordered for.
    pub(crate) fn fault(&self, id: &str, json: &Map<String, Json>) -> Result<(), Refusal> {
        let contains = |text: &str| {
            id.contains(text) || serde_json::to_string(json).is_ok_and(|record| record.contains(text))
        };
        match self.faults.on_record(contains) {
            Some((code, message)) => Err(Refusal::record(&code, message, &[])),
            None => Ok(()),
        }
    }

    /// Refuses objects that clients cannot write.
    pub(crate) fn writable(&self, object: ObjectIndex) -> Result<(), Refusal> {
        let definition = self.store.schema.object(object);
        if !definition.is(Trait::Createable) {
            let message = format!("entity type {} is not writable in a sandbox org", definition.name);
            return Err(Refusal::record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, &[]));
        }
        Ok(())
    }

    /// Marks a row as written now.
    pub(crate) fn stamp(&self, object: &Object, row: &mut Row) {
        let now = Value::Time(self.now.to_second());
        for at in [object.system.modified_date, object.system.modstamp].into_iter().flatten() {
            row.set(at, now.clone());
        }
        if let Some(at) = object.system.modified_by {
            row.set(at, Value::text(self.user_id));
        }
    }

    fn converted(&self, object: ObjectIndex, field: usize, value: &Json) -> Result<Value, Refusal> {
        let definition = self.store.schema.object(object);
        definition.fields.get(field).map_or(Ok(Value::Null), |field| convert(field, value))
    }

    fn insert(&mut self, object: ObjectIndex, record: Record) -> Result<String, Refusal> {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let definition = schema.object(object);
        validate::values(self.store, object, &record)?;
        let mut row = Row::on(&self.base(object, definition));
        for (at, value) in record.values {
            // An explicit null does not undo a default that the field cannot be without.
            let keeps_default =
                value.is_null() && definition.fields.get(at).is_some_and(|field| !field.is(Flag::Nillable));
            if !keeps_default {
                row.set(at, value);
            }
        }
        record_type::assign(self.store, definition, &mut row);
        self.finish(object, definition, &mut row)?;
        let id = self.store.ids.next(&definition.key_prefix);
        row.set(0, Value::text(&id));
        self.store.change(self.tx, object, row, Operation::Created);
        Ok(id)
    }

    fn amend(&mut self, object: ObjectIndex, id: &str, record: Record) -> Result<(), Refusal> {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let definition = schema.object(object);
        validate::values(self.store, object, &record)?;
        let mut row = self.store.table(object).row(id).cloned().ok_or_else(Refusal::no_such_record)?;
        for (at, value) in record.values {
            row.set(at, value);
        }
        self.stamp(definition, &mut row);
        self.finish(object, definition, &mut row)?;
        self.store.change(self.tx, object, row, Operation::Updated);
        Ok(())
    }

    /// Derived values and the checks that need the whole row.
    fn finish(&self, object: ObjectIndex, definition: &Object, row: &mut Row) -> Result<(), Refusal> {
        name::derive(definition, row);
        record_type::check(self.store, definition, row)?;
        validate::required(self.store, object, row)?;
        validate::unique(self.store, object, row)?;
        if definition.name == PushTopic::OBJECT {
            PushTopic::complete(definition, row);
            PushTopic::compile(&self.store.schema, definition, row)?;
        }
        Ok(())
    }

    /// What all records of an object that the transaction creates have in common: defaults, owner and stamps.
    fn base(&mut self, object: ObjectIndex, definition: &Object) -> Base {
        if let Some(base) = self.tx.bases.get(&object) {
            return base.clone();
        }
        let mut row = Row::on(&Base::default());
        for (at, field) in definition.fields.iter().enumerate() {
            if let Some(value) = field.default.as_ref().and_then(|json| Value::from_json(field.kind, json)) {
                row.set(at, value);
            }
        }
        self.stamp(definition, &mut row);
        if let Some(at) = definition.system.created_date {
            row.set(at, Value::Time(self.now.to_second()));
        }
        for at in [definition.system.owner_id, definition.system.created_by].into_iter().flatten() {
            row.set(at, Value::text(self.user_id));
        }
        let base = row.into_base();
        self.tx.bases.insert(object, base.clone());
        base
    }
}
