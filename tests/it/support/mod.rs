//! What the tests share: peers, a world of two orgs and one file, and a REST client for the orgs.

mod peers;
pub(crate) use peers::{Kafka, shared_peers};

mod process;
pub(crate) use process::Finished;

mod rest;
pub(crate) use rest::Rest;

mod sandbox;
pub(crate) use sandbox::{Sandbox, peer_install, run_script};

mod schema_store;
pub(crate) use schema_store::{RegistryClient, SchemaStore};

mod topic;

mod world;
pub(crate) use world::{Link, World, WorldBuilder, eventually};
