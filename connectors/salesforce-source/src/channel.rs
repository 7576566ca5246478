//! The name of what a subscription reads.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A channel's full name, such as `/topic/orgstream_Account`. Case sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Channel(Arc<str>);

impl Channel {
    /// The channel of the PushTopic `name`.
    pub(crate) fn of_push_topic(name: &str) -> Self {
        Self(format!("/topic/{name}").into())
    }

    /// The name as it came over the wire.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
