//! One item on its way through the sink, with everything that must end with it.

use std::time::Duration;

use orgstream_api::{IdLink, InputOffset, LinkChange, Outcome, Owed, ParentRecord, Rejection, Skip, Ticket};

use crate::attempts::Attempts;
use crate::change::Change;
use crate::fold::Member;
use crate::holds::Standing;
use crate::lanes::LaneKey;
use crate::references::PointedAt;
use crate::room::Seat;
use crate::tenure::Tenure;

/// An item in a lane or in a call.
#[derive(Debug)]
pub(crate) struct Work {
    /// What it has with it.
    pub(crate) papers: Papers,
    /// What is to be done.
    pub(crate) task: Task,
}

/// What an item has with it, wherever it is.
///
/// Dropping them gives the item's seat and pause up; its ticket goes back to the ledger unredeemed (D2), which is
/// inert where the partition was taken away.
#[derive(Debug)]
pub(crate) struct Papers {
    /// The item's lane.
    pub(crate) key: LaneKey,
    /// Proof that it is in flight; the sink's own work has none.
    pub(crate) ticket: Option<Ticket>,
    /// Under which holding of its partition it came.
    pub(crate) tenure: Tenure,
    /// Its attempts so far.
    pub(crate) attempts: Attempts,
    /// Its space in the sink, where it has a ticket.
    pub(crate) seat: Option<Seat>,
    /// What it is to deletions, if it is a change.
    pub(crate) standing: Option<Standing>,
    /// The offset that it keeps from being committed; an owed reference keeps none, and none does a parked record.
    pub(crate) keeps: Option<InputOffset>,
    /// The earlier changes of the record that are written with it, oldest first.
    pub(crate) earlier: Vec<Member>,
    /// Of a record that was parked.
    pub(crate) waited: Option<Waited>,
}

/// The past of a record that was parked.
#[derive(Debug)]
pub(crate) struct Waited {
    /// Its place.
    pub(crate) at: InputOffset,
    /// How long ago it was first parked, when it was submitted.
    pub(crate) time: Duration,
}

/// What is to be done with an item when its lane's turn comes.
#[derive(Debug)]
pub(crate) enum Task {
    /// Write a change.
    Change(Box<Change>),
    /// Set a reference that was left out.
    Owed(Owed),
    /// Have org B agree with the record's link: fetch it back from the recycle bin, because a change that points at it was refused,
    /// or delete it again, because it came back with a parent. In its own lane, so that its own changes are not passed (D5).
    Straighten(PointedAt),
    /// Nothing: the outcome is known, and only keeps its place among those of its record.
    Known(Box<Outcome>),
}

/// What became of an item in a call.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is over.
    Settled(Box<Settled>),
    /// The org's trouble: again as it is, when the org is back. No clock runs.
    Again,
    /// Its own passing trouble: again on its clock, and rejected so when that runs out.
    Retry(Rejection),
    /// Org B refuses it, which may only say that two calls met: as `Retry` while what it points at is at work and a few times more,
    /// then rejected.
    Race(Rejection),
    /// Org B does not let go of it because other records point at it. They may be about to point elsewhere or to go, so it is as
    /// `Retry`, but its partition is read on: they may lie behind it.
    InUse(Rejection),
    /// These records, which it cannot be without, are not there yet: it waits for them.
    Waits(Rejection, Vec<ParentRecord>),
    /// A call with it alone fails for no reason of the org's: as `Retry`, and it travels alone from now on.
    Suspect(Rejection),
    /// Nobody knows yet whether it was written: again after this time. No clock runs.
    Later(Duration),
    /// Its partition was taken away before it was written.
    Dropped,
    /// What the sink was told of org B at the start holds no more, for this reason.
    Outdated(String),
}

/// An outcome and what it rests on.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// The version of the link in the id map when the write began.
    pub(crate) stored: Option<InputOffset>,
}

impl Papers {
    /// The papers of an item that just came.
    pub(crate) fn new(key: LaneKey, ticket: Option<Ticket>, tenure: Tenure, seat: Option<Seat>) -> Self {
        Self {
            key,
            ticket,
            tenure,
            attempts: Attempts::default(),
            seat,
            standing: None,
            keeps: None,
            earlier: Vec::new(),
            waited: None,
        }
    }
}

impl Task {
    /// What stands for the record that the item's record points at first.
    pub(crate) fn parent(&self) -> Option<u64> {
        match self {
            Self::Change(change) => change.parent,
            Self::Owed(_) | Self::Straighten(_) | Self::Known(_) => None,
        }
    }

    /// Whether the item decides the reference `owed` of its record.
    pub(crate) fn decides(&self, owed: &Owed) -> bool {
        match self {
            Self::Change(change) => change.decision().is_about(owed),
            Self::Owed(_) | Self::Straighten(_) | Self::Known(_) => false,
        }
    }
}

impl Verdict {
    /// Settled with an outcome that changes no link.
    pub(crate) fn settled(outcome: Outcome) -> Self {
        Self::Settled(Box::new(Settled { outcome, stored: None }))
    }

    /// Rejected for good.
    pub(crate) fn rejected(rejection: Rejection) -> Self {
        Self::settled(Outcome::Rejected(rejection))
    }
}

impl Settled {
    /// The link that the runtime is asked to bind.
    pub(crate) fn link(&self) -> Option<&IdLink> {
        match &self.outcome {
            Outcome::Delivered(delivered) => delivered.link.as_ref().map(|LinkChange::Bind(link)| link),
            Outcome::Skipped(Skip::Cancelled(link)) => link.as_deref(),
            Outcome::Skipped(_) | Outcome::Parked(_) | Outcome::Rejected(_) => None,
        }
    }
}
