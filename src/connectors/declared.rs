//! A connector as it is shown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use super::hidden::shown;
use crate::clock;
use crate::confluent;
use crate::control::Kind;

/// A connector by Kafka Connect's properties.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its name there.
    pub name: String,
    /// Whether it is a source or a sink.
    pub kind: Kind,
    /// The pipelines that it became; none while it has faults.
    pub pipelines: Vec<String>,
    /// Its properties, secrets hidden.
    pub config: BTreeMap<String, String>,
    /// The file that it stands in; `None` where it was made over REST and is kept.
    pub file: Option<PathBuf>,
    /// Why it is not at work, though it should be.
    pub trouble: Option<Trouble>,
}

/// Why a connector that is kept could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, and what to do.
    pub reason: String,
    /// How long that lasts.
    pub lasts: Lasts,
    /// When it happened.
    pub since: SystemTime,
}

/// How long a trouble lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// It may pass by itself, and the connector is tried again.
    Passing,
    /// Until somebody starts it again: an org has refused a login.
    Refused,
    /// While the connector, or the file beside it, is as it is.
    Faulty,
}

impl Trouble {
    /// That an org has refused a login.
    pub(crate) fn refused(reason: String) -> Self {
        Self { reason, lasts: Lasts::Refused, since: clock::now() }
    }

    /// That its properties, or the file beside it, have faults.
    pub(crate) fn faulty(reason: String) -> Self {
        Self { lasts: Lasts::Faulty, ..Self::refused(reason) }
    }

    /// One that may pass.
    pub(crate) fn passing(reason: String) -> Self {
        Self { lasts: Lasts::Passing, ..Self::refused(reason) }
    }

    /// Whether it may pass by itself.
    pub fn is_passing(&self) -> bool {
        self.lasts == Lasts::Passing
    }
}

impl Declared {
    /// What is known of the connector by its properties alone.
    pub(super) fn new(name: &str, properties: &BTreeMap<String, String>, file: Option<PathBuf>) -> Self {
        let class = properties.get("connector.class").map(|class| confluent::Kind::of_class(class));
        let kind = class.and_then(Result::ok);
        let mut config = shown(kind, properties);
        config.insert("name".to_owned(), name.to_owned());
        let half = if kind.is_some_and(confluent::Kind::is_source) { Kind::Source } else { Kind::Sink };
        Self { name: name.to_owned(), kind: half, pipelines: Vec::new(), config, file, trouble: None }
    }

    /// The halves of pipelines that it is, as they are called in this process.
    pub fn halves(&self) -> impl Iterator<Item = String> {
        self.pipelines.iter().map(|pipeline| format!("{pipeline}-{}", self.kind.as_str()))
    }
}
