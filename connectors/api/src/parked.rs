//! Records that wait outside the sink, in Kafka.
//!
//! A sink that cannot write a record yet, and not for a moment only, gives its ticket back as parked. The runtime stores the
//! record with what it waits for (D3) and submits it again when that is there, or when its time has come.
//!
//! A parked record is never overtaken (D5): the sink parks the later records of its id behind it, each with its own ticket,
//! and the runtime submits all that is parked of an id together, in the order of their places.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::Rejection;
use crate::position::InputOffset;
use crate::record::SinkRecord;

/// A record that is to wait outside the sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// Whose history it belongs to.
    pub whose: History,
    /// What it waits for.
    pub wait: Wait,
    /// What was tried so far.
    pub tried: Tried,
}

/// Whose history a record belongs to: in it no record passes another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct History {
    /// The 18-character id of the org the record comes from; empty where nobody knows it.
    pub org: String,
    /// The record's id there, or its place in Kafka where it has none.
    pub id: String,
}

/// What a parked record waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// For those of its history that were parked before it.
    Turn,
    /// For something outside, or for better times.
    For {
        /// Why it could not be written.
        cause: Rejection,
        /// The records that it refers to and cannot be without. A link of any of them makes it worth another attempt.
        parents: Vec<ParentRecord>,
        /// When it is tried again whatever happens.
        again_in: Duration,
    },
}

/// A record of the same org that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParentRecord {
    /// The 18-character id of its org.
    pub org: String,
    /// Its object.
    pub object: String,
    /// Its id.
    pub id: String,
}

/// The attempts of a record so far, as they are kept while it is parked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    /// How often it met passing trouble.
    pub failed: u32,
    /// How long it has been in passing trouble, by the target's clock: the time in which that could be called.
    pub spent: Duration,
    /// How often a parent was missing.
    pub waits: u32,
    /// How often it was refused in a way that may only say that two calls met.
    pub races: u32,
    /// How often a call with it got no answer.
    pub lost: u32,
    /// Whether it travels alone, because calls fail for its sake.
    pub alone: bool,
    /// Whether the target refused it as it was written.
    pub refused: bool,
}

/// A parked record that is to be tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Resumed {
    /// The record.
    pub record: SinkRecord,
    /// How long ago it was first parked.
    pub waited: Duration,
    /// What was tried before.
    pub tried: Tried,
}

/// The place of a parked record in its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedPlace {
    /// Whose history it belongs to.
    pub whose: History,
    /// Where it lies in the input.
    pub at: InputOffset,
    /// The bytes of its key, value and headers.
    pub size: usize,
}
