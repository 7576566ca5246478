//! The commands. Each reads its arguments, does one thing, and says how it ended with an exit code.
//!
//! # Layout, in reading order
//!
//! - [`args`]: the command line
//! - [`exit`]: how commands end
//! - [`program`]: from the command line to the exit code
//! - `dev`, `run`, `apply`, `change`, `snapshot`, `gaps`, `ids`, `offsets`, `trace`, `status`, `check`, `config`, `connect`, `prepare`, `schema`, `verify`, `sandbox`, `broker`, `schema_store`: one command each
//! - `reached`: the orgs of a file, for commands that ask them
//! - `output`, `table`, `progress`, `signals`: what they share with the terminal

pub mod args;
pub use args::{Arguments, Command};

pub mod exit;
pub use exit::{Exit, Failure};

pub mod program;
pub use program::program;

mod dev;

mod run;

mod apply;

mod change;

mod snapshot;

mod gaps;

mod ids;

mod offsets;

mod progress;

mod trace;

mod status;

mod check;

mod config;

mod connect;

mod prepare;

mod reached;

mod schema;

mod verify;

mod sandbox;

mod broker;

mod schema_store;

mod output;

mod table;

mod signals;
