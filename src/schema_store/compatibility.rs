//! Compatibility levels: which earlier versions a new schema is compared with, and who must be able to read whom.

use serde::{Deserialize, Serialize};

use super::schema::Document;

/// What a subject promises its readers and writers, in the registry's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compatibility {
    /// Nothing.
    None,
    /// The new schema reads data of the latest version. The level of a new store.
    #[default]
    Backward,
    /// The new schema reads data of all versions.
    BackwardTransitive,
    /// The latest version reads data of the new schema.
    Forward,
    /// All versions read data of the new schema.
    ForwardTransitive,
    /// Backward and forward.
    Full,
    /// Backward and forward, for all versions.
    FullTransitive,
}

/// Versions to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    None,
    Latest,
    All,
}

impl Compatibility {
    /// The level with this word.
    pub fn named(word: &str) -> Option<Self> {
        serde_json::from_value(word.to_ascii_uppercase().into()).ok()
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    pub(super) fn reach(self) -> Reach {
        match self {
            Self::None => Reach::None,
            Self::Backward | Self::Forward | Self::Full => Reach::Latest,
            Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive => Reach::All,
        }
    }

    /// Whether it holds for all versions and not the latest alone.
    pub(crate) fn is_transitive(self) -> bool {
        self.reach() == Reach::All
    }

    /// Whether new schemas read data of earlier ones.
    pub(crate) fn is_backward(self) -> bool {
        matches!(self, Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive)
    }

    /// Whether earlier schemas read data of new ones.
    pub(crate) fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive)
    }

    /// What stands between `new` and `earlier`, which is version `version`. Nothing when they are compatible.
    pub(crate) fn obstacles(self, new: &Document, earlier: &Document, version: u32) -> Vec<String> {
        let mut found = Vec::new();
        if self.is_backward()
            && let Some(reason) = new.obstacle_to_reading(earlier)
        {
            found.push(format!("the new schema cannot read data of version {version}: {reason}"));
        }
        if self.is_forward()
            && let Some(reason) = earlier.obstacle_to_reading(new)
        {
            found.push(format!("version {version} cannot read data of the new schema: {reason}"));
        }
        found
    }
}
