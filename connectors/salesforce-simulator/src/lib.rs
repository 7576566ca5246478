//! A Salesforce org for development and tests, over real HTTP on the loopback interface.
//!
//! One [`Org`] is one org with its own id, clock, rows, event log, credentials and faults; a process may hold
//! several. Nothing here is shared with the code that talks to real orgs: a fake that shares code with its
//! subject shares its bugs.
//!
//! ```no_run
//! # async fn example() -> Result<(), orgstream_salesforce_simulator::SimulatorError> {
//! use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
//!
//! let org = Org::builder().name("b").start().await?;
//! org.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(2));
//! println!("{} {}", org.url(), org.credentials().username);
//! org.stop().await;
//! # Ok(()) }
//! ```

// A described field has more keys than the macro `json` takes by default.
#![recursion_limit = "256"]

mod admin;
mod auth;
mod bayeux;
mod builder;
mod bulk;
mod calls;
mod clock;
mod compaction;
mod credentials;
mod data;
mod error;
mod events;
mod exchanges;
mod fault;
mod formula;
mod ids;
mod org;
mod rest;
mod restore;
mod rules;
mod sample;
pub mod sandbox;
mod schema;
mod seed;
mod server;
mod setup;
mod soap;
mod soql;
mod spanning;
mod start;
mod tenant;
mod timestamp;
mod tooling;
mod unfinished;
mod usage;

#[cfg(test)]
mod tests;

pub use auth::{Flow, LoginPolicy, OrgState, UserState};
pub use builder::OrgBuilder;
pub use calls::{CallKind, WriteCall};
pub use credentials::Credentials;
pub use error::SimulatorError;
pub use events::GapKind;
pub use exchanges::Exchange;
pub use fault::{Effect, Fault, FaultId, Faults};
pub use org::Org;
