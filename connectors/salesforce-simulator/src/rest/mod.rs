//! The REST API below `/services/data`: from a path to the resource that answers it.

mod absent;
mod asked;
mod body;
mod collections;
mod composite;
mod conditions;
mod cursors;
mod describe;
mod describe_field;
mod event_schema;
mod external;
mod limits;
mod outcome;
mod position;
mod pretty;
mod query;
mod records;
mod relationships;
mod replication;
mod resource;
mod retrieve;
mod route;
mod sobjects;
mod versions;

pub(crate) use asked::ask;
pub(crate) use cursors::Cursors;
pub(crate) use resource::{Resource, answer, refused};
pub(crate) use route::kinds;
pub(crate) use versions::versions;
