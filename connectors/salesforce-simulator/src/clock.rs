//! The clock of one org: real time plus an offset that tests move forward.
//!
//! Everything an org dates comes from here (row stamps, `Date` headers, retention, expiry of sessions), so that
//! moving the clock moves all of it together.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::timestamp::Timestamp;

/// How far a clock can be ahead: a thousand years, so that every moment is still a date.
pub(crate) const MOST_AHEAD: Duration = Duration::from_hours(1_000 * 365 * 24);

/// One org's time.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_millis: AtomicI64,
}

impl Clock {
    /// Sets how far it is ahead of real time.
    pub(crate) fn set_ahead_by(&self, offset_millis: i64) {
        self.offset_millis.store(offset_millis, Ordering::Relaxed);
    }

    /// The org's present moment.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.real().millis().saturating_add(self.offset_millis()))
    }

    /// The moment outside, where clients live.
    #[expect(
        clippy::disallowed_methods,
        clippy::unused_self,
        reason = "this is the one place where the simulator reads the wall clock"
    )]
    pub(crate) fn real(&self) -> Timestamp {
        Timestamp::from_millis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
    }

    /// How far the org is ahead of real time.
    pub(crate) fn offset_millis(&self) -> i64 {
        self.offset_millis.load(Ordering::Relaxed)
    }

    /// Moves the org's time forward, up to [`MOST_AHEAD`].
    pub(crate) fn advance(&self, by: Duration) {
        let ahead = |offset: i64| Some(offset.saturating_add(millis(by)).min(millis(MOST_AHEAD)));
        // The closure always gives a value, so this cannot fail.
        let _before = self.offset_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, ahead);
    }
}

/// A duration in whole milliseconds; beyond 292 million years it stays there.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
