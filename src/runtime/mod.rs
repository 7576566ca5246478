//! The process: what a validated file becomes when it runs.
//!
//! # Layout, in reading order
//!
//! - [`options`]: what is asked for, and how it ends
//! - [`process`]: one process from start to end
//! - [`supervisor`], [`changes`], [`request`]: which pipelines run, and how that changes
//! - [`connectors`]: connectors that are made over REST
//! - [`resting`]: what was told to rest
//! - [`half`], [`tasks`]: the tasks of one half of a pipeline; those of all of them
//! - [`orgs`], [`presence`], [`prepare`]: logging in, what the orgs have, topics
//! - [`former`], [`awaited`]: where a sink begins, and topics that others have to make
//! - [`source_task`], [`sink_task`]: the two kinds of task, put together
//! - [`sink`]: the tasks of one sink, and what they share
//! - [`start`]: where it begins
//! - [`unlinked`]: where links could be filled in
//! - [`task`]: keeps a task running, and knows when not to
//! - [`order`], [`ids`], [`stored`]: orders a snapshot, changes the id map, and looks what is on record, while nothing runs
//! - [`reach`]: the brokers of a file, beside its process or without one
//! - [`online`]: what a start would find, looked at by who changes nothing
//! - [`offsets`]: how far pipelines are, and where sinks go on
//! - [`trace`](mod@trace): where the changes of one record went
//! - [`produced`]: what lies on the topics already, for a source that was restarted
//! - [`synced`]: when everything has arrived
//! - [`lag`], [`flow`], [`report`]: what the status says

pub mod options;
pub use options::{Finished, Former, Only, RunError, RunOptions};

pub mod process;
pub use process::Runtime;

mod supervisor;

mod changes;

mod connectors;

mod resting;

mod request;
pub use request::Rereading;

mod half;

mod tasks;

mod orgs;

mod presence;

mod prepare;

mod former;

mod awaited;

mod source_task;

mod sink;

mod start;

mod sink_task;

mod unlinked;

mod task;

mod order;

mod ids;
pub use ids::IdleIds;

mod stored;
pub use stored::stored_positions;

mod reach;

mod online;
pub use online::{Finding, Verdict, look};

mod offsets;
pub use offsets::{Move, Next, PartitionPlace, PipelinePlaces, Plan, SinkPlaces, Target, Wanted, places};

mod trace;
pub use trace::{Asked, Became, Traced, trace};

mod produced;

mod synced;

mod lag;

mod flow;

mod report;
