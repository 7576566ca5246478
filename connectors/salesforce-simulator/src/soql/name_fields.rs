//! The fields that a query can name behind a reference to records of several objects, such as `Owner.Name`.
//!
//! The object `Name` of the object reference: each field takes its value from the record that is referred to, and is
//! empty when that has no such field.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::json;

use crate::data::{Row, Value};
use crate::schema::{Field, Object};

/// The object that the fields are said to belong to.
pub(crate) const OBJECT: &str = "Name";

const TYPE: &str = "Type";

static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let fields = [
        ("Id", "id"),
        ("Alias", "string"),
        ("Email", "email"),
        ("FirstName", "string"),
        ("IsActive", "boolean"),
        ("LastName", "string"),
        ("LastReferencedDate", "datetime"),
        ("LastViewedDate", "datetime"),
        ("MiddleName", "string"),
        ("Name", "string"),
        ("Phone", "phone"),
        ("ProfileId", "reference"),
        ("RecordTypeId", "reference"),
        ("Suffix", "string"),
        ("Title", "string"),
        (TYPE, "picklist"),
        ("Username", "string"),
        ("UserRoleId", "reference"),
    ];
    let parents = |name| match name {
        "ProfileId" => Some("Profile"),
        "RecordTypeId" => Some("RecordType"),
        "UserRoleId" => Some("UserRole"),
        _ => None,
    };
    fields
        .iter()
        .filter_map(|(name, kind)| {
            let parent = parents(name);
            let reference_to: Vec<_> = parent.iter().collect();
            let line = json!({
                "name": name, "type": kind, "label": name, "relationship": parent, "reference_to": reference_to,
            });
            serde_json::from_value(line).ok()
        })
        .collect()
});

/// The fields.
pub(crate) fn fields() -> &'static [Field] {
    &FIELDS
}

/// The place of a field, by its name in any letter case.
pub(crate) fn field(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.name.eq_ignore_ascii_case(name))
}

/// The reference behind a relationship.
pub(crate) fn relationship(name: &str) -> Option<usize> {
    let named = |field: &Field| field.relationship.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(name));
    FIELDS.iter().position(named)
}

/// The value of a field in a record of some object.
pub(crate) fn value<'a>(object: &'a Object, row: &'a Row, at: usize) -> Cow<'a, Value> {
    let Some(field) = FIELDS.get(at) else { return Cow::Owned(Value::Null) };
    if field.name == TYPE {
        return Cow::Owned(Value::text(&object.name));
    }
    let visible = |at: &usize| object.fields.get(*at).is_some_and(Field::visible);
    match object.field(&field.name).filter(visible) {
        Some(at) => Cow::Borrowed(row.value(at)),
        None => Cow::Owned(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_the_list_is_lost() {
        assert_eq!(fields().len(), 18);
        assert!(field("username").is_some() && relationship("profile") == field("ProfileId"));
    }
}
