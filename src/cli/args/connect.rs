//! Arguments of the commands that read property files of Kafka Connect.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::config::parse_duration;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What the files are of
    #[command(subcommand)]
    pub from: ImportFrom,
}

/// What files are of.
#[derive(Debug, Subcommand)]
pub enum ImportFrom {
    /// Confluent's Salesforce connectors for Kafka Connect
    Confluent(ImportConfluent),
}

/// Arguments of `import confluent`.
#[derive(Debug, Args)]
pub struct ImportConfluent {
    /// Property files of connectors (or JSON, as it is sent to a worker), and the worker's file
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Make one pipeline of a PushTopic source and a sink that reads its topic, under the source's name; else each connector is a
    /// pipeline of its own, as under `connect-standalone`
    #[arg(long)]
    pub joined: bool,
}

/// A pipeline and a consumer group.
pub(super) fn parse_former(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((pipeline, group)) if !pipeline.is_empty() && !group.is_empty() => {
            Ok((pipeline.to_owned(), group.to_owned()))
        }
        _ => Err("is not of the form PIPELINE=GROUP".to_owned()),
    }
}

/// Arguments of `connect-standalone`.
#[derive(Debug, Args)]
pub struct ConnectStandalone {
    /// The worker's property file
    #[arg(value_name = "WORKER")]
    pub worker: PathBuf,
    /// Property files of connectors, or JSON as it is sent to a worker; without any the process waits for those that are made over REST
    #[arg(value_name = "CONNECTOR")]
    pub connectors: Vec<PathBuf>,
    /// Use this state directory in place of the one beside the worker's file of offsets
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Where sinks begin.
    #[command(flatten)]
    pub begin: Begin,
    /// Say what becomes of each property, and run nothing
    #[arg(long)]
    pub check: bool,
    /// End when the sources are at the end and the sinks have written everything; with 1 when records were rejected
    #[arg(long)]
    pub until_synced: bool,
    /// How long no event may come before a source is at the end
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration, requires = "until_synced")]
    pub quiet: Duration,
}

/// Where sinks begin that have no offsets of their own, though Kafka Connect has committed some for them.
#[derive(Debug, Args)]
pub struct Begin {
    /// Have sinks begin with the offsets that Kafka Connect has committed for them (group `connect-NAME`), where they have none of
    /// their own; stop the worker first
    #[arg(long)]
    pub offsets: bool,
    /// Have sinks begin at the beginning of their topics although Kafka Connect has committed offsets for them
    #[arg(long, conflicts_with = "offsets")]
    pub from_beginning: bool,
}
