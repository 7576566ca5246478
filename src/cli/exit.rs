//! How commands end.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Faults;
use crate::runtime::RunError;

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done,
    /// It failed while running, records were rejected, or what was compared differs.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The configuration is wrong, or its credentials are refused.
    Config,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            // `EX_CONFIG` of sysexits.h, so that service managers can tell what a restart does not mend.
            Self::Config => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that could not do what was asked, and why.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, where, and what to do; the causes behind it.
    pub error: anyhow::Error,
}

impl Failure {
    /// A wrong command line or environment.
    pub fn usage(message: String) -> Self {
        Self { exit: Exit::Usage, error: anyhow::anyhow!(message) }
    }

    /// A failure while running.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, error: error.into() }
    }

    /// A command for a process, of which none runs on the state directory `state`; `file` is what it would run.
    pub fn not_running(state: &Path, file: &Path) -> Self {
        Self::failed(anyhow::anyhow!(
            "nothing runs on the state directory {}; `orgstream run {}` starts it",
            state.display(),
            file.display()
        ))
    }

    /// A configuration that cannot work.
    pub fn config(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Config, error: error.into() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            error @ RunError::Config(_) => Self::config(error),
            error @ RunError::Failed(_) => Self::failed(error),
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::config(faults)
    }
}
