//! Which record type a record has: the one it names, if it is one of its object, or the default one.

use super::refusal::Refusal;
use super::row::Row;
use super::store::Store;
use super::value::Value;
use crate::schema::Object;

impl Store {
    /// The id of a record type, by its object and its `DeveloperName`.
    pub(crate) fn record_type(&self, object: &str, name: &str) -> Option<&str> {
        let table = self.schema.find("RecordType")?;
        let definition = self.schema.object(table);
        let (of, named) = (definition.field("SobjectType")?, definition.field("DeveloperName")?);
        let mut rows = self.table(table).rows();
        let row = rows
            .find(|row| row.value(of).as_text() == Some(object) && row.value(named).as_text() == Some(name));
        row.map(Row::id)
    }
}

/// Gives a new row the default record type of its object, where it names none.
pub(super) fn assign(store: &Store, object: &Object, row: &mut Row) {
    let Some(at) = object.field("RecordTypeId").filter(|at| row.value(*at).is_null()) else { return };
    let default = object.record_types.iter().find(|kind| kind.default);
    if let Some(id) = default.and_then(|kind| store.record_type(&object.name, &kind.name)) {
        row.set(at, Value::text(id));
    }
}

/// Refuses a record type of another object, or one that is not active.
pub(super) fn check(store: &Store, object: &Object, row: &Row) -> Result<(), Refusal> {
    let Some(id) = object.field("RecordTypeId").and_then(|at| row.value(at).as_text()) else { return Ok(()) };
    let mut usable = object.record_types.iter().filter(|kind| kind.active);
    if usable.any(|kind| store.record_type(&object.name, &kind.name) == Some(id)) {
        return Ok(());
    }
    let message = format!("Record Type ID: this ID value isn't valid for the user: {id}");
    Err(Refusal::record("INVALID_CROSS_REFERENCE_KEY", message, &["RecordTypeId"]))
}
