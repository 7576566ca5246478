//! The contract between the runtime and its connectors. No I/O, no Kafka, no HTTP.
//!
//! # Layout, in reading order
//!
//! - [`value`], [`schema`]: typed data, independent of any wire format
//! - [`record`]: one change of one object, as it lies on a topic
//! - [`position`]: places in a source's stream and in Kafka
//! - [`source`]: what a source promises
//! - [`ticket`], [`outcome`], [`sink`]: what a sink promises
//! - [`parked`]: records that wait outside a sink
//! - [`topic`]: which topic a record belongs on
//! - [`expression`]: what the user's file says of single records
//! - [`store`], [`intents`], [`produced`], [`seen`]: the state that connectors may ask for
//! - [`command`]: what a person asks of a source that runs
//! - [`health`]: how a task says that it runs but does not get on
//! - [`source_health`]: whether changes flow from an org, and how fresh what Kafka holds is
//! - [`error`], [`causes`], [`brief()`]: what the runtime does when a task cannot go on; an error in one line; a long text in short
//! - [`secret`]: text that never shows itself
//! - [`latency`]: how long something takes
//! - [`boot_instant`]: the clock that runs through a suspend

pub mod value;
pub use value::{Struct, Value};

pub mod schema;
pub use schema::{Field, Schema, Type};

pub mod record;
pub use record::{About, EventType, Headers, Record, SinkRecord, SourceRecord};

pub mod position;
pub use position::{InputOffset, SourcePosition, TopicPartition};

pub mod source;
pub use source::{AtEnd, Source, SourceBatch, Unreadable};

pub mod ticket;
pub use ticket::{Ticket, TicketId};

pub mod outcome;
pub use outcome::{Delivered, LinkChange, Outcome, Owed, Rejection, Skip};

pub mod parked;
pub use parked::{History, ParentRecord, Parked, ParkedPlace, Resumed, Tried, Wait};

pub mod sink;
pub use sink::{Capacity, Item, Lease, Mark, OpenJobs, SharedLease, Sink, Tracked};

pub mod topic;
pub use topic::{Part, TopicTemplate, UnknownVariable, refused_name};

pub mod expression;
pub use expression::{EventScope, Expression, ExpressionError, Scope};

pub mod store;
pub use store::{IdLink, IdMap, LinkState, Links, Stamp, StoreError};

pub mod intents;
pub use intents::{Census, Insert, Intent, Intents, Made};

pub mod produced;
pub use produced::{Found, Offsets, Produced, Version};

pub mod seen;
pub use seen::{Seen, Sight};

pub mod command;
pub use command::{Command, Order};

pub mod health;
pub use health::{Health, HealthReporter};

pub mod source_health;
pub use source_health::{ChannelHealth, Flow, OrgTime, Progress, SourceHealth, Trouble};

pub mod error;
pub use error::TaskError;

mod brief;
pub use brief::brief;

pub mod boot_instant;
pub use boot_instant::BootInstant;

pub mod causes;
pub use causes::with_causes;

pub mod secret;
pub use secret::Secret;

pub mod latency;
pub use latency::{Histogram, Latency};
