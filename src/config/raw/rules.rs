//! The keys that say which records are written, and what their fields hold.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// An expression (CEL) whose value the field has.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Computed(pub(in crate::config) String);

/// The source's values, each with the target's behind it.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Values(pub(in crate::config) BTreeMap<String, Renamed>);

/// The target's value.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Renamed(pub(in crate::config) String);

/// What becomes of a record of the target that leaves the filter.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OnLeave {
    /// It stays as it was when the filter last held.
    Keep,
    /// It is deleted. What the target deletes with it goes as well. When the filter holds again it comes back.
    Delete,
}

/// What becomes of text that is longer than its field.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum TooLong {
    /// The record is rejected.
    Reject,
    /// The text is cut, and counted (`texts_cut` in the status). Picklists, e-mail, phone, URL, HTML, unique fields and
    /// external ids are never cut.
    Truncate,
}

/// How an object is written, where that differs from what the sink says.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct ObjectSink {
    /// An expression (CEL), beside that of the sink: both must hold for a record to be looked at.
    pub(in crate::config) when: Option<String>,
    /// An expression (CEL), beside that of the sink: both must hold.
    pub(in crate::config) filter: Option<String>,
    /// What becomes of a record that leaves the filter. Default: as `sink.on_leave` says.
    pub(in crate::config) on_leave: Option<OnLeave>,
    /// As `sink.assignment_rules`, or the id of an assignment rule of the target org (01Q…), which bulk jobs of cases and leads know
    /// as well.
    #[schemars(extend("x-switch" = ["off", "active"]))]
    pub(in crate::config) assignment_rules: Option<String>,
}
