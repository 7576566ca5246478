//! The Tooling API, as far as it makes, shows, finds and deletes custom fields.
//!
//! # Layout, in reading order
//!
//! - `resource`: from a path to its answer
//! - `metadata`: what the Tooling API says of a field, and the field it means
//! - `definitions`: the ids of what is custom, and the fields that clients made
//! - `grow`: making and deleting a field while the org runs
//! - `catalog`: queries over objects and fields

mod catalog;
mod definitions;
mod grow;
mod metadata;
mod resource;

pub(crate) use definitions::{Definition, Definitions};
pub(crate) use resource::answer;
