//! What an org says of an object: its fields, their types and what may be done with them.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::Schema;
use serde::Deserialize;

use crate::schema;

/// The fields that date a row, the best first: an object that lacks one has the next as a rule.
pub const DATES: [&str; 3] = ["SystemModstamp", "LastModifiedDate", "CreatedDate"];

/// An object as the org describes it to this user.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's own, independent of the others"
)]
pub struct Describe {
    /// The API name, in the org's own case.
    pub object: String,
    /// The prefix of the object's record ids; some objects have none.
    pub key_prefix: Option<String>,
    /// Whether the user may create records.
    pub createable: bool,
    /// Whether the user may change records.
    pub updateable: bool,
    /// Whether the user may delete records.
    pub deletable: bool,
    /// Whether deleted records can come back.
    pub undeletable: bool,
    /// Whether the object can be queried.
    pub queryable: bool,
    /// Whether the org keeps a record of what was changed and deleted lately.
    pub replicateable: bool,
    /// The fields, in the org's order.
    pub fields: Vec<DescribeField>,
    /// The objects whose records may point at records of this one, once for each of their fields.
    pub children: Vec<ChildRelationship>,
    positions: HashMap<String, usize>,
    schema: Arc<Schema>,
    key_schema: Arc<Schema>,
}

/// A field of another object, or of the same, by which records may point at this object's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildRelationship {
    /// The other object.
    #[serde(rename = "childSObject")]
    pub object: String,
    /// Its field.
    #[serde(default)]
    pub field: Option<String>,
    /// Whether such records go to the recycle bin with the one that they point at, and come back with it.
    #[serde(default)]
    pub cascade_delete: bool,
}

/// One field of an object. Names are those of the describe.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's own, independent of the others"
)]
pub struct DescribeField {
    /// The API name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether null is allowed.
    #[serde(default)]
    pub nillable: bool,
    /// Whether a new record may be given a value.
    #[serde(default)]
    pub createable: bool,
    /// Whether an existing record may be given a value.
    #[serde(default)]
    pub updateable: bool,
    /// Whether the org fills it in when a new record has no value.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// What it fills in, where that is no formula.
    #[serde(default)]
    pub default_value: Option<serde_json::Value>,
    /// Whether it is a formula or a roll-up.
    #[serde(default)]
    pub calculated: bool,
    /// Whether the org numbers it.
    #[serde(default)]
    pub auto_number: bool,
    /// Most characters of a text; 0 for other types.
    #[serde(default)]
    pub length: u32,
    /// All digits of a number.
    #[serde(default)]
    pub precision: u32,
    /// The digits after the point.
    #[serde(default)]
    pub scale: u32,
    /// All digits of an integer.
    #[serde(default)]
    pub digits: u32,
    /// The objects a reference may point at.
    #[serde(default)]
    pub reference_to: Vec<String>,
    /// The name under which SOQL reaches the parent.
    #[serde(default)]
    pub relationship_name: Option<String>,
    /// Whether it is an external id, which upsert can address.
    #[serde(default)]
    pub external_id: bool,
    /// Whether upsert can address it.
    #[serde(default)]
    pub id_lookup: bool,
    /// Whether no two records may have the same value.
    #[serde(default)]
    pub unique: bool,
    /// Whether the values' case counts.
    #[serde(default)]
    pub case_sensitive: bool,
    /// The address, location or name that it is a part of.
    #[serde(default)]
    pub compound_field_name: Option<String>,
    /// Whether a picklist refuses values that are not on its list.
    #[serde(default)]
    pub restricted_picklist: bool,
    /// The values of a picklist.
    #[serde(default)]
    pub picklist_values: Vec<PicklistValue>,
    /// Whether its text is HTML.
    #[serde(default)]
    pub html_formatted: bool,
    /// Whether a user may be given or denied the right to see or edit it.
    #[serde(default)]
    pub permissionable: bool,
    /// Whether a query's condition may speak of it: not of long texts, nor of what is encrypted.
    #[serde(default)]
    pub filterable: bool,
    /// Whether it holds the record's name.
    #[serde(default)]
    pub name_field: bool,
    /// Whether the reference cascades deletes from parent to child.
    #[serde(default)]
    pub cascade_delete: bool,
}

/// A value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PicklistValue {
    /// The value that records have, which may differ from what people see.
    pub value: String,
    /// Whether a record may still be given it.
    #[serde(default)]
    pub active: bool,
}

/// The type of a field, as far as orgstream treats it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// The record's own id.
    Id,
    /// Another record's id.
    Reference,
    /// True or false, never null.
    Boolean,
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    Long,
    /// A number with decimals; also `percent`.
    #[serde(alias = "percent")]
    Double,
    /// Money; kept as text, so that no digit is lost.
    Currency,
    /// A day.
    Date,
    /// A moment, to the millisecond.
    Datetime,
    /// A time of day.
    Time,
    /// A compound address; read only.
    Address,
    /// A compound geolocation; read only.
    Location,
    /// Long text, which PushTopics do not carry.
    Textarea,
    /// Bytes, of which a row holds only a link.
    Base64,
    /// One of a list of texts; also `combobox`.
    #[serde(alias = "combobox")]
    Picklist,
    /// Some of a list of texts, separated by semicolons.
    Multipicklist,
    /// Text that a part of is something else or nothing: e-mail, phone, URL, encrypted text.
    #[serde(rename = "email", alias = "phone", alias = "url", alias = "encryptedstring")]
    Exact,
    /// All else: text, and types that did not exist when this was written.
    #[serde(other)]
    Text,
}

impl FieldKind {
    /// Whether its values are text to an org, whatever the text has to be.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Textarea | Self::Text | Self::Picklist | Self::Multipicklist | Self::Exact)
    }

    /// Whether its values are made of those of other fields.
    pub fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location)
    }
}

/// A describe on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's own, independent of the others"
)]
struct Wire {
    name: String,
    #[serde(default)]
    key_prefix: Option<String>,
    #[serde(default)]
    createable: bool,
    #[serde(default)]
    updateable: bool,
    #[serde(default)]
    deletable: bool,
    #[serde(default)]
    undeletable: bool,
    #[serde(default)]
    queryable: bool,
    #[serde(default)]
    replicateable: bool,
    fields: Vec<DescribeField>,
    #[serde(default)]
    child_relationships: Vec<ChildRelationship>,
}

impl Describe {
    /// The field `name`, matched exactly.
    pub fn field(&self, name: &str) -> Option<&DescribeField> {
        self.position(name).map(|place| &self.fields[place])
    }

    /// The field that dates the object's rows; `None` where none does.
    pub fn dated_by(&self) -> Option<&'static str> {
        DATES.into_iter().find(|name| self.positions.contains_key(*name))
    }

    /// The place of the field `name` among the fields, and in the schema of values.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// The same object with other types of fields.
    #[must_use]
    pub fn with_kinds(&self, kind: impl Fn(&DescribeField) -> FieldKind) -> Self {
        let retyped = |field: &DescribeField| DescribeField { kind: kind(field), ..field.clone() };
        let fields: Vec<_> = self.fields.iter().map(retyped).collect();
        let schema = Arc::new(schema::value_schema(&self.object, &fields));
        Self { fields, schema, ..self.clone() }
    }

    /// The schema of a record's value: all fields in the org's order, then `_ObjectType` and `_EventType`.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    /// The schema of a record's key: `Id`.
    pub fn key_schema(&self) -> Arc<Schema> {
        Arc::clone(&self.key_schema)
    }
}

impl<'de> Deserialize<'de> for Describe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let positions =
            wire.fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
        Ok(Self {
            schema: Arc::new(schema::value_schema(&wire.name, &wire.fields)),
            key_schema: Arc::new(schema::key_schema(&wire.name)),
            positions,
            object: wire.name,
            key_prefix: wire.key_prefix,
            createable: wire.createable,
            updateable: wire.updateable,
            deletable: wire.deletable,
            undeletable: wire.undeletable,
            queryable: wire.queryable,
            replicateable: wire.replicateable,
            fields: wire.fields,
            children: wire.child_relationships,
        })
    }
}
