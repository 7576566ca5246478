//! One object: its fields, found by name without regard to letter case, as Salesforce does.

use std::collections::HashMap;

use serde::Deserialize;

use super::field::{Field, Flag};
use super::field_type::FieldType;
use super::right::Right;
use super::rules::{DuplicateRule, RecordType, ValidationRule};

/// An object and its fields in describe order. The place of a field never changes while an org runs: new fields come
/// last, and a deleted one keeps its place with [`Flag::Gone`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    /// API name.
    pub(crate) name: String,
    /// Label for one record.
    pub(crate) label: String,
    /// Label for several.
    pub(crate) plural: String,
    /// First three characters of its ids.
    pub(crate) key_prefix: String,
    /// What can be done with it.
    pub(crate) traits: Vec<Trait>,
    /// Its fields, [`Field::visible`] or not; `Id` is the first, except in platform events.
    pub(crate) fields: Vec<Field>,
    /// Record types beside Master.
    #[serde(default)]
    pub(crate) record_types: Vec<RecordType>,
    /// Rules that refuse a record.
    #[serde(default)]
    pub(crate) validation_rules: Vec<ValidationRule>,
    /// Rules against records that resemble each other.
    #[serde(default)]
    pub(crate) duplicate_rules: Vec<DuplicateRule>,
    /// What the integration user may not do with its records.
    #[serde(default)]
    pub(crate) denied: Vec<Right>,
    /// Changes of its records are published as change events.
    #[serde(default)]
    pub(crate) change_data_capture: bool,
    /// Places of the fields that the org sets itself.
    #[serde(skip)]
    pub(crate) system: SystemFields,
    #[serde(skip)]
    by_name: HashMap<String, usize>,
    #[serde(skip)]
    by_relationship: HashMap<String, usize>,
}

/// What sort of object it is; the ending of its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    /// Every org has it.
    Standard,
    /// `__c`.
    Custom,
    /// `__e`: has fields, but never a row.
    PlatformEvent,
}

/// What can be done with an object: the words of the describe, and of PushTopics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trait {
    Activateable,
    CompactLayoutable,
    Createable,
    DeepCloneable,
    Deletable,
    FeedEnabled,
    Layoutable,
    Mergeable,
    MruEnabled,
    Queryable,
    Replicateable,
    Retrieveable,
    SearchLayoutable,
    Searchable,
    /// PushTopics may watch it.
    Streamable,
    Triggerable,
    Undeletable,
    Updateable,
}

/// Where the fields are that every write touches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemFields {
    pub(crate) is_deleted: Option<usize>,
    pub(crate) owner_id: Option<usize>,
    pub(crate) created_date: Option<usize>,
    pub(crate) created_by: Option<usize>,
    pub(crate) modified_date: Option<usize>,
    pub(crate) modified_by: Option<usize>,
    pub(crate) modstamp: Option<usize>,
    /// `Name`, `FirstName`, `LastName` of a person, whose `Name` is made of the other two.
    pub(crate) person_name: Option<(usize, usize, usize)>,
}

impl Object {
    /// Finds the places of its fields anew: after it was read, and whenever `fields` changed.
    pub(crate) fn index(&mut self) {
        let lower = |text: &str| text.to_ascii_lowercase();
        let present = || self.fields.iter().enumerate().filter(|(_, field)| !field.is(Flag::Gone));
        let by_name: HashMap<String, usize> = present().map(|(at, field)| (lower(&field.name), at)).collect();
        let by_relationship =
            present().filter_map(|(at, field)| Some((lower(field.relationship.as_deref()?), at))).collect();
        let at = |name: &str| by_name.get(name).copied();
        let person = at("firstname").zip(at("lastname")).zip(at("name"));
        self.system = SystemFields {
            is_deleted: at("isdeleted"),
            owner_id: at("ownerid"),
            created_date: at("createddate"),
            created_by: at("createdbyid"),
            modified_date: at("lastmodifieddate"),
            modified_by: at("lastmodifiedbyid"),
            modstamp: at("systemmodstamp"),
            person_name: person.map(|((first, last), name)| (name, first, last)),
        };
        self.by_name = by_name;
        self.by_relationship = by_relationship;
    }

    /// Whether this can be done with it.
    pub(crate) fn is(&self, what: Trait) -> bool {
        self.traits.contains(&what)
    }

    /// Whether the integration user has this right.
    pub(crate) fn may(&self, right: Right) -> bool {
        !self.denied.contains(&right)
    }

    /// What sort of object it is.
    pub(crate) fn kind(&self) -> ObjectKind {
        if self.name.ends_with("__c") {
            ObjectKind::Custom
        } else if self.name.ends_with("__e") {
            ObjectKind::PlatformEvent
        } else {
            ObjectKind::Standard
        }
    }

    /// The name of its change event; `None` when its changes cannot be captured.
    pub(crate) fn change_event(&self) -> Option<String> {
        match self.kind() {
            ObjectKind::Custom => Some(format!("{}__ChangeEvent", self.name.trim_end_matches("__c"))),
            ObjectKind::Standard if self.is(Trait::Triggerable) && self.is(Trait::Createable) => {
                Some(format!("{}ChangeEvent", self.name))
            }
            ObjectKind::Standard | ObjectKind::PlatformEvent => None,
        }
    }

    /// The place of a field, by its name in any letter case. Fields hidden from the user are found, deleted ones not.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        // Every key of every record comes by here, so short names take no allocation.
        let mut buffer = [0; 64];
        match buffer.get_mut(..name.len()) {
            Some(lower) => {
                lower.copy_from_slice(name.as_bytes());
                lower.make_ascii_lowercase();
                std::str::from_utf8(lower).ok().and_then(|lower| self.by_name.get(lower)).copied()
            }
            None => self.by_name.get(&name.to_ascii_lowercase()).copied(),
        }
    }

    /// The reference field behind a relationship such as `Owner`.
    pub(crate) fn relationship(&self, name: &str) -> Option<usize> {
        self.by_relationship.get(&name.to_ascii_lowercase()).copied()
    }

    /// The fields that calls see, with their places, in describe order.
    pub(crate) fn visible_fields(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter(|(_, field)| field.visible())
    }

    /// Fields that belong to a compound field, in describe order.
    pub(crate) fn members(&self, compound: &str) -> impl Iterator<Item = (usize, &Field)> {
        let compound = compound.to_owned();
        self.fields.iter().enumerate().filter(move |(_, field)| field.compound.as_ref() == Some(&compound))
    }

    /// Whether values of this field are looked up: unique and external-id fields, and references to stored
    /// objects other than users.
    pub(crate) fn indexed(&self, at: usize) -> bool {
        self.fields.get(at).is_some_and(|field| {
            field.is(Flag::ExternalId)
                || field.is(Flag::Unique)
                || field.upsertable()
                || (field.kind == FieldType::Reference && !field.reference_to.iter().any(|to| to == "User"))
        })
    }
}
