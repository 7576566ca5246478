//! Growing pauses between attempts.

use std::time::Duration;

use rand::Rng;

/// The pauses of one kind of trouble: doubled each time, up to a longest, each shortened by up to a third at random
/// so that many clients do not come back at once.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The pause before the next attempt.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause.mul_f64(rand::rng().random_range(0.67..=1.0))
    }

    /// The trouble is over.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew_after_a_success() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(5));
        for longest in [1, 2, 4, 5, 5] {
            let pause = backoff.pause();
            assert!(pause <= seconds(longest) && pause >= seconds(longest) / 2, "{pause:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= seconds(1));
    }
}
