//! A parent named by its external id: `{"Account": {"Ext__c": "x"}}`, with `attributes.type` where the parent may be
//! of several objects.

use serde_json::Value as Json;

use super::input::{convert, no_such_column, visible};
use super::refusal::Refusal;
use super::store::Store;
use super::transaction::Api;
use super::value::Value;
use crate::schema::{Object, ObjectIndex, Schema};

/// A parent that is still to be found.
#[derive(Debug)]
pub(super) struct Named {
    /// The reference field that will hold its id.
    reference: usize,
    object: ObjectIndex,
    /// Its external id field, and the value of it.
    field: usize,
    value: Value,
}

impl Named {
    /// Reads the name of a relationship and what is given for it.
    pub(super) fn read(
        schema: &Schema,
        object: &Object,
        key: &str,
        json: &Json,
        api: Api,
    ) -> Result<Self, Refusal> {
        let unknown = || no_such_column(object, key);
        let reference = object.relationship(key).ok_or_else(unknown)?;
        let field = object.fields.get(reference).filter(|field| field.visible()).ok_or_else(unknown)?;
        let parts = json.as_object().ok_or_else(unknown)?;
        let mut named = parts.iter().filter(|(name, _)| *name != "attributes");
        let (name, value) = named.next().ok_or_else(unknown)?;
        let kind =
            parts.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str);
        let mut targets = field
            .reference_to
            .iter()
            .filter(|to| kind.is_none_or(|kind| to.eq_ignore_ascii_case(kind)))
            .filter_map(|to| schema.find(to))
            .filter_map(|target| {
                let external = visible(schema.object(target), name).filter(|(_, field)| field.upsertable());
                external.map(|(at, field)| (target, at, field))
            });
        let Some((target, at, external)) = targets.next() else {
            let known = kind.or(field.reference_to.first().map(String::as_str)).unwrap_or_default();
            let message =
                format!("Field name provided, {name} is not an External ID or indexed field for {known}");
            return Err(Refusal::record("INVALID_FIELD", message, &[]));
        };
        Ok(Self { reference, object: target, field: at, value: convert(external, value, api)? })
    }

    /// The reference field and the id to put into it.
    pub(super) fn find(self, store: &Store) -> Result<(usize, Value), Refusal> {
        let definition = store.schema.object(self.object);
        let Some(field) = definition.fields.get(self.field) else { return Err(Refusal::no_such_record()) };
        let key = self.value.index_key(field);
        let found: Vec<&str> = key
            .as_deref()
            .map(|key| store.with_value(self.object, self.field, key).map(super::row::Row::id).collect())
            .unwrap_or_default();
        match found.as_slice() {
            [id] => Ok((self.reference, Value::text(id))),
            [] => {
                let message = format!(
                    "Foreign key external ID: {} not found for field {} in entity {}",
                    key.unwrap_or_default(),
                    field.name,
                    definition.name
                );
                Err(Refusal::record("INVALID_FIELD", message, &[]))
            }
            several => Err(Refusal::ambiguous(&field.name, several)),
        }
    }
}
