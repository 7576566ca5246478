//! The user's file: YAML text in, a validated [`Config`] or every fault of the file at once out. No network.
//!
//! # Layout, in reading order
//!
//! - [`validated`]: what the rest of the program sees, holding only valid values
//! - [`start`]: its part about where a sink begins
//! - [`http`]: its part about the HTTP server
//! - [`fault`]: what is wrong with a file, and where
//! - `raw`: every key there is; its docs become the descriptions of the JSON Schema
//! - `schema`: the JSON Schema of `raw`
//! - [`reference`]: the keys as a document
//! - `tree`: YAML with positions
//! - `text_file`: reads the file and those it names
//! - `written`: the pipelines as they stand in the file
//! - `substitute`, `secrets`: `${env:NAME}`, `${file:PATH}` and `{{secrets.NAME}}`
//! - `structure`: the tree against the schema: unknown, missing and mistyped keys
//! - `check`: what the schema cannot say: references, names, cycles
//! - [`settled`]: what two files have in common, once everything is put in
//! - `addition`: orgs and pipelines that are put beside those of the file
//! - [`load`](fn@load): all of it in order
//! - `warnings`: what is right and yet seldom meant
//! - [`effective`]: every setting with its value and where that comes from
//! - [`duration`], [`size`]: small values with rules

pub mod validated;
pub use validated::{
    Brokers, Config, Kafka, Object, Org, Pipeline, PipelineSink, PipelineSource, Reports, Sandbox,
    SchemaRegistry,
};

pub mod start;
pub use start::{PartitionStart, SinkStart};

pub mod http;
pub use http::{Access, Credentials, Http};

pub mod fault;
pub use fault::{Fault, Faults};
pub(crate) use fault::{hint, nearest};

mod raw;

pub mod schema;
pub use schema::json_schema;

pub mod reference;

mod written;
pub use written::Written;

pub mod settled;
pub use settled::Settled;

mod tree;

mod addition;
pub(crate) use addition::Addition;

mod text_file;

mod substitute;

mod secrets;

mod structure;

mod check;

mod load;
pub use load::load;
pub(crate) use load::{load_text, load_with};

mod warnings;
pub use warnings::warnings;

pub mod effective;

pub mod duration;
pub use duration::parse_duration;

pub mod size;
pub use size::parse_size;
