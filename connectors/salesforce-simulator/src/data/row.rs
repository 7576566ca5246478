//! One row and how it is shown: REST and events write times and addresses differently.

use serde_json::{Map, Value as Json};

use super::value::Value;
use crate::schema::Object;
use crate::timestamp::Timestamp;

/// A row: one value for each field of its object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// 18 characters.
    pub(crate) id: String,
    /// In the order of the object's fields; shorter than those while the fields made last are empty.
    pub(crate) values: Vec<Value>,
    /// Where it is.
    pub(crate) place: Place,
}

/// Whether a row is in use or in the recycle bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In use.
    Live,
    /// Deleted by itself.
    Bin,
    /// Deleted because this parent was; comes back with it.
    BinWith(String),
}

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// REST: offset `+0000`, address members in lower camel case.
    Rest,
    /// Events: `Z`, address members capitalised.
    Event,
}

impl Row {
    /// A row in use, all values missing.
    pub(crate) fn live(id: &str, fields: usize) -> Self {
        Self { id: id.to_owned(), values: vec![Value::Null; fields], place: Place::Live }
    }

    /// Whether it is in the recycle bin.
    pub(crate) fn deleted(&self) -> bool {
        self.place != Place::Live
    }

    /// The value of a field; null for compound fields.
    pub(crate) fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    /// Replaces the value of a field.
    pub(crate) fn set(&mut self, at: usize, value: Value) {
        if at >= self.values.len() {
            self.values.resize(at + 1, Value::Null);
        }
        self.values[at] = value;
    }
}

/// A field of a row as JSON, compound fields put together.
pub(crate) fn render(object: &Object, row: &Row, at: usize, form: Form) -> Json {
    match object.fields.get(at) {
        Some(field) if field.kind.is_compound() => compound(object, row, &field.name, form),
        _ => row.value(at).to_json(match form {
            Form::Rest => Timestamp::rest,
            Form::Event => Timestamp::event,
        }),
    }
}

/// An address or a location, put together from its members; null when all of them are.
pub(crate) fn compound(object: &Object, row: &Row, compound: &str, form: Form) -> Json {
    let location = compound.strip_suffix("__c").map(|stem| format!("{stem}__"));
    let prefix = location.as_deref().unwrap_or_else(|| compound.strip_suffix("Address").unwrap_or_default());
    let mut members = Map::new();
    let mut empty = true;
    for (at, field) in object.members(compound) {
        let member = field.name.strip_prefix(prefix).unwrap_or(&field.name);
        let member = member.strip_suffix("__s").unwrap_or(member);
        let value = row.value(at);
        empty &= value.is_null();
        members.insert(member_name(member, form), value.to_json(Timestamp::rest));
    }
    if empty { Json::Null } else { Json::Object(members) }
}

fn member_name(member: &str, form: Form) -> String {
    let mut chars = member.chars();
    match (form, chars.next()) {
        (Form::Rest, Some(first)) => first.to_lowercase().chain(chars).collect(),
        _ => member.to_owned(),
    }
}
