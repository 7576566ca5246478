//! Writing one record: read, check, then change. A record that is refused has changed nothing.

use serde_json::{Map, Value as Json};

use super::input::{Record, convert};
use super::refusal::Refusal;
use super::row::{Base, Row};
use super::store::Store;
use super::transaction::{Operation, Publication, Transaction};
use super::validate;
use super::value::Value;
use super::{derived, record_type};
use crate::events::{self, PushTopic};
use crate::fault::Faults;
use crate::ids;
use crate::rules::{duplicates, event_times, membership, permission, validation};
use crate::schema::{Flag, Object, ObjectIndex, ObjectKind, Right};
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
    /// Creates a record; answers its id, or of a platform event the `EventUuid`.
    pub(crate) fn create(
        &mut self,
        object: ObjectIndex,
        json: &Map<String, Json>,
    ) -> Result<String, Refusal> {
        self.fault("", json)?;
        self.permitted(object, Right::Create)?;
        let record = Record::read(self.store, object, json, Flag::Create, self.tx.origin.api)?;
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
        self.permitted(object, Right::Edit)?;
        let id = self.existing(object, id)?;
        let record = Record::read(self.store, object, json, Flag::Update, self.tx.origin.api)?;
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
        self.store.barriers.check_maintenance()?;
        let matches = self.matches(object, field, value)?;
        match matches.as_slice() {
            [] => {
                self.permitted(object, Right::Create)?;
                let mut record = Record::read(self.store, object, json, Flag::Create, self.tx.origin.api)?;
                if field != 0 {
                    record.values.push((field, self.converted(object, field, value)?));
                }
                let id = self.insert(object, record)?;
                Ok(Upserted { id, created: true })
            }
            [id] => {
                self.permitted(object, Right::Edit)?;
                let record = Record::read(self.store, object, json, Flag::Update, self.tx.origin.api)?;
                self.amend(object, id, record)?;
                Ok(Upserted { id: id.clone(), created: false })
            }
            several => {
                let ids: Vec<&str> = several.iter().map(String::as_str).collect();
                let definition = self.store.schema.object(object);
                let name = definition.fields.get(field).map_or("Id", |field| field.name.as_str());
                Err(Refusal::ambiguous(name, &ids))
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
        match self.faults.on_record(self.tx.origin.api, contains) {
            // The text of a real org, where it was not said.
            Some((code, message)) if message.is_empty() && code == "UNABLE_TO_LOCK_ROW" => {
                let short = id.get(..15).unwrap_or(id);
                let message =
                    format!("unable to obtain exclusive access to this record or 1 records: {short}");
                Err(Refusal::record(&code, message, &[]))
            }
            Some((code, message)) if message.is_empty() && code == "STORAGE_LIMIT_EXCEEDED" => {
                Err(Refusal::record(&code, "storage limit exceeded", &[]))
            }
            Some((code, message)) => Err(Refusal::record(&code, message, &[])),
            None => Ok(()),
        }
    }

    /// Refuses what the user may not do with records of an object, and everything during maintenance.
    pub(crate) fn permitted(&self, object: ObjectIndex, right: Right) -> Result<(), Refusal> {
        self.store.barriers.check_maintenance()?;
        permission::check(self.store.schema.object(object), right)
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
        definition
            .fields
            .get(field)
            .map_or(Ok(Value::Null), |field| convert(field, value, self.tx.origin.api))
    }

    fn insert(&mut self, object: ObjectIndex, record: Record) -> Result<String, Refusal> {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let definition = schema.object(object);
        validate::values(self.store, object, &record)?;
        let mut row = Row::on(&self.base(object, definition));
        let given = record.places();
        for (at, value) in record.values {
            // An explicit null does not undo a default that the field cannot be without.
            let keeps_default =
                value.is_null() && definition.fields.get(at).is_some_and(|field| !field.is(Flag::Nillable));
            if !keeps_default {
                row.set(at, value);
            }
        }
        record_type::assign(self.store, definition, &mut row);
        self.finish(object, &given, &mut row, None)?;
        if definition.kind() == ObjectKind::PlatformEvent {
            return self.publish(object, row);
        }
        self.number(object, definition, &mut row);
        let id = self.store.ids.next(&definition.key_prefix);
        row.set(0, Value::text(&id));
        self.store.change(self.tx, object, row, Operation::Created);
        self.follow();
        Ok(id)
    }

    /// Publishes a platform event instead of storing it; answers its `EventUuid`.
    fn publish(&mut self, object: ObjectIndex, row: Row) -> Result<String, Refusal> {
        if self.tx.published.len() >= self.tx.publishable {
            return Err(events::limit_exceeded());
        }
        let uuid = events::new_uuid();
        self.tx.published.push(Publication { object, uuid: uuid.clone(), row });
        Ok(uuid)
    }

    fn amend(&mut self, object: ObjectIndex, id: &str, record: Record) -> Result<(), Refusal> {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let definition = schema.object(object);
        self.store.barriers.check_lock(id)?;
        validate::values(self.store, object, &record)?;
        let before = self.store.table(object).row(id).cloned().ok_or_else(Refusal::no_such_record)?;
        let converted = definition.field("IsConverted").map(|at| before.value(at));
        if definition.name == "Lead" && converted == Some(&Value::Bool(true)) {
            let message = "cannot reference converted lead";
            return Err(Refusal::record("CANNOT_UPDATE_CONVERTED_LEAD", message, &[]));
        }
        let mut row = before.clone();
        let given = record.places();
        for (at, value) in record.values {
            row.set(at, value);
        }
        self.stamp(definition, &mut row);
        self.finish(object, &given, &mut row, Some(&before))?;
        self.store.change(self.tx, object, row, Operation::Updated);
        self.follow();
        Ok(())
    }

    /// Derived values and the checks that need the whole row; `given` are the places of the fields that the call sets.
    fn finish(
        &self,
        object: ObjectIndex,
        given: &[usize],
        row: &mut Row,
        before: Option<&Row>,
    ) -> Result<(), Refusal> {
        let (store, definition) = (&*self.store, self.store.schema.object(object));
        derived::derive(derived::Draft { store, object: definition, row, before, given, now: self.now });
        record_type::check(self.store, definition, row)?;
        validate::required(self.store, object, row)?;
        event_times::check(definition, row)?;
        validation::check(self.store, object, row, before)?;
        duplicates::check(self.store, &self.tx.origin, object, row, before)?;
        validate::unique(self.store, object, row)?;
        membership::check(self.store, object, row)?;
        if definition.name == PushTopic::OBJECT {
            PushTopic::accept(self.store, definition, row)?;
        }
        Ok(())
    }

    /// Gives a new row its auto-numbers.
    fn number(&mut self, object: ObjectIndex, definition: &Object, row: &mut Row) {
        for (at, field) in definition.fields.iter().enumerate() {
            if let Some(format) = &field.auto_number {
                let field = ((object, at), field.first_number);
                row.set(at, Value::text(self.store.auto_numbers.next(field, format, self.now)));
            }
        }
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
