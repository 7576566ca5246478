//! What the tests share: peers, a world of two orgs and one file, and a REST client for the orgs.

mod peers;
pub(crate) use peers::{Bayeux, ConnectWorker, SecuredKafka, TlsProxy, shared_peers};

mod own_broker;
pub(crate) use own_broker::{Kind, OwnBroker};

mod overlaps;
pub(crate) use overlaps::overlaps;

mod killing;
pub(crate) use killing::{Killing, assert_once_each, flow, locked};

mod dice;
pub(crate) use dice::Dice;

mod crm;
pub(crate) use crm::{Crm, ORG, PIPELINE, People};

mod twins;
pub(crate) use twins::Twins;

mod embedded;
pub(crate) use embedded::{embedded_broker, runtime};

mod both;
pub(crate) use both::on_both_brokers;

mod process;
pub(crate) use process::{Finished, Running};

mod rest;
pub(crate) use rest::Rest;

mod sandbox;
pub(crate) use sandbox::{Sandbox, peer_install, run_script};

mod schema_store;
pub(crate) use schema_store::{RegistryClient, SchemaStore};

mod terminal;
pub(crate) use terminal::OnTerminal;

mod topic;

mod world;
pub(crate) use world::{Link, World, WorldBuilder, eventually};
