//! The name of a person is made of its parts and cannot be written itself.

use super::row::Row;
use super::value::Value;
use crate::schema::Object;

/// Sets `Name` from `FirstName` and `LastName`, for objects that have all three.
pub(crate) fn derive(object: &Object, row: &mut Row) {
    let Some((name, first, last)) = object.system.person_name else { return };
    let parts: Vec<&str> = [first, last].iter().filter_map(|at| row.value(*at).as_text()).collect();
    let joined = if parts.is_empty() { Value::Null } else { Value::text(parts.join(" ")) };
    row.set(name, joined);
}
