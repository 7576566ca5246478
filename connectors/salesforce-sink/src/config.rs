//! What a sink is told at its start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Expression, HealthReporter, IdMap, Intents, SharedLease};
use orgstream_salesforce::{Org, WriteOptions};

use crate::bulk::rules::BulkRules;
use crate::object_rules::Rules;
use crate::rules::ReferenceRules;

use crate::deleted_target::DeletedTarget;
use crate::failures::Failures;
use crate::parking::Parking;
use crate::reading::Reading;
use crate::tally::Tally;

/// A validated sink.
#[derive(Debug, Clone)]
pub struct SinkConfig {
    /// The pipeline's name, for messages.
    pub pipeline: String,
    /// How a record becomes a write.
    pub operation: Operation,
    /// Whether changes of one record that wait together are one write.
    pub algorithm: Algorithm,
    /// The condition for a record to be looked at at all, whatever it is and of whatever object.
    pub when: Option<Arc<dyn Expression>>,
    /// How records are understood that leave something open.
    pub reading: Reading,
    /// How long a record in passing trouble is tried again before it is rejected.
    pub retry_for: Duration,
    /// When records are parked, and for how long.
    pub parking: Parking,
    /// What is done with records that cannot be written.
    pub failures: Failures,
    /// What is done with changes of records that somebody deleted in org B.
    pub on_deleted_target: DeletedTarget,
    /// What org B is told beside the records.
    pub writing: WriteOptions,
    /// The 18-character id of the org that records without an `orgstream.org` header come from. Where it is not known
    /// either, such records are kept in the id map under an org without a name.
    pub source_org: Option<String>,
    /// When records are written by bulk jobs.
    pub bulk: BulkRules,
    /// The pipeline's objects.
    pub objects: Vec<SinkObject>,
}

/// One object of a pipeline.
#[derive(Debug, Clone)]
pub struct SinkObject {
    /// Its API name, the same in both orgs.
    pub name: String,
    /// The topic its records come from; several objects may share one.
    pub topic: String,
    /// The field of org B that holds the record's id of org A; `sync` and `upsert` need it.
    pub external_id: Option<String>,
    /// Fields that are never written.
    pub ignore_fields: Vec<String>,
    /// What is done with its references.
    pub references: ReferenceRules,
    /// Which of its records are written, and what their fields hold.
    pub rules: Rules,
}

/// How a record becomes a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// As its `_EventType` says. The external id is always the record's `Id`.
    Sync,
    /// Always an upsert by external id; a deleted event is rejected.
    Upsert,
    /// Always an update of a record org B has; a deleted event is rejected.
    Update,
    /// Always a delete.
    Delete,
    /// Always a new record; a deleted event is rejected.
    Insert,
    /// As its `_EventType` says, a created one as a new record.
    ByEventType,
}

/// How the changes of one record become writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// Each its own, one after the other.
    #[default]
    Ordered,
    /// Those that wait together are one.
    Merged,
}

impl Operation {
    /// The word used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Insert => "insert",
            Self::ByEventType => "by_event_type",
        }
    }

    /// Whether records may be made without anything in org B to find them by, so that notes of them are kept.
    pub fn inserts(self) -> bool {
        match self {
            Self::Insert | Self::ByEventType => true,
            Self::Sync | Self::Upsert | Self::Update | Self::Delete => false,
        }
    }

    /// Whether every object needs a field to find its records by.
    pub fn needs_external_id(self) -> bool {
        match self {
            Self::Sync | Self::Upsert => true,
            Self::Update | Self::Delete | Self::Insert | Self::ByEventType => false,
        }
    }
}

/// What a sink gets from the runtime.
#[derive(Clone)]
pub struct SinkContext {
    /// The id map. The sink only reads it; links are bound by the runtime, with the outcomes that carry them (D7).
    pub ids: Arc<dyn IdMap>,
    /// The notes of inserts.
    pub intents: Arc<dyn Intents>,
    /// Permission to start a call.
    pub lease: SharedLease,
    /// The task's line in the status.
    pub health: HealthReporter,
    /// The org that the records come from, where it can be asked. It is only read, and only for rules that match records
    /// of both orgs.
    pub source: Option<Org>,
    /// A directory for the rows of a bulk job while it is filled and at work. It is made when it is needed.
    pub spool: PathBuf,
    /// What was rejected of the last records, by any task of this sink. Made with [`Failures::stop_after`].
    pub tally: Arc<Tally>,
}
