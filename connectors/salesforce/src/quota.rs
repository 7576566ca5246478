//! The quota meter: who may call an org while its daily calls run out.
//!
//! All that is called in a process for one org goes by the same meter, which knows what the org says of all its clients
//! together. Changes and writes are never held back: an org that has no calls left refuses them, and its breaker opens. What
//! can wait, such as snapshots, is slowed before that, and stops where only the reserve is left, which is for people.

use std::fmt;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

use crate::allowances::Allowance;
use crate::options::Reserve;

/// What is left above the reserve is spread over so much time.
const SPREAD: Duration = Duration::from_hours(1);

/// The longest pause between two calls that can wait.
const LONGEST: Duration = Duration::from_mins(1);

/// A stop ends when so much of the reserve's size is left above it, so that it does not begin again at once: one part in so
/// many.
const RESUMES_AT: u64 = 20;

/// Whether a call can wait when calls run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// It cannot: streaming, the rows of changes, writes.
    Changes,
    /// It can: snapshots, sweeps, comparisons.
    Background,
}

/// How calls that can wait are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pace {
    /// As they come.
    #[default]
    Free,
    /// With this pause between two.
    Slowed(Duration),
    /// Not at all: only the reserve is left.
    Stopped,
}

/// The meter of one org.
#[derive(Debug)]
pub(crate) struct Quota {
    reserve: Reserve,
    state: watch::Sender<State>,
    /// When the next call that can wait may be made, while they are slowed.
    turn: Mutex<Instant>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    pace: Pace,
    calls: Allowance,
    reserve: u64,
}

impl Quota {
    pub(crate) fn new(reserve: Reserve) -> Self {
        Self { reserve, state: watch::Sender::default(), turn: Mutex::new(Instant::now()) }
    }

    /// What the org says of its calls. A change of what may be called is said once.
    pub(crate) fn note(&self, org: &str, calls: Allowance) {
        let reserve = self.reserve.of(calls.max);
        let (mut before, mut state) = (Pace::Free, State::default());
        self.state.send_modify(|now| {
            before = now.pace;
            *now = State { pace: pace(before, calls, reserve), calls, reserve };
            state = *now;
        });
        if std::mem::discriminant(&before) == std::mem::discriminant(&state.pace) {
            return;
        }
        match state.pace {
            Pace::Free => {
                tracing::info!(%org, "The org has calls enough again; snapshots, sweeps and `verify` go on as usual.");
            }
            Pace::Slowed(_) | Pace::Stopped => {
                tracing::warn!(%org, "The org's calls run out: {state}");
            }
        }
    }

    /// Waits until a call of this priority may be made. Cancel-safe.
    pub(crate) async fn admit(&self, priority: Priority) {
        if priority == Priority::Changes || self.pace() == Pace::Free {
            return;
        }
        let mut states = self.state.subscribe();
        let mut turn = self.turn.lock().await;
        loop {
            let pace = states.borrow_and_update().pace;
            match pace {
                Pace::Free => return,
                Pace::Slowed(pause) if *turn <= Instant::now() => {
                    *turn = Instant::now() + pause;
                    return;
                }
                Pace::Slowed(_) | Pace::Stopped => {}
            }
            let due = async {
                match pace {
                    Pace::Slowed(_) => sleep_until(*turn).await,
                    Pace::Free | Pace::Stopped => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                // The sender lives as long as `self`.
                _ = states.changed() => {}
            }
        }
    }

    /// Whether calls that can wait are not made at all.
    pub(crate) fn is_stopped(&self) -> bool {
        self.pace() == Pace::Stopped
    }

    /// What is held back and why; `None` while nothing is.
    pub(crate) fn said(&self) -> Option<String> {
        let state = *self.state.borrow();
        (state.pace != Pace::Free).then(|| state.to_string())
    }

    fn pace(&self) -> Pace {
        self.state.borrow().pace
    }
}

/// Slowing begins when twice the reserve is left, and it all stops at the reserve.
fn pace(before: Pace, calls: Allowance, reserve: u64) -> Pace {
    let spare = calls.max.saturating_sub(calls.used).saturating_sub(reserve);
    let resumes = before != Pace::Stopped || spare.saturating_mul(RESUMES_AT) >= reserve;
    if reserve == 0 || spare > reserve {
        Pace::Free
    } else if spare > 0 && resumes {
        let parts = u32::try_from(spare).unwrap_or(u32::MAX);
        Pace::Slowed((SPREAD / parts).min(LONGEST))
    } else {
        Pace::Stopped
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Allowance { used, max } = self.calls;
        let (left, reserve) = (max.saturating_sub(used), self.reserve);
        write!(f, "{left} of its {max} daily calls are left, and {reserve} are kept for people; ")?;
        match self.pace {
            Pace::Free => f.write_str("nothing is held back"),
            Pace::Slowed(_) => f.write_str("snapshots and `verify` are slowed, changes and writes go on"),
            Pace::Stopped => {
                f.write_str("snapshots, scheduled sweeps and `verify` wait, changes and writes go on")
            }
        }?;
        f.write_str(
            ". A call comes back 24 hours after it was made; `allowances.reserve` changes what is kept",
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calls(used: u64) -> Allowance {
        Allowance { used, max: 1_000 }
    }

    fn quota() -> Quota {
        Quota::new(Reserve::Percent(10))
    }

    #[test]
    fn what_can_wait_is_slowed_more_and_more_and_stops_at_the_reserve() {
        let of = |used| pace(Pace::Free, calls(used), 100);
        assert_eq!(of(799), Pace::Free);
        assert_eq!(of(800), Pace::Slowed(Duration::from_secs(36)));
        assert_eq!(of(850), Pace::Slowed(Duration::from_mins(1)), "never longer than that");
        assert_eq!((of(900), of(1_000), of(2_000)), (Pace::Stopped, Pace::Stopped, Pace::Stopped));
        // A few calls that came back end no stop.
        assert_eq!(pace(Pace::Stopped, calls(896), 100), Pace::Stopped);
        assert!(matches!(pace(Pace::Stopped, calls(895), 100), Pace::Slowed(_)));
        assert_eq!(pace(Pace::Free, calls(1_000), 0), Pace::Free, "without a reserve nothing is held back");
    }

    #[tokio::test]
    async fn changes_never_wait_and_the_rest_waits_until_there_are_calls_again() {
        let quota = quota();
        quota.note("a", calls(950));
        assert!(quota.is_stopped());
        quota.admit(Priority::Changes).await;
        let waits = tokio::time::timeout(Duration::from_millis(100), quota.admit(Priority::Background));
        assert!(waits.await.is_err());
        let said = quota.said().unwrap();
        assert!(said.starts_with("50 of its 1000 daily calls are left, and 100 are kept"), "{said}");
        let (admitted, ()) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(20), quota.admit(Priority::Background)),
            async { quota.note("a", calls(100)) }
        );
        assert!(admitted.is_ok());
        assert_eq!(quota.said(), None);
    }

    #[tokio::test]
    async fn slowed_calls_come_one_after_the_other() {
        let quota = quota();
        // What is left above the reserve is a tenth of a second's worth each.
        quota.note("a", Allowance { used: 288_000, max: 360_000 });
        let start = Instant::now();
        for _ in 0..4 {
            quota.admit(Priority::Background).await;
        }
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    proptest! {
        #[test]
        fn the_reserve_is_never_touched_by_what_can_wait(used in 0_u64..1_200, reserve in 1_u64..1_000) {
            let pace = pace(Pace::Free, calls(used), reserve);
            let left = 1_000_u64.saturating_sub(used);
            prop_assert_eq!(pace == Pace::Stopped, left <= reserve);
        }
    }
}
