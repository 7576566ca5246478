//! What is done with the references of an object.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is done with one reference: a word, or a rule.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum Reference {
    /// A word.
    Word(ReferenceWord),
    /// A rule.
    Find(FindRule),
}

/// What is done with a reference that needs no rule.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ReferenceWord {
    /// What points at an object of the pipeline gets the id that its record has in the target org; all else is left out.
    Map,
    /// It is never written.
    LeaveOut,
}

/// How the record is found that a reference out of the pipeline is to point at. What points into the pipeline is mapped.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct FindRule {
    /// The field in which both orgs have the same value, such as `Username`, `Email` or `FederationIdentifier` of users.
    /// Record types (of the same object) and queues are matched by `DeveloperName`, whatever it says.
    #[serde(rename = "match")]
    pub(in crate::config) by: Option<String>,
    /// A CSV file of two columns, the id in the source org and the one in the target org, relative to this file. It comes before
    /// all else.
    pub(in crate::config) file: Option<String>,
    /// What is taken where nothing is found: an id of the target org, or a value of the field under `match`. Without it such
    /// a reference is left out, and a required one waited for.
    pub(in crate::config) default: Option<String>,
}
