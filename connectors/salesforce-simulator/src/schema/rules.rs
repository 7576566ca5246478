//! What an administrator may have set up for an object: record types, validation rules, duplicate rules. Data only;
//! what they do to writes is decided where rows are written.

use serde::Deserialize;
use serde_json::Value as Json;

use super::custom_field::developer_name;
use super::written::Mapping;

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

impl RecordType {
    /// From its line in an objects file.
    pub(super) fn read(line: &Json) -> Result<Self, String> {
        let (name, line) = named("record_types", line, &["name", "label", "active", "default"])?;
        let at = |reason| format!("record_types: {name}: {reason}");
        Ok(Self {
            label: line.needed("label").map_err(at)?,
            active: line.yes("active").map_err(at)?.unwrap_or(true),
            default: line.yes("default").map_err(at)?.unwrap_or(false),
            name,
        })
    }
}

impl ValidationRule {
    /// From its line in an objects file.
    pub(super) fn read(line: &Json) -> Result<Self, String> {
        let (name, line) = named("validation_rules", line, &["name", "formula", "message", "field"])?;
        let at = |reason| format!("validation_rules: {name}: {reason}");
        Ok(Self {
            formula: line.needed("formula").map_err(at)?,
            message: line.needed("message").map_err(at)?,
            field: line.text("field").map_err(at)?,
            name,
        })
    }
}

impl DuplicateRule {
    /// From its line in an objects file.
    pub(super) fn read(line: &Json) -> Result<Self, String> {
        let (name, line) = named("duplicate_rules", line, &["name", "fields", "action", "message"])?;
        let at = |reason| format!("duplicate_rules: {name}: {reason}");
        let fields = line.texts("fields").map_err(at)?;
        if fields.is_empty() {
            return Err(at("fields is missing; write the fields that duplicates share".to_owned()));
        }
        Ok(Self {
            fields,
            action: line.word("action", &["block", "alert"]).map_err(at)?.unwrap_or_default(),
            message: line.text("message").map_err(at)?.unwrap_or_else(use_one_of_these),
            name,
        })
    }
}

/// The name of a line, and its keys.
fn named(list: &str, line: &Json, keys: &[&str]) -> Result<(String, Mapping), String> {
    let within = |reason| format!("{list}: {reason}");
    let line = Mapping::read(line.clone(), keys).map_err(within)?;
    let name = line.needed("name").map_err(within)?;
    if developer_name(&name) {
        return Ok((name, line));
    }
    Err(format!("{list}: {name}: a name is letters, digits and single underscores, and begins with a letter"))
}

fn yes() -> bool {
    true
}

fn use_one_of_these() -> String {
    "Use one of these records?".to_owned()
}
