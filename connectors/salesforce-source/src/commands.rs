//! What people ask of a source that runs.

use orgstream_api::{Command, Order};

use crate::batch::Parts;

impl Parts {
    /// Does what is asked, or says why not.
    pub(crate) fn obey(&mut self, order: Order) {
        let Order { command, reply } = order;
        let pipeline = &self.config.pipeline;
        let answer = match command {
            Command::Snapshot { object, filter, order } => {
                self.order_snapshot(&object, filter, order, reply);
                return;
            }
            Command::Sweep { .. } => Err(format!("the source of pipeline {pipeline} makes no sweeps")),
            Command::Confirm { object, gap } => {
                Err(format!("gap {gap} of {object} waits for no confirmation in pipeline {pipeline}"))
            }
        };
        // Who asked may have gone away.
        reply.send(answer).ok();
    }
}
