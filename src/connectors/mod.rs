//! Connectors by Kafka Connect's properties: those that somebody makes over REST while the process runs, and those of property files.
//!
//! What is made over REST is kept in the state directory, beside the pipelines of the file, and comes back with the process.
//!
//! # Layout, in reading order
//!
//! - [`origin`]: where the pipelines of a process come from
//! - [`declared`]: a connector as it is shown
//! - `hidden`: which of its values are not shown
//! - [`kept`]: those that are kept, on disk
//! - [`update`]: what is asked for, and why it is not done
//! - `together`: the file's pipelines and the connectors in one configuration
//! - [`set`]: all of them, and which could not be started

pub mod origin;
pub use origin::{Origin, PropertyFiles};

pub mod declared;
pub use declared::{Declared, Trouble};

mod hidden;
pub(crate) use hidden::shown;

pub mod kept;

pub mod update;
pub use update::{Connectors, Initial, NotDone, Offsets, Update};

mod together;

pub mod set;
pub(crate) use set::{ConnectorSet, of_file};
