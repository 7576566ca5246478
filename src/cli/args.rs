//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::config::parse_duration;
use crate::telemetry::Format;

mod apply;
pub use apply::Apply;

mod change;
pub use change::Change;

mod connect;
pub use connect::{ConnectStandalone, Import, ImportConfluent, ImportFrom};

mod ids;
pub use ids::{
    Ids, IdsBootstrap, IdsCommand, IdsExport, IdsForget, IdsImport, IdsLookup, IdsPlace, IdsSet, IdsSides,
};

mod offsets;
pub use offsets::{Offsets, OffsetsChange, OffsetsCommand, OffsetsReset, OffsetsSet, OffsetsShow};

/// Keeps Salesforce orgs in step through Kafka.
#[derive(Debug, Parser)]
#[command(name = "orgstream", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The form of the log's lines; comes before what a file says
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The form of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
    /// `key=value` pairs
    Logfmt,
}

impl From<LogFormat> for Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Pretty => Self::Pretty,
            LogFormat::Json => Self::Json,
            LogFormat::Logfmt => Self::Logfmt,
        }
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed while running, `run --until-synced` was stopped or rejected records, \
or `verify` found differences; 2 wrong usage; 78 wrong configuration or refused credentials.\nThe log goes to stderr; RUST_LOG=debug shows more of it.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a live replication between two simulated orgs, with nothing installed
    Dev(Dev),
    /// Run the pipelines of a file until stopped
    Run(Run),
    /// Have the process that runs do what a file says now; pipelines that did not change go on
    Apply(Apply),
    /// Have a connector of the process that runs finish what is in flight and rest
    Pause(Change),
    /// The same until further notice, without tasks
    Stop(Change),
    /// Have a connector that rests go on where it was
    Resume(Change),
    /// Have a connector finish what is in flight and start again
    Restart(Change),
    /// Read the rows of an object once more, beside the stream, and wait until that is done
    Snapshot(Snapshot),
    /// List what sources missed of their orgs, and what became of it
    Gaps(Gaps),
    /// Show and correct which record of one org stands for which of the other
    Ids(Ids),
    /// Show how far pipelines are, and set where their sinks go on
    Offsets(Offsets),
    /// Show where the changes of a record went, and what became of them
    Trace(Trace),
    /// Show what the process of a file or a state directory is doing
    Status(Status),
    /// Report all faults of a file at once
    Check(Check),
    /// Print a file that does what the property files of another system do
    Import(Import),
    /// Run connectors by the property files of Kafka Connect
    ConnectStandalone(ConnectStandalone),
    /// Show what a file comes to
    Config(Config),
    /// Make the external-id fields that a file names and its target orgs lack
    Prepare(Prepare),
    /// Print the JSON Schema of the file, for editors
    Schema(Schema),
    /// Compare the orgs of each pipeline, record by record
    Verify(Verify),
    /// Run a simulated Salesforce org
    Sandbox(Sandbox),
    /// Run a Kafka broker for development: one node, nothing replicated
    Broker(Broker),
    /// Run the schema store by itself
    SchemaStore(SchemaStore),
}

/// Arguments of `dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// Use this directory, keep it, and go on with what is in it; without it a fresh one is removed at the end
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Records of org A at the start, when it is new
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub records: Option<u32>,
    /// Make trouble: lost sessions, expired tokens, locks, outages
    #[arg(long)]
    pub faults: bool,
    /// No view: change, delete and undelete, wait until org B shows it, compare, and end with 0 or 1
    #[arg(long)]
    pub once: bool,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Run one half of each pipeline
    #[arg(long, value_name = "HALF")]
    pub only: Option<Half>,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// End when the sources are at the end and the sinks have written everything; with 1 when records were rejected
    #[arg(long)]
    pub until_synced: bool,
    /// How long no event may come before a source is at the end
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration, requires = "until_synced")]
    pub quiet: Duration,
    /// Read everything of this pipeline's source anew, deletes that lie in the recycle bin included; may be repeated
    #[arg(long, value_name = "PIPELINE")]
    pub snapshot: Vec<String>,
    /// Have the sink of this pipeline begin with the offsets that another consumer group has committed for its topics, where it has
    /// none of its own; may be repeated. Stop first what reads for that group
    #[arg(long, value_name = "PIPELINE=GROUP", value_parser = connect::parse_former)]
    pub offsets_of: Vec<(String, String)>,
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The object's API name
    #[arg(long, value_name = "OBJECT")]
    pub object: String,
    /// Only rows for which this SOQL condition holds, such as "CreatedDate > 2026-01-01T00:00:00Z"
    #[arg(long = "where", value_name = "SOQL")]
    pub filter: Option<String>,
    /// The pipeline that reads the object, where there are several
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub struct Trace {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The object's API name
    #[arg(value_name = "OBJECT")]
    pub object: String,
    /// The record's id in its own org, 15 or 18 characters
    #[arg(value_name = "ID")]
    pub id: String,
    /// Only this pipeline
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `gaps`.
#[derive(Debug, Args)]
pub struct Gaps {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Have the records deleted that gap N waits for, or leave it as it is where it is beyond repair
    #[arg(long, value_name = "N")]
    pub confirm: Option<u64>,
    /// Only gaps of this object
    #[arg(long, value_name = "OBJECT")]
    pub object: Option<String>,
    /// Only gaps of this pipeline
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// One half of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Half {
    /// An org's changes into Kafka
    Source,
    /// Kafka's records into an org
    Sink,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("place").required(true))]
pub struct Status {
    /// The configuration, whose state directory is looked into
    #[arg(value_name = "FILE", group = "place")]
    pub file: Option<PathBuf>,
    /// The state directory
    #[arg(long, value_name = "DIR", group = "place")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Ask brokers, registry and orgs too, and change nothing there
    #[arg(long)]
    pub online: bool,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR", requires = "online")]
    pub state: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct Config {
    /// What to show
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to show.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting, its value without secrets, and where it comes from
    Effective(ConfigEffective),
}

/// Arguments of `config effective`.
#[derive(Debug, Args)]
pub struct ConfigEffective {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `prepare`.
#[derive(Debug, Args)]
pub struct Prepare {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Say what would be made, and make nothing; ends with 1 when something is missing
    #[arg(long)]
    pub dry_run: bool,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Use this state directory in place of the file's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sandbox`.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 8901)]
    pub port: u16,
    /// Keep the org in this file; without it the org is gone at the end
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// A YAML file, or a folder of them, with custom objects, fields and rules, in place of `OrgA_Id__c` on Account,
    /// Contact and Lead
    #[arg(long, value_name = "PATH")]
    pub objects: Option<PathBuf>,
    /// Sample records that are in the org when it is new: so many accounts, contacts and leads together, and half as
    /// many campaigns, opportunities, cases and tasks of theirs
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub records: u32,
    /// Make ids, passwords and sample records the same at every start; another number makes others
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Serve https:// alone; the first line names the certificate to trust
    #[arg(long)]
    pub tls: bool,
    /// Offer CometD clients a WebSocket beside long polling, as a real org does not
    #[arg(long)]
    pub websocket: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Print all keys as a Markdown document instead
    #[arg(long)]
    pub markdown: bool,
}

/// Arguments of `schema-store`.
#[derive(Debug, Args)]
pub struct SchemaStore {
    /// The port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 8081)]
    pub port: u16,
    /// Keep the schemas in this file; without it they are gone at the end
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}

/// Arguments of `broker`.
#[derive(Debug, Args)]
pub struct Broker {
    /// The port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 9092)]
    pub port: u16,
    /// Keep everything in this directory; without it all is gone at the end
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn status_looks_into_one_place() {
        let parse =
            |arguments: &[&str]| Arguments::try_parse_from([&["orgstream", "status"], arguments].concat());
        parse(&["f.yaml", "--json"]).unwrap();
        parse(&["--state", "d", "--json"]).unwrap();
        assert!(parse(&["--json"]).is_err());
        assert!(parse(&["f.yaml", "--state", "d"]).is_err());
    }
}
