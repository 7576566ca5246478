//! Arguments of the commands that change whether connectors run.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `pause`, `resume`, `stop` and `restart`.
#[derive(Debug, Args)]
pub struct Change {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// One half of a pipeline, such as `crm-sink`, or a pipeline
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}
