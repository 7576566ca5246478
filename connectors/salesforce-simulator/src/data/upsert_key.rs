//! What the records of an upsert are matched by, and which of them share it: of two records of one call that mean the
//! same one, neither is written, through whatever API they come.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::input::convert;
use super::refusal::Refusal;
use super::transaction::Api;
use crate::schema::{Field, ObjectIndex, Schema};

/// A value by which an upsert looks for a record. Spellings that find the same record are the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UpsertKey {
    object: ObjectIndex,
    field: usize,
    key: String,
}

/// The keys that several records of one call have.
#[derive(Debug)]
pub(crate) struct Repeated(HashSet<UpsertKey>);

impl UpsertKey {
    /// The key in this field; `None` for a value that no record can be found by, which is refused for itself.
    pub(crate) fn of(
        schema: &Schema,
        object: ObjectIndex,
        field: usize,
        value: &Json,
        api: Api,
    ) -> Option<Self> {
        let definition: &Field = schema.object(object).fields.get(field)?;
        let key = convert(definition, value, api).ok()?.index_key(definition)?;
        Some(Self { object, field, key })
    }
}

impl Repeated {
    /// Those of a call's keys that come more than once.
    pub(crate) fn among(keys: impl Iterator<Item = UpsertKey>) -> Self {
        let mut seen = HashSet::new();
        Self(keys.filter(|key| !seen.insert(key.clone())).collect())
    }

    /// Refuses a record whose key another record of the call has as well.
    pub(crate) fn check(
        &self,
        schema: &Schema,
        key: Option<&UpsertKey>,
        value: &Json,
    ) -> Result<(), Refusal> {
        let Some(key) = key.filter(|key| self.0.contains(key)) else { return Ok(()) };
        let field = schema.object(key.object).fields.get(key.field).map_or("Id", |field| field.name.as_str());
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let message = format!("Duplicate external id specified: {text}");
        Err(Refusal::record("DUPLICATE_VALUE", message, &[field]))
    }
}
