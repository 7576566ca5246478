//! What an administrator may have set up for an object: record types, validation rules, duplicate rules. Data only;
//! what they do to writes is decided where rows are written.

use serde::Deserialize;

/// A record type other than Master.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordType {
    /// `DeveloperName`.
    pub(crate) name: String,
    /// `Name`, for people.
    pub(crate) label: String,
    /// Whether new records may have it.
    #[serde(default = "yes")]
    pub(crate) active: bool,
    /// Whether records that name none get it; at most one of an object.
    #[serde(default)]
    pub(crate) default: bool,
}

/// A rule that refuses a record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidationRule {
    /// API name.
    pub(crate) name: String,
    /// Formula that is true when the record is **invalid**.
    pub(crate) formula: String,
    /// What the client is told.
    pub(crate) message: String,
    /// Field that the message stands beside; none puts it on top of the page.
    #[serde(default)]
    pub(crate) field: Option<String>,
}

/// A rule against records that resemble each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DuplicateRule {
    /// API name.
    pub(crate) name: String,
    /// Two records whose values of all these fields are equal, letter case aside, and not empty are duplicates.
    pub(crate) fields: Vec<String>,
    /// What happens then.
    #[serde(default)]
    pub(crate) action: DuplicateAction,
    /// What the client is told.
    #[serde(default = "use_one_of_these")]
    pub(crate) message: String,
}

/// What a duplicate rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DuplicateAction {
    /// Never saved.
    #[default]
    Block,
    /// Saved by a client that says `allowSave=true`.
    Alert,
}

fn yes() -> bool {
    true
}

fn use_one_of_these() -> String {
    "Use one of these records?".to_owned()
}
