//! What is asked of the connectors over REST, and why it is not done.

use std::collections::BTreeMap;

use async_trait::async_trait;
use orgstream_api::TopicPartition;

use super::declared::Declared;
use super::kept::KeptError;
use crate::confluent::Finding;
use crate::control::{Change, NotOrdered, Rest};

/// A connector's properties, as they are sent.
pub enum Update {
    /// Of one that is new.
    Create(BTreeMap<String, String>, Initial),
    /// All of them, of one that is new or there.
    Replace(BTreeMap<String, String>),
    /// Those that change, of one that is there; those without a value go.
    Patch(BTreeMap<String, Option<String>>),
}

/// How a new connector begins: at work, or at rest.
pub type Initial = Option<Rest>;

/// Where sinks are to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offsets {
    /// Where sinks begin that have never committed: at the first records that are still there, or where their `start` is the end, there.
    Reset,
    /// In these partitions, at these offsets; `None` is as [`Self::Reset`]. Other partitions stay.
    Places(BTreeMap<TopicPartition, Option<i64>>),
}

/// Changes the connectors of a process, and shows them.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// Those by Kafka Connect's properties, in the order in which they were made.
    fn declared(&self) -> Vec<Declared>;

    /// Keeps the connector `name` so, and answers as soon as it is kept, with whether it is new; it starts after that.
    async fn update(&self, name: String, update: Update) -> Result<bool, NotDone>;

    /// Forgets the connector `name`, and answers when it has ended.
    async fn remove(&self, name: String) -> Result<(), NotDone>;

    /// Has the connector `name`, a [`Declared`] one, run, rest or start again, and answers when that is done.
    async fn change_declared(&self, name: String, change: Change) -> Result<(), NotOrdered>;

    /// What the sinks of these pipelines have committed: the next offset of each partition.
    async fn committed(&self, pipelines: &[String]) -> Result<BTreeMap<TopicPartition, i64>, NotDone>;

    /// Makes sure that the sinks of these pipelines, which are the connector `name`, are stopped.
    fn must_be_stopped(&self, name: &str, pipelines: &[String]) -> Result<(), NotDone>;

    /// Has the sinks of these pipelines go on there when they run again, and answers when that is committed. They are the connector
    /// `name`, which has to be stopped.
    async fn set_offsets(&self, name: &str, pipelines: Vec<String>, offsets: Offsets) -> Result<(), NotDone>;

    /// What is found in properties, were they a connector's beside those that are there.
    fn examine(&self, properties: &BTreeMap<String, String>) -> Vec<Finding>;
}

/// Why connectors stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// One of the name is there.
    #[error("Connector {0} already exists")]
    Exists(String),
    /// None of the name is there.
    #[error("Connector {0} not found")]
    Unknown(String),
    /// It is not changed over REST: why, and what to do.
    #[error("{0}")]
    ReadOnly(String),
    /// The properties cannot run, each for its reason.
    #[error("{}", invalid(.0))]
    Invalid(Vec<String>),
    /// What was sent cannot be done: why, and what to do.
    #[error("{0}")]
    Wrong(String),
    /// The process takes no connectors now.
    #[error("Cannot complete request momentarily due to the state of the process: {0}")]
    NotNow(String),
    /// Something else is in the way.
    #[error("{0}")]
    Failed(String),
    /// They cannot be kept.
    #[error(transparent)]
    Unkept(#[from] KeptError),
}

/// In Kafka Connect's words.
fn invalid(errors: &[String]) -> String {
    format!(
        "Connector configuration is invalid and contains the following {} error(s):\n{}\nYou can also find the above list of errors at the \
         endpoint `/connector-plugins/{{connectorType}}/config/validate`",
        errors.len(),
        errors.join("\n")
    )
}
