//! Fetches that wait for a partition to have more for them: what Kafka calls its purgatory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

/// Who waits. One that has gone away is forgotten sooner or later.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<Vec<Weak<Notify>>>);

impl Waiters {
    /// Wakes `waiter` the next time.
    pub(super) fn add(&self, waiter: &Arc<Notify>) {
        let mut waiting = self.lock();
        // Whoever waits at a quiet partition may long have been answered because of another one.
        if waiting.len() == waiting.capacity() {
            waiting.retain(|waiter| waiter.strong_count() > 0);
        }
        waiting.push(Arc::downgrade(waiter));
    }

    /// Wakes all, once.
    pub(super) fn wake(&self) {
        let woken = std::mem::take(&mut *self.lock());
        for waiter in woken.iter().filter_map(Weak::upgrade) {
            waiter.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_was_added_before_the_wake_does_not_sleep_after_it() {
        let waiters = Waiters::default();
        let waiter = Arc::new(Notify::new());
        waiters.add(&waiter);
        waiters.wake();
        waiter.notified().await;
        assert!(waiters.lock().is_empty());
    }

    #[test]
    fn who_has_gone_away_takes_no_memory() {
        let waiters = Waiters::default();
        for _ in 0..10_000 {
            waiters.add(&Arc::new(Notify::new()));
        }
        assert!(waiters.lock().capacity() < 100);
    }
}
