//! A transaction while it is neither kept nor taken back. However the work on it ends, be it by an error or a panic, no
//! half of it stays: what is not kept is taken back when it goes.

use crate::data::Transaction;
use crate::tenant::State;

/// A transaction and the state that it changes.
pub(crate) struct Unfinished<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) tx: Transaction,
}

impl Unfinished<'_> {
    /// What was changed stays.
    pub(crate) fn keep(&mut self) {
        self.tx.changes.clear();
        self.tx.published.clear();
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.state.store.roll_back(&mut self.tx);
    }
}
