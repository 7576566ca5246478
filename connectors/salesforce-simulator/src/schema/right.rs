//! What the integration user may do with an object or a field. A definition lists what is taken away.

use serde::{Deserialize, Serialize};

/// A permission. Fields know only `read` and `edit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Right {
    /// See it at all.
    Read,
    /// Make records.
    Create,
    /// Change records, or the field.
    Edit,
    /// Delete records.
    Delete,
}
