//! Records for which the sink's filter does not hold.
//!
//! Only the id map tells one that never was in org B from one that left the filter, so they travel like writes do, but
//! cost no call.

use orgstream_api::{Outcome, Skip};

use crate::deliver::{Delivery, Done, Item};
use crate::object_rules::OnLeave;
use crate::plan::Kind;
use crate::work::Verdict;

impl Delivery {
    /// Skips what org B does not have; what it has stays or goes, as the file says.
    pub(crate) fn leave(&self, items: Vec<Item>, done: &mut Done) {
        for mut item in items {
            if item.live().is_none() {
                done.push(item, Verdict::settled(Outcome::Skipped(Skip::Filtered)));
                continue;
            }
            match item.change.target.rules.on_leave {
                OnLeave::Keep => done.push(item, Verdict::settled(Outcome::Skipped(Skip::LeftFilter))),
                OnLeave::Delete => {
                    self.counters.left_filter();
                    // A deletion has its own order among the changes of other records.
                    item.change.kind = Kind::Delete;
                    done.push(item, Verdict::Again);
                }
            }
        }
    }

    /// Whether changes of these records may find them in the recycle bin: because they went there with a parent or had left the
    /// filter, as their link says, or because org B refused an earlier attempt.
    pub(crate) fn may_return(&self, items: &[Item]) -> bool {
        items.iter().any(|item| self.may_lie_in_bin(item).is_some())
    }
}
