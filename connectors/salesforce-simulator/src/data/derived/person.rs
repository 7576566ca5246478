//! The name of a person is made of its parts and cannot be written itself.

use crate::data::row::Row;
use crate::data::value::Value;
use crate::schema::Object;

/// The parts, in the order of the name. The salutation is not part of it.
const PARTS: [&str; 4] = ["FirstName", "MiddleName", "LastName", "Suffix"];

/// Not a person itself: its names are those of its lead or contact.
const MEMBER: &str = "CampaignMember";

/// Sets `Name` from its parts, for objects whose records are persons.
pub(super) fn name(object: &Object, row: &mut Row) {
    let Some((name, ..)) = object.system.person_name.filter(|_| object.name != MEMBER) else { return };
    let parts = PARTS.iter().filter_map(|part| object.field(part));
    let parts: Vec<&str> = parts.filter_map(|at| row.value(at).as_text()).collect();
    let joined = if parts.is_empty() { Value::Null } else { Value::text(parts.join(" ")) };
    row.set(name, joined);
}
