//! Records as a write sends them, held against the schema before anything is written: a type or a field that the org
//! does not have refuses the whole call, as it does where the parser of a real org meets it.

use serde_json::{Map, Value as Json, json};

use super::element::Element;
use super::envelope::Dialect;
use super::fault::Fault;
use crate::schema::{Field, Object, ObjectIndex, Schema};

/// A record to be written.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) object: ObjectIndex,
    /// Its `Id`, where it has one.
    pub(crate) id: Option<String>,
    /// The other fields. Values stay text, which every type reads.
    pub(crate) fields: Map<String, Json>,
}

impl Sent {
    /// Reads a record. An empty element sets nothing; `fieldsToNull` empties.
    pub(crate) fn read(schema: &Schema, dialect: Dialect, record: &Element) -> Result<Self, Fault> {
        let at = typed(schema, dialect, record)?;
        let object = schema.object(at);
        let mut sent = Self { object: at, id: None, fields: Map::new() };
        // The element `type` is no field: `Type` is one.
        for child in record.children.iter().filter(|child| child.name != "type") {
            if child.name == "fieldsToNull" {
                known(object, &child.text)?;
                sent.fields.insert(child.text.clone(), Json::Null);
            } else if child.name.eq_ignore_ascii_case("Id") {
                sent.id = Some(child.text.clone()).filter(|id| !id.is_empty());
            } else if let Some(value) = value(object, child)? {
                sent.fields.insert(child.name.clone(), value);
            }
        }
        Ok(sent)
    }

    /// The value of a field with this place and name, whatever the letter case of its name; `null` where it is not set.
    pub(crate) fn value(&self, field: usize, name: &str) -> Json {
        if field == 0 {
            return self.id.clone().into();
        }
        let mut fields = self.fields.iter();
        let given = fields.find(|(given, _)| given.eq_ignore_ascii_case(name));
        given.map_or(Json::Null, |(_, value)| value.clone())
    }
}

/// The object of a record: its element `type` in the partner API, its `xsi:type` in the enterprise API.
fn typed(schema: &Schema, dialect: Dialect, record: &Element) -> Result<ObjectIndex, Fault> {
    let name = match dialect {
        Dialect::Partner => record.text_of("type").ok_or_else(|| {
            let message =
                "Missing entity type information. sObject requires a separate 'type' field be sent.";
            Fault::Request(message.to_owned())
        })?,
        Dialect::Enterprise => record
            .kind
            .as_deref()
            .filter(|kind| *kind != "sObject")
            .ok_or_else(|| Fault::api("INVALID_TYPE", "Must send a concrete entity type."))?,
    };
    Ok(schema.named(name, || Fault::no_such_type(name))?)
}

/// What an element of a record sets: a field, or a parent named by an external id of its own.
fn value(object: &Object, element: &Element) -> Result<Option<Json>, Fault> {
    if is_field(object, &element.name) {
        return match element.children.first() {
            Some(inner) => Err(Fault::misplaced(inner)),
            None => Ok(Some(element.text.as_str()).filter(|text| !text.is_empty()).map(Json::from)),
        };
    }
    let reference = object.relationship(&element.name).and_then(|at| object.fields.get(at));
    if !reference.is_some_and(Field::visible) || !element.text.is_empty() {
        return Err(Fault::no_such_column(&element.name, &object.name));
    }
    let mut parent = Map::new();
    if let Some(kind) = element.text_of("type").or(element.kind.as_deref().filter(|kind| *kind != "sObject"))
    {
        parent.insert("attributes".to_owned(), json!({"type": kind}));
    }
    for child in element.children.iter().filter(|child| child.name != "type" && !child.text.is_empty()) {
        parent.insert(child.name.clone(), Json::from(child.text.as_str()));
    }
    let names_one = parent.keys().any(|key| key != "attributes");
    Ok(names_one.then_some(Json::Object(parent)))
}

fn known(object: &Object, name: &str) -> Result<(), Fault> {
    if is_field(object, name) { Ok(()) } else { Err(Fault::no_such_column(name, &object.name)) }
}

fn is_field(object: &Object, name: &str) -> bool {
    object.field(name).and_then(|at| object.fields.get(at)).is_some_and(Field::visible)
}
