//! A broker of a check's own that can be killed and started again with its data.

use super::broker::Broker;
use crate::support::{Kind, OwnBroker};

/// A broker at the same address all the time.
pub(super) struct Restarting {
    process: OwnBroker,
    pub(super) broker: Broker,
}

impl Restarting {
    /// A new broker of the same kind as `like`.
    pub(super) fn start(like: &Broker) -> Self {
        let embedded = std::ptr::eq(like, super::broker::embedded());
        Self::of(if embedded { Kind::Embedded } else { Kind::Apache })
    }

    /// A new broker of this kind.
    pub(super) fn of(kind: Kind) -> Self {
        let process = OwnBroker::start(kind);
        let broker = Broker::at(process.address());
        Self { process, broker }
    }

    /// SIGKILL, and a start with what is left.
    pub(super) fn kill_and_start(&mut self) {
        self.process.kill();
        self.process.start_again();
    }
}
