//! Tickets: proof that one consumed record is in flight.
//!
//! A ticket is handed to a sink with its record and comes back with an outcome. It is not `Clone`, and the
//! only way to use it up is [`Ticket::redeem`], so a record cannot be settled twice (D4). Dropping it tells
//! the ledger that issued it; the record then stays unsettled and comes again (D2).

use std::fmt;

use tokio::sync::mpsc::UnboundedSender;

/// What a ledger needs to find the record of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketId {
    /// The ledger's lane: one assignment of one partition.
    pub lane: u64,
    /// The record's number in its lane, without gaps.
    pub sequence: u64,
}

/// Proof that one record is in flight.
#[must_use = "a dropped ticket means that its record is delivered again"]
pub struct Ticket {
    id: TicketId,
    dropped: Option<UnboundedSender<TicketId>>,
}

impl Ticket {
    /// A ticket that reports to `dropped` when it is dropped instead of redeemed.
    pub fn new(id: TicketId, dropped: UnboundedSender<TicketId>) -> Self {
        Self { id, dropped: Some(dropped) }
    }

    /// The record's place in its ledger.
    pub fn id(&self) -> TicketId {
        self.id
    }

    /// Uses the ticket up.
    pub fn redeem(mut self) -> TicketId {
        self.dropped = None;
        self.id
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            // The ledger may be gone at shutdown; then nobody is left to settle the record, which is D2.
            dropped.send(self.id).ok();
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({}/{})", self.id.lane, self.id.sequence)
    }
}
