//! Where the pipelines of a process come from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::confluent::Given;

/// Where the pipelines of a process come from.
#[derive(Clone, Default)]
pub enum Origin {
    /// They were made for it, and stay as they are.
    #[default]
    Fixed,
    /// A file, beside which connectors may be kept.
    File,
    /// Property files of Kafka Connect, beside which connectors may be kept.
    Properties(Arc<PropertyFiles>),
}

/// A worker's file and those of its connectors.
pub struct PropertyFiles {
    /// The worker's.
    pub worker: Given,
    /// The connectors'.
    pub connectors: Vec<Given>,
    /// What messages call all of them together.
    pub file: PathBuf,
}

impl Origin {
    /// Whether it is a file of orgstream's.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File)
    }
}

/// Properties hold secrets.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "Fixed",
            Self::File => "File",
            Self::Properties(_) => "Properties",
        })
    }
}
