//! What a line of the data file says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::bulk::JobEntry;
use crate::setup::Setting;
use crate::tenant::Identity;
use crate::tooling::Definition;

/// One line of the data file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Who the org is: always the first line.
    Org(Box<Identity>),
    /// So many lines, this one included, were there when the file was last rewritten.
    Rewritten(usize),
    /// How far its clock is ahead, in milliseconds.
    Clock(i64),
    /// What is custom, where the files of the user do not say it.
    Definition(Definition),
    /// How far its counters are. They are no lower afterwards, whichever records are left.
    Counted(Counted),
    /// All refresh tokens that were good when the file was last rewritten.
    RefreshTokens(BTreeSet<String>),
    /// A refresh token was given out.
    Granted(String),
    /// A refresh token was made void.
    Revoked(String),
    /// Events up to this replay id were forgotten.
    Forgotten(u64),
    /// Changes of bulk jobs.
    Jobs(Vec<JobEntry>),
    /// What was set up while the org ran.
    Setting(Setting),
    /// The rows and events of one transaction, the last replay id given out, and the bulk job that it belongs to.
    Commit {
        rows: Vec<StoredRow>,
        events: Vec<Arc<StoredEvent>>,
        last_replay_id: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<Box<JobEntry>>,
    },
}

/// How far the counters of an org are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// The next number of the ids with a key prefix.
    pub(crate) ids: BTreeMap<String, u64>,
    /// The last number of an auto-number field, by object and field.
    pub(crate) auto_numbers: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A row after its change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRow {
    pub(crate) object: String,
    /// `None`: live. Empty: in the recycle bin. `hard`: deleted for good. Otherwise in the bin with this parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// Since when it is in the recycle bin, in milliseconds by the org's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
    /// What emptied look-ups pointed at, by the names of their fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) lost: BTreeMap<String, String>,
    pub(crate) fields: Map<String, Json>,
}

/// An event that can be replayed. Its JSON is written once, when it is raised: delivering it is copying bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) replay_id: u64,
    /// Every channel that brings it: a change event has one of its object and one of all objects.
    pub(crate) channels: Arc<[Arc<str>]>,
    /// Milliseconds since 1970 by the org's clock.
    pub(crate) created: i64,
    /// The `data` of the message as delivered.
    pub(crate) data: Box<RawValue>,
}
