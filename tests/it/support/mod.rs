//! What the tests share: peers, a world of two orgs and one file, and a REST client for the orgs.

mod peers;
pub(crate) use peers::{Kafka, Registry, shared_peers};

mod process;
pub(crate) use process::{Finished, Running};

mod rest;
pub(crate) use rest::Rest;

mod world;
pub(crate) use world::{World, WorldBuilder, eventually};
