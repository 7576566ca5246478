//! Arguments of the command that changes what a process runs.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The state directory of the process, in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
