//! The keys of an object's PushTopic.

use schemars::JsonSchema;
use serde::Deserialize;

/// The PushTopic that brings an object's changes.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct PushTopic {
    /// Its name, at most 25 characters. Default: a name made of the object's.
    #[schemars(extend("x-confluent" = ["salesforce.push.topic.name"]))]
    pub(in crate::config) name: Option<String>,
    /// Its SOQL query. Default: the id where rows are read anyway (`hydrate`), all fields that fit elsewhere.
    #[schemars(extend("x-confluent" = ["salesforce.push.topic.query", "salesforce.topic.query.fields"]))]
    pub(in crate::config) query: Option<String>,
    /// Changes of which fields raise an event.
    #[schemars(extend("default" = "All", "x-confluent" = ["salesforce.push.topic.notify.fields"]))]
    pub(in crate::config) notify_for_fields: Option<NotifyForFields>,
    /// Which operations raise an event. Default: all four.
    #[schemars(extend("x-confluent" = [
        "salesforce.push.topic.notify.create", "salesforce.push.topic.notify.update",
        "salesforce.push.topic.notify.delete", "salesforce.push.topic.notify.undelete"
    ]))]
    pub(in crate::config) notify: Option<Vec<Operation>>,
    /// Who makes it. Default: `update` under a generated name, `create` under one of yours.
    #[schemars(extend("x-confluent" = ["salesforce.push.topic.create"]))]
    pub(in crate::config) manage: Option<Manage>,
    /// The version of the API that its query is written for. Default: the org's.
    pub(in crate::config) api_version: Option<String>,
}

/// Changes of which fields raise an event.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
pub(in crate::config) enum NotifyForFields {
    /// Of all fields.
    All,
    /// Of those that the query selects or compares.
    Referenced,
    /// Of those that the query selects.
    Select,
    /// Of those that the query compares.
    Where,
}

/// An operation that may raise an event.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Operation {
    /// A record is made.
    Create,
    /// A record is changed.
    Update,
    /// A record goes to the recycle bin.
    Delete,
    /// A record comes back from it.
    Undelete,
}

/// Who makes a PushTopic and keeps it as the file says.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Manage {
    /// Made where there is none; one that is there is used as it is, and differences are reported.
    Create,
    /// Made where there is none, and what differs is set.
    Update,
    /// It must be there; differences are reported.
    Never,
}
