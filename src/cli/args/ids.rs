//! Arguments of `ids`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `ids`.
#[derive(Debug, Args)]
pub struct Ids {
    /// What to do with the id map.
    #[command(subcommand)]
    pub command: IdsCommand,
}

/// What to do with the id map.
#[derive(Debug, Subcommand)]
pub enum IdsCommand {
    /// Show the links of ids, of whichever org
    Lookup(IdsLookup),
    /// Print all links that live, as CSV that `import` takes
    Export(IdsExport),
    /// Take in links from a CSV file: object, id in the source org, id in the target org. All of it, or nothing
    Import(IdsImport),
    /// Say which record of the target org stands for one of the source org
    Set(IdsSet),
    /// Take out links. A record whose external id is in the target org gets its link back with its next change
    Forget(IdsForget),
    /// Fill in the links of the records that the target org has already, by their external ids
    Bootstrap(IdsBootstrap),
}

/// Whose id map it is.
#[derive(Debug, Args)]
pub struct IdsPlace {
    /// The state directory, in place of FILE or of the one that FILE names
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which orgs the links are between, where that is not clear from the rest.
#[derive(Debug, Args)]
pub struct IdsSides {
    /// The org that the records come from: its name in the file, or its id
    #[arg(long, value_name = "ORG")]
    pub from: Option<String>,
    /// The org that the links lead to
    #[arg(long, value_name = "ORG")]
    pub to: Option<String>,
}

/// Arguments of `ids lookup`.
#[derive(Debug, Args)]
pub struct IdsLookup {
    /// The configuration, unless `--state` is there, and ids of 15 or 18 characters
    #[arg(value_names = ["FILE", "ID"], num_args = 1.., required = true)]
    pub words: Vec<String>,
    /// Whose id map it is.
    #[command(flatten)]
    pub place: IdsPlace,
}

/// Arguments of `ids export`.
#[derive(Debug, Args)]
pub struct IdsExport {
    /// The configuration, unless `--state` is there
    #[arg(value_name = "FILE")]
    pub words: Vec<String>,
    /// Only links of this object
    #[arg(long, value_name = "OBJECT")]
    pub object: Option<String>,
    /// The state directory, in place of FILE or of the one that FILE names
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Print a line of JSON for each link instead, with all that is known of it, those of deleted records too
    #[arg(long)]
    pub json: bool,
    /// Which orgs the links are between.
    #[command(flatten)]
    pub sides: IdsSides,
}

/// Arguments of `ids import`.
#[derive(Debug, Args)]
pub struct IdsImport {
    /// The configuration, unless `--state` is there, and the CSV file
    #[arg(value_names = ["FILE", "CSV"], num_args = 1.., required = true)]
    pub words: Vec<String>,
    /// Whose id map it is.
    #[command(flatten)]
    pub place: IdsPlace,
    /// Which orgs the links are between.
    #[command(flatten)]
    pub sides: IdsSides,
}

/// Arguments of `ids set`.
#[derive(Debug, Args)]
pub struct IdsSet {
    /// The configuration, unless `--state` is there, the object, and the ids in the source org and in the target org
    #[arg(value_names = ["FILE", "OBJECT", "SOURCE", "TARGET"], num_args = 1.., required = true)]
    pub words: Vec<String>,
    /// Whose id map it is.
    #[command(flatten)]
    pub place: IdsPlace,
    /// Which orgs the link is between.
    #[command(flatten)]
    pub sides: IdsSides,
}

/// Arguments of `ids forget`.
#[derive(Debug, Args)]
pub struct IdsForget {
    /// The configuration, unless `--state` is there, the object, and ids of its records in the source org
    #[arg(value_names = ["FILE", "OBJECT", "ID"], num_args = 1.., required = true)]
    pub words: Vec<String>,
    /// Whose id map it is.
    #[command(flatten)]
    pub place: IdsPlace,
    /// Which orgs the links are between.
    #[command(flatten)]
    pub sides: IdsSides,
}

/// Arguments of `ids bootstrap`.
#[derive(Debug, Args)]
pub struct IdsBootstrap {
    /// The configuration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this object
    #[arg(long, value_name = "OBJECT")]
    pub object: Option<String>,
    /// Only this pipeline
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Whose id map it is.
    #[command(flatten)]
    pub place: IdsPlace,
}
