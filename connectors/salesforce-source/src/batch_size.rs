//! How many rows one call asks for.
//!
//! The rows of a wide object may be more than the org answers in time, or than arrives in one piece. Asking for as
//! many again would wait for ever; so fewer are asked for, down to one, and after answers slowly more again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A size that learns from what became of calls. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct BatchSize {
    most: usize,
    now: Arc<AtomicUsize>,
}

impl BatchSize {
    /// Starts with `most`, and never exceeds it.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, now: Arc::new(AtomicUsize::new(most)) }
    }

    /// How many to ask for now; at least one.
    pub(crate) fn rows(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    /// A call for `asked` rows was answered.
    pub(crate) fn answered(&self, asked: usize) {
        let now = self.rows();
        // Smaller calls say nothing about larger ones.
        if asked >= now {
            self.now.store((now + now.div_ceil(8)).min(self.most), Ordering::Relaxed);
        }
    }

    /// A call for `asked` rows got no usable answer, though the org serves others.
    pub(crate) fn failed(&self, asked: usize) {
        self.now.store((asked / 2).max(1), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shrinks_to_one_and_grows_back_only_by_calls_of_its_size() {
        let size = BatchSize::new(10);
        let sizes = [10, 5, 2, 1].map(|asked| {
            size.failed(asked);
            size.rows()
        });
        assert_eq!(sizes, [5, 2, 1, 1]);
        size.answered(1);
        size.answered(1);
        assert_eq!(size.rows(), 2, "one row says nothing about two");
        for _ in 0..20 {
            size.answered(size.rows());
        }
        assert_eq!(size.rows(), 10);
    }
}
