//! By what a record of one org is known in another: its object, and its value in a field that both orgs have.

use orgstream_salesforce::{Describe, DescribeField, FieldKind, Row};

/// What a record and its counterpart have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Likeness {
    /// The object's API name.
    pub(super) object: String,
    /// The field's API name.
    pub(super) field: String,
    /// The value, as it is compared.
    pub(super) value: String,
    /// What tells apart records of this object that have the same value: a record type's object, a group's type.
    pub(super) kind: Option<String>,
}

/// The field by which records of `describe` are matched where a rule says `by`. A queue and a record type have no name
/// of a user: theirs is `DeveloperName`, whatever field a rule names that they lack.
pub(super) fn field_of<'a>(describe: &'a Describe, by: &str) -> Option<&'a DescribeField> {
    named_field(describe, by).or_else(|| own_name(describe))
}

/// The text field `by`.
pub(super) fn named_field<'a>(describe: &'a Describe, by: &str) -> Option<&'a DescribeField> {
    let field = describe.fields.iter().find(|field| field.name.eq_ignore_ascii_case(by));
    field.filter(|field| field.kind.is_text() && field.kind != FieldKind::Textarea)
}

/// The name of a queue or a record type, which have no other.
pub(super) fn own_name(describe: &Describe) -> Option<&DescribeField> {
    describe.field("DeveloperName").filter(|_| kind_of(&describe.object).is_some())
}

/// The field that tells apart records of an object with the same name.
pub(super) fn kind_of(object: &str) -> Option<&'static str> {
    match object {
        "RecordType" => Some("SobjectType"),
        "Group" => Some("Type"),
        _ => None,
    }
}

/// A value as it is compared: Salesforce compares text without case, unless the field says otherwise.
pub(super) fn folded(field: &DescribeField, value: &str) -> String {
    if field.case_sensitive { value.to_owned() } else { value.to_lowercase() }
}

impl Likeness {
    /// The likeness of a row; `None` where its field is empty.
    pub(super) fn of_row(object: &str, field: &DescribeField, row: &Row) -> Option<Self> {
        let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
        Some(Self {
            object: object.to_owned(),
            field: field.name.clone(),
            value: folded(field, text(&field.name)?),
            kind: kind_of(object).and_then(text).map(str::to_owned),
        })
    }
}
