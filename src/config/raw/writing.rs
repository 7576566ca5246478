//! What the target org is told beside the records, and what is done where it has deleted one.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is done with a change of a record that somebody deleted in the target org.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum DeletedTarget {
    /// The record is fetched back from the recycle bin and changed (`brought_back` in the status). One that the bin no longer has
    /// is made anew.
    Undelete,
    /// The record is made anew under another id (`recreated` in the status); `orgstream verify` names what pointed at the old one.
    Recreate,
    /// The change is rejected as `TARGET_DELETED`.
    Reject,
    /// The change is passed over, and counted as `target_deleted`.
    Skip,
}
