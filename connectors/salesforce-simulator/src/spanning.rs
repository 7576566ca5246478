//! A transaction that spans several writes: the parts of a composite call that stand or fall together.
//!
//! While it is open, the state belongs to the thread that opened it: every other call waits, so nobody reads what may
//! be taken back, and no write comes in between. The work must not await, hence it stays on its thread. However it
//! ends, a panic included, the transaction is closed: stored and told of, or taken back.

use std::thread::{self, ThreadId};

use crate::data::{Origin, Refusal, Transaction};
use crate::tenant::Tenant;
use crate::unfinished::Unfinished;

/// The open transaction of one thread.
#[derive(Debug)]
pub(crate) struct Spanning {
    thread: ThreadId,
    pub(crate) tx: Transaction,
}

/// What becomes of the changes when the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Keep,
    TakeBack,
}

impl Spanning {
    /// Whether the transaction is another thread's.
    pub(crate) fn foreign(&self) -> bool {
        self.thread != thread::current().id()
    }
}

impl Tenant {
    /// Runs work whose writes are one transaction; what it answers beside its result decides how that ends.
    pub(crate) fn together<T>(
        &self,
        origin: Origin,
        work: impl FnOnce() -> (T, Ending),
    ) -> Result<T, Refusal> {
        let tx = Transaction::new(origin);
        self.state().spanning = Some(Spanning { thread: thread::current().id(), tx });
        let open = Open(self);
        let (done, ending) = work();
        if ending == Ending::Keep {
            let mut state = self.state();
            if let Some(spanning) = state.spanning.take() {
                self.commit(Unfinished { state: &mut state, tx: spanning.tx }, None)?;
            }
        }
        drop(open);
        Ok(done)
    }
}

/// Closes the transaction when it goes, with whatever is left in it taken back.
struct Open<'a>(&'a Tenant);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(mut spanning) = state.spanning.take() {
            state.store.roll_back(&mut spanning.tx);
        }
        drop(state);
        self.0.turn.notify_all();
    }
}
