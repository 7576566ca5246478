//! What people ask of a source that runs.

use orgstream_api::{Command, Order};

use crate::batch::Parts;

impl Parts {
    /// Does what is asked, or says why not.
    pub(crate) fn obey(&mut self, order: Order) {
        let Order { command, reply } = order;
        // Who has stopped waiting was told that it is not taken.
        if reply.is_closed() {
            return;
        }
        let pipeline = self.config.pipeline.clone();
        let answer = match command {
            Command::Snapshot { object, filter, order } => {
                self.order_snapshot(&object, filter, order, reply);
                return;
            }
            Command::Sweep { objects } => self.subjects.want_sweeps(&objects),
            Command::Confirm { object, gap } => match self.confirm(&object, gap) {
                Some(stored) => {
                    self.orders.record(stored, reply);
                    return;
                }
                None => {
                    Err(format!("gap {gap} of {object} waits for no confirmation in pipeline {pipeline}"))
                }
            },
        };
        // Who asked may have gone away.
        reply.send(answer).ok();
    }
}
