//! Whether subjects take writes.

use serde::{Deserialize, Serialize};

/// The mode of the store or of a subject, in the registry's words. Imports with ids of their own are not offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// Schemas are taken and given.
    #[default]
    ReadWrite,
    /// Schemas are given; whoever brings or removes one is refused.
    ReadOnly,
}

impl Mode {
    /// The mode with this word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::ReadWrite, Self::ReadOnly].into_iter().find(|mode| mode.as_str() == word)
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "READWRITE",
            Self::ReadOnly => "READONLY",
        }
    }
}
