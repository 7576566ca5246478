//! Records that are refused before the sink sees them, such as bytes that are no record: the user's file speaks of them too.

use std::sync::Arc;

use crate::counters::SinkCounters;
use crate::failures::{Fate, OnError};
use crate::tally::Tally;

/// What a sink's file says of refused records, and its counts of them. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    pub(crate) on_error: OnError,
    pub(crate) tally: Arc<Tally>,
    pub(crate) counters: Arc<SinkCounters>,
}

impl Refusals {
    /// What is done with a record that is refused with `code`. The caller does it; it is counted here.
    pub fn refuse(&self, code: &str) -> Fate {
        let fate = self.on_error.fate(code);
        match fate {
            Fate::Reject => {
                self.tally.note(Some(code));
                self.counters.rejected(code);
            }
            Fate::Skip => {
                self.tally.note(None);
                self.counters.skipped(code);
            }
            Fate::Stop => {}
        }
        fate
    }
}
