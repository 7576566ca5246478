//! The REST API below `/services/data`: from a path to the resource that answers it.

mod collections;
mod cursors;
mod describe;
mod describe_field;
mod limits;
mod query;
mod resource;
mod sobjects;
mod versions;

pub(crate) use cursors::Cursors;
pub(crate) use resource::{Resource, answer, kind, refused};
pub(crate) use versions::versions;
