//! What became of a consumed record. There is no silent answer and no default (D4).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::parked::Parked;
use crate::position::InputOffset;
use crate::store::{IdLink, LinkState};

/// The one answer a sink gives for a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Org B has it.
    Delivered(Delivered),
    /// Nothing had to be written, for this reason.
    Skipped(Skip),
    /// It cannot be written yet. The runtime stores it and submits it again.
    Parked(Box<Parked>),
    /// Org B, or the rules of the sink, refuse it for good.
    Rejected(Rejection),
}

/// A write that org B acknowledged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivered {
    /// The record's id in org B; `None` where a delete found nothing to delete.
    pub target: Option<String>,
    /// Whether the write made a new record.
    pub created: bool,
    /// What the id map has to learn before the ticket settles (D7).
    pub link: Option<LinkChange>,
    /// References left out because their parent has no link yet. They are stored before the ticket settles (D3).
    pub owed: Vec<Owed>,
    /// Reference fields whose owed entry, if there is one, is over: written, cleared or replaced.
    pub paid: Vec<String>,
}

impl Delivered {
    /// Whether the record is gone with it.
    pub fn is_deletion(&self) -> bool {
        matches!(&self.link, Some(LinkChange::Bind(link)) if link.state != LinkState::Live)
    }
}

/// A change of the id map. Bound by the runtime after the owed entries are stored, so that a crash between
/// the two redelivers the record instead of skipping it as a duplicate.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkChange {
    /// The link as it now is.
    Bind(IdLink),
}

/// A reference that waits for its parent's link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The record that owed it first: the entry's place in the parked topic, and its version.
    pub at: InputOffset,
    /// The 18-character id of the org the record comes from.
    pub org: String,
    /// The object of the record.
    pub object: String,
    /// The record's id in its own org.
    pub id: String,
    /// The reference field.
    pub field: String,
    /// The objects the reference may point at, in describe order; usually one.
    pub parent_objects: Vec<String>,
    /// The parent's id in the record's own org.
    pub parent_id: String,
}

/// Why a record needed no write. Each is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// It is at or below the newest write of its record.
    Duplicate,
    /// A newer state from another partition was written.
    Stale,
    /// A deletion that org B refuses because others point at the record, which a later change behind it brings back.
    ComesBack,
    /// A reference that is no longer owed: its record was deleted, or the field was set since.
    NoLongerOwed,
    /// A reference whose parent has no link yet. Its entry stays stored, and it is submitted again when there is one.
    StillOwed,
    /// Its object is not one of the pipeline's.
    OutsidePipeline,
    /// It is refused for this reason, and the user's file says to pass over such records.
    Refused(Box<Rejection>),
    /// It has no value, and such records are to be passed over.
    NoValue,
    /// It does not say what happened, or says what nobody knows, and such records are to be passed over.
    UnknownEvent,
    /// The sink's condition does not hold for it.
    Unmatched,
    /// The sink's filter does not hold for it, and org B has no record of it.
    Filtered,
    /// The sink's filter does not hold for it any more; org B keeps its record as it was before.
    LeftFilter,
    /// A later change of its record was written with it, in one write.
    Merged {
        /// The record's id in org B; `None` where the write was its deletion, so that what it says never got there.
        target: Option<String>,
    },
    /// It and the deletion of its record came together, and org B never had the record.
    ///
    /// The deletion has with it what the id map has to learn before its ticket settles (D7): that there will be no record, so
    /// that nothing waits for one.
    Cancelled(Option<Box<IdLink>>),
    /// Somebody deleted its record in org B, and the changes of such are to be passed over.
    TargetDeleted,
}

impl Skip {
    /// The word used in metrics and status; of a refusal its code.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::ComesBack => "comes_back",
            Self::NoLongerOwed => "no_longer_owed",
            Self::StillOwed => "still_owed",
            Self::OutsidePipeline => "outside_pipeline",
            Self::Refused(rejection) => &rejection.code,
            Self::NoValue => "no_value",
            Self::UnknownEvent => "unknown_event",
            Self::Unmatched => "unmatched",
            Self::Filtered => "filtered",
            Self::LeftFilter => "left_filter",
            Self::Merged { .. } => "merged",
            Self::Cancelled(_) => "cancelled",
            Self::TargetDeleted => "target_deleted",
        }
    }
}

/// Why a record can never be written as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Salesforce's error code, or one of orgstream's own in the same spelling, such as `DELETED_EVENT_NOT_WRITABLE`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The fields it is about.
    pub fields: Vec<String>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if !self.fields.is_empty() {
            write!(f, " (fields: {})", self.fields.join(", "))?;
        }
        Ok(())
    }
}
