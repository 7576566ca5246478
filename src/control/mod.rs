//! The control API: HTTP with JSON on a Unix socket in the state directory.
//!
//! # Layout, in reading order
//!
//! - [`status`], [`flow`]: what a process says of itself, and of the streams of its sources
//! - [`socket`]: where the socket is
//! - [`server`]: answers, in the process that runs
//! - [`client`]: asks, for `orgstream status`
//! - [`orders`]: what people ask of sources and of the id map, both ends of it
//! - [`change`](mod@change): connectors that are to run, to rest, or to start again, both ends of it
//! - [`apply`](mod@apply): another file for the process, both ends of it

pub mod status;
pub use status::{
    AllowanceStatus, CallStatus, HistogramStatus, Kind, LatencyStatus, LoginStatus, OrgStatus, PartitionLag,
    Passed, PipelineStatus, State, Status, TaskStatus, Unavailable, WaitingStatus,
};

pub mod flow;
pub use flow::{FlowStatus, FlowWord, SnapshotStatus};

pub mod socket;
pub use socket::SocketPath;

pub mod server;
pub use server::{ControlServer, StatusSource};

pub mod client;
pub use client::{Answer, AskError, ask};

pub mod orders;
pub use orders::{
    Answered, Confirmation, IdsAnswered, NotOrdered, Orders, SnapshotOrder, SweepOrder, change_ids,
    new_order, order,
};

pub mod change;
pub use change::{Change, Changed, Rest, change};

pub mod apply;
pub use apply::{Applied, Became, NotApplied, apply};
