//! One field: its type and everything that describe, validation, rules and queries need to know of it.

use serde::{Deserialize, Serialize};

use super::field_type::FieldType;
use super::right::Right;

/// A field as its YAML line says it. The same shape keeps fields made over the Tooling API in the data file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// API name.
    pub(crate) name: String,
    /// Data type.
    #[serde(rename = "type")]
    pub(crate) kind: FieldType,
    /// Label for people.
    pub(crate) label: String,
    /// `inlineHelpText` of the describe.
    #[serde(default)]
    pub(crate) help: Option<String>,
    /// Characters, for text.
    #[serde(default)]
    pub(crate) length: usize,
    /// Digits in all, for decimal numbers.
    #[serde(default)]
    pub(crate) precision: u32,
    /// Digits after the point, for decimal numbers.
    #[serde(default)]
    pub(crate) scale: u32,
    /// Digits, for integers.
    #[serde(default)]
    pub(crate) digits: u32,
    /// Compound field that this one is part of.
    #[serde(default)]
    pub(crate) compound: Option<String>,
    /// `extraTypeInfo` of the describe.
    #[serde(default)]
    pub(crate) extra: Option<String>,
    /// Values, for picklists.
    #[serde(default)]
    pub(crate) picklist: Vec<PicklistValue>,
    /// Value of a new record that does not set the field.
    #[serde(default)]
    pub(crate) default: Option<serde_json::Value>,
    /// Objects that a reference may point at; more than one makes it polymorphic.
    #[serde(default)]
    pub(crate) reference_to: Vec<String>,
    /// Name of the parent in queries and nested records, such as `Account` or `Invoice__r`.
    #[serde(default)]
    pub(crate) relationship: Option<String>,
    /// Name of the list of these records in their parent, such as `Contacts` or `Lines__r`.
    #[serde(default)]
    pub(crate) children: Option<String>,
    /// What deleting the parent does to the record.
    #[serde(default)]
    pub(crate) on_delete: OnDelete,
    /// Text of the formula that gives the value; such a field is never written.
    #[serde(default)]
    pub(crate) formula: Option<String>,
    /// Display format of an auto-number, such as `INV-{00000}`; such a field is never written.
    #[serde(default)]
    pub(crate) auto_number: Option<String>,
    /// The number of the first record, for auto-numbers.
    #[serde(default)]
    pub(crate) first_number: u64,
    /// What the integration user may not do: `edit` makes it read-only, `read` hides it.
    #[serde(default)]
    pub(crate) denied: Vec<Right>,
    /// Everything that is either so or not.
    #[serde(default)]
    pub(crate) flags: Vec<Flag>,
}

/// A value of a picklist: a text, or `{value, label, active}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PicklistLine")]
pub(crate) struct PicklistValue {
    /// What rows hold.
    pub(crate) value: String,
    /// What people see.
    pub(crate) label: String,
    /// Whether new values may be this one.
    pub(crate) active: bool,
}

/// What deleting the parent of a reference does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnDelete {
    /// The reference is emptied.
    #[default]
    Clear,
    /// The parent cannot be deleted.
    Restrict,
    /// The record is deleted too.
    Cascade,
    /// As [`OnDelete::Cascade`], and the child belongs to the parent: no owner of its own, always a parent.
    MasterDetail,
}

/// A yes-or-no property of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    /// May be set on create.
    Create,
    /// May be changed.
    Update,
    /// May be empty.
    Nillable,
    /// Gets a value on create if none is given.
    Defaulted,
    /// May name a record in an upsert.
    ExternalId,
    /// May be matched by look-ups.
    IdLookup,
    /// No two records have the same value.
    Unique,
    /// Unique values differ by letter case.
    CaseSensitive,
    /// The object's name.
    NameField,
    /// Only listed picklist values are allowed.
    Restricted,
    /// Not in WHERE.
    NoFilter,
    /// Not in ORDER BY.
    NoSort,
    /// Not in GROUP BY.
    NoGroup,
    /// Was deleted: no call sees it, and its place stays empty until the org starts anew.
    Gone,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PicklistLine {
    Value(String),
    Full {
        value: String,
        #[serde(default)]
        label: Option<String>,
        #[serde(default = "yes")]
        active: bool,
    },
}

impl From<PicklistLine> for PicklistValue {
    fn from(line: PicklistLine) -> Self {
        let (value, label, active) = match line {
            PicklistLine::Value(value) => (value, None, true),
            PicklistLine::Full { value, label, active } => (value, label, active),
        };
        Self { label: label.unwrap_or_else(|| value.clone()), value, active }
    }
}

impl OnDelete {
    /// Whether the record goes with its parent.
    pub(crate) fn cascades(self) -> bool {
        matches!(self, Self::Cascade | Self::MasterDetail)
    }
}

impl Field {
    /// Takes everything from a deleted field that would still show.
    pub(super) fn remove(&mut self) {
        let (name, kind) = (std::mem::take(&mut self.name), self.kind);
        *self = Self { name, kind, flags: vec![Flag::Gone, Flag::Nillable], ..Self::default() };
    }

    /// Whether the flag stands in its line.
    pub(crate) fn is(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether the integration user has this right.
    pub(crate) fn may(&self, right: Right) -> bool {
        !self.denied.contains(&right)
    }

    /// Whether calls see it: it is neither hidden from the integration user nor deleted.
    pub(crate) fn visible(&self) -> bool {
        self.may(Right::Read) && !self.is(Flag::Gone)
    }

    /// A custom field, by its name.
    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c") || self.name.ends_with("__s")
    }

    /// Refers to records of several objects.
    pub(crate) fn polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    /// Must have a value: not nillable, not given by the org.
    pub(crate) fn required(&self) -> bool {
        self.is(Flag::Create) && !self.is(Flag::Nillable) && !self.is(Flag::Defaulted)
    }

    /// Whether an upsert may match by this field.
    pub(crate) fn upsertable(&self) -> bool {
        self.is(Flag::ExternalId)
            || (self.is(Flag::IdLookup) && self.kind != FieldType::Id && self.is(Flag::Create))
    }

    /// Set by the org on every write; alone it is no change that anybody is told of.
    pub(crate) fn system(&self) -> bool {
        matches!(
            self.name.as_str(),
            "CreatedDate"
                | "CreatedById"
                | "LastModifiedDate"
                | "LastModifiedById"
                | "SystemModstamp"
                | "IsDeleted"
        )
    }
}

fn yes() -> bool {
    true
}
