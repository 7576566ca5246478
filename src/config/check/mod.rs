//! What the JSON Schema cannot say: references between keys, names with rules, cycles.
//!
//! Every check goes on without what is missing or mistyped, since that is reported already.

mod report;
pub(super) use report::Report;

mod file;
pub(super) use file::check;

mod kafka;
use kafka::kafka;

mod security;

mod pem;

mod properties;

mod registration;

mod registry;
use registry::registry;

mod org;
use org::org;

mod org_options;

mod private_key;

mod avro_schema;

mod bulk;

mod effect;

mod failures;

mod membership;

mod parked;

mod pipeline;
use pipeline::pipeline;

mod produced;

mod readers;
use readers::readers_elsewhere;

mod producer;

mod reports;
use reports::report_topics;

mod sink;

mod source;

mod start;
use start::start_topics;

mod object_source;

mod references;
use references::references;

mod fields;

mod http;
use http::http;

mod log;
use log::log;

mod input;
mod rules;

mod values;

mod writing;

mod twice;

mod topics;
use topics::topics;

mod cycles;
use cycles::cycles;

mod api_name;
use api_name::is_api_name;
