//! The paths of the registry.
//!
//! # Layout, in reading order
//!
//! - [`router`]: which path leads where
//! - `request`, `query`: what comes in
//! - `answer`: what goes out
//! - `subjects`, `deletions`, `schemas`, `compatibility`, `settings`: the resources

mod router;
pub(super) use router::router;

mod request;

mod query;

mod answer;

mod subjects;

mod deletions;

mod schemas;

mod compatibility;

mod settings;
