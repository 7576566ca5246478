//! What a file leaves out, inside the process: the broker, the schema store, simulated orgs.
//!
//! They start before the first task, stop after the last, and are kept in the state directory together, so that
//! ids and positions stay true over restarts. Everything else reaches them as it would reach the real ones: over
//! TCP, at [`Endpoints`].
//!
//! # Layout, in reading order
//!
//! - [`endpoints`]: where everything is, embedded or not
//! - [`announcement`]: what other clients need to join in
//! - [`orgs`]: the simulated orgs, with or without the rest
//! - [`parts`]: starting and stopping everything
//! - `ports`: the same addresses at the next start

pub mod endpoints;
pub use endpoints::Endpoints;

pub mod announcement;
pub use announcement::{Announcement, EmbeddedOrg, bare};

pub mod orgs;
pub use orgs::{SimulatedOrgs, org_configs};

pub mod parts;
pub use parts::{Embedded, EmbeddedError};

mod ports;
