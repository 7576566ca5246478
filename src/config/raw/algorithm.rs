//! How the changes of one record become writes.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the changes of one record become writes.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Algorithm {
    /// Each change is a write of its own, in order.
    Ordered,
    /// Changes of a record that wait together are one write, with the newest value of each field. They are delivered or refused
    /// together, each refused one with its own dead letter; a record that is made and deleted meanwhile is never written. For
    /// an org without automation that has to see every change.
    Merged,
}
