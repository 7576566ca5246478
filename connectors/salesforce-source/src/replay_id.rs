//! A place in a channel.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The replay id of an event: opaque, increasing within its channel, not contiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReplayId(pub(crate) i64);

impl fmt::Display for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
