//! What objects an org has, what their fields are and what its administrator set up for them. Definitions are data:
//! one YAML file per standard object beside this one, custom objects and fields from files of the user.
//!
//! # Layout, in reading order
//!
//! - `field_type`, `field`, `right`, `rules`: the parts of an object
//! - `object`, `catalog`: one object, all of them
//! - `absent`: objects of real orgs that are not simulated
//! - `load`: from YAML to a schema
//! - `custom`, `custom_field`, `default_value`, `cross_check`: what the files of the user say, and whether it can be
//! - `written`: a mapping of such a file, key by key

mod absent;
mod catalog;
mod cross_check;
mod custom;
mod custom_field;
mod default_value;
mod field;
mod field_type;
mod load;
mod object;
mod right;
mod rules;
mod written;

pub(crate) use catalog::{ObjectIndex, Schema};
pub(crate) use custom_field::{check_field, complete_field, developer_name};
pub(crate) use field::{Field, Flag, OnDelete, PicklistValue};
pub(crate) use field_type::FieldType;
pub(crate) use load::ObjectsFile;
pub(crate) use object::{Object, ObjectKind, Trait};
pub(crate) use right::Right;
pub(crate) use rules::{DuplicateAction, DuplicateRule};
