//! What the runtime does when a task cannot go on.

/// A call of a task failed. The variant says what the runtime does about it.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The task is dropped and started again from its stored position, after a pause.
    #[error("{0}")]
    Restart(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The task stops, and the process ends with exit code 1. Trying again would not help.
    #[error("{0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The configuration or the credentials are refused: as `Failed`, with exit code 78.
    #[error("{0}")]
    Config(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The org can no longer serve the stored position. The gap is recorded (D9); exit code 1.
    #[error("gap: {0}")]
    Gap(String),
}

impl TaskError {
    /// A restart for `error`.
    pub fn restart(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Restart(error.into())
    }

    /// A failure for `error`.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// A configuration error for `error`.
    pub fn config(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Config(error.into())
    }
}
