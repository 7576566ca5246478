//! What objects an org has and what their fields are. Definitions are data: one YAML file per object beside this
//! one, custom fields from a file of the user.

mod field;
mod load;
mod object;

pub(crate) use field::{Field, FieldType, Flag};
pub(crate) use object::{Object, ObjectIndex, Schema};
