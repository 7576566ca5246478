//! What a run is asked for, and how it ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use orgstream_api::TaskError;

use crate::config::Config;
use crate::connectors::Origin;

/// One half of each pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// The sources.
    Source,
    /// The sinks.
    Sink,
}

/// What a run is asked for beyond its file.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Only one half.
    pub only: Option<Only>,
    /// A state directory in place of the file's.
    pub state: Option<PathBuf>,
    /// End as soon as sources are at their end, sinks have no lag and nothing is owed; the time is how long nothing
    /// may happen in an org before its source counts as at its end.
    pub until_synced: Option<Duration>,
    /// The pipelines whose sources read everything anew, wherever they are.
    pub snapshot: Vec<String>,
    /// Consumer groups that read for another system what sinks read here, by pipeline. Sinks that have offsets of their own go on
    /// from those.
    pub former: BTreeMap<String, Former>,
    /// Where the pipelines come from, and so whether the process can do what another file says, or make connectors over REST.
    pub origin: Origin,
}

/// A consumer group of another system, and what is done about its offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Former {
    /// The sink begins with them; there must be some.
    TakeOver(String),
    /// The run fails where there are some: to begin at the beginning would be to write everything once more.
    Undecided(String),
}

impl Former {
    /// The group whose offsets the sink begins with.
    pub(super) fn taken_over(&self) -> Option<&String> {
        match self {
            Self::TakeOver(group) => Some(group),
            Self::Undecided(_) => None,
        }
    }
}

impl RunOptions {
    /// Whether sources run.
    pub fn sources(&self) -> bool {
        self.only != Some(Only::Sink)
    }

    /// Refuses a run that has nothing to do, and a snapshot of what has no source in this run.
    pub(super) fn check(&self, config: &Config) -> Result<(), RunError> {
        let lacking = match self.only {
            Some(Only::Source) if config.pipelines.iter().all(|pipeline| pipeline.source.is_none()) => {
                "source"
            }
            Some(Only::Sink) if config.pipelines.iter().all(|pipeline| pipeline.sink.is_none()) => "sink",
            _ => "",
        };
        if !lacking.is_empty() {
            return Err(RunError::config(format!(
                "{}: no pipeline has a {lacking}, so `--only {lacking}` leaves nothing to run; leave `--only` out, or \
                 give a pipeline a {lacking}",
                config.file.display()
            )));
        }
        let has_sink = |name: &String| {
            let mut named = config.pipelines.iter().filter(|pipeline| pipeline.name == *name);
            named.any(|pipeline| pipeline.sink.is_some()) && self.sinks()
        };
        if let Some(name) = self.former.keys().find(|name| !has_sink(name)) {
            return Err(RunError::config(format!(
                "`{name}` cannot begin with the offsets of another group: no pipeline of that name runs a sink"
            )));
        }
        let sources = config.pipelines.iter().filter(|pipeline| self.sources() && pipeline.source.is_some());
        let sources: Vec<&str> = sources.map(|pipeline| pipeline.name.as_str()).collect();
        match self.snapshot.iter().find(|name| !sources.contains(&name.as_str())) {
            Some(name) => Err(RunError::config(format!(
                "`{name}` cannot be read anew: no pipeline of that name runs a source; those that do: {}",
                if sources.is_empty() { "none".to_owned() } else { sources.join(", ") }
            ))),
            None => Ok(()),
        }
    }

    /// Whether sinks run.
    pub fn sinks(&self) -> bool {
        self.only != Some(Only::Source)
    }
}

/// How a run ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// It was told to stop; everything settled is committed.
    Stopped,
    /// Everything is through: it has arrived, needed no write, or was rejected.
    Synced {
        /// How many records this run rejected, by dead-letter topic; topics without any are left out.
        rejected: BTreeMap<String, u64>,
        /// How many records lie in these topics, those of earlier runs included; none where Kafka does not say.
        letters: BTreeMap<String, u64>,
    },
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How a run ended badly.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file or its credentials cannot work. Exit code 78.
    #[error("{0}")]
    Config(#[source] Cause),
    /// Something failed for good. Exit code 1.
    #[error("{0}")]
    Failed(#[source] Cause),
}

impl RunError {
    /// A failure for `error`.
    pub fn failed(error: impl Into<Cause>) -> Self {
        Self::Failed(error.into())
    }

    /// A configuration error for `error`.
    pub fn config(error: impl Into<Cause>) -> Self {
        Self::Config(error.into())
    }
}

impl From<TaskError> for RunError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Config(cause) => Self::Config(cause),
            TaskError::Failed(cause) | TaskError::Restart(cause) => Self::Failed(cause),
            gap @ TaskError::Gap(_) => Self::failed(gap),
        }
    }
}
