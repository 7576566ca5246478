//! Arguments of `offsets`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `offsets`.
#[derive(Debug, Args)]
pub struct Offsets {
    /// What to do with the places.
    #[command(subcommand)]
    pub command: OffsetsCommand,
}

/// What to do with the places.
#[derive(Debug, Subcommand)]
pub enum OffsetsCommand {
    /// Show how far each pipeline is: its sink in its topics, its source in its org
    Show(OffsetsShow),
    /// Set where a sink goes on; nothing may be at work in its group
    Set(OffsetsSet),
    /// Have a sink begin anew, where `start` of the file says; nothing may be at work in its group
    Reset(OffsetsReset),
}

/// Arguments of `offsets show`.
#[derive(Debug, Args)]
pub struct OffsetsShow {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this pipeline
    #[arg(value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `offsets set`.
#[derive(Debug, Args)]
pub struct OffsetsSet {
    /// Whose sink, and how.
    #[command(flatten)]
    pub change: OffsetsChange,
    /// Where to go on: `earliest`, `latest`, a time such as `2026-01-01T00:00:00Z` (the first records of that time or later), or
    /// places, `topic:partition=offset`, several with commas
    #[arg(long, value_name = "WHERE", required = true, value_delimiter = ',')]
    pub to: Vec<String>,
    /// Only this topic, or this partition of it; may be repeated
    #[arg(long, value_name = "TOPIC[:PARTITION]")]
    pub only: Vec<String>,
}

/// Arguments of `offsets reset`.
#[derive(Debug, Args)]
pub struct OffsetsReset {
    /// Whose sink, and how.
    #[command(flatten)]
    pub change: OffsetsChange,
}

/// Whose sink is changed, and how.
#[derive(Debug, Args)]
pub struct OffsetsChange {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The pipeline, where there are several with a sink
    #[arg(value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it although records are never delivered for it, or made a second time
    #[arg(long)]
    pub yes: bool,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
