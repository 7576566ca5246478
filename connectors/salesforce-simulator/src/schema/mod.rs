//! What objects an org has, what their fields are and what its administrator set up for them. Definitions are data:
//! one YAML file per standard object beside this one, custom objects and fields from files of the user.
//!
//! # Layout, in reading order
//!
//! - `field_type`, `field`, `right`, `rules`: the parts of an object
//! - `object`, `catalog`: one object, all of them
//! - `absent`: objects of real orgs that are not simulated
//! - `load`, `custom`: from YAML to a schema

mod absent;
mod catalog;
mod custom;
mod field;
mod field_type;
mod load;
mod object;
mod right;
mod rules;

pub(crate) use catalog::{ObjectIndex, Schema};
pub(crate) use custom::{check_field, complete_field};
pub(crate) use field::{Field, Flag, OnDelete, PicklistValue};
pub(crate) use field_type::FieldType;
pub(crate) use load::ObjectsFile;
pub(crate) use object::{Object, ObjectKind, Trait};
pub(crate) use right::Right;
pub(crate) use rules::{DuplicateAction, DuplicateRule};
