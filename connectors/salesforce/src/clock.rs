//! What time it is. Time-outs and pauses use tokio's clock; this one is for what other machines see.

use std::time::SystemTime;

use orgstream_api::BootInstant;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// What time it was in an org when an answer came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrgDate {
    /// The answer's `Date`, in milliseconds since the epoch.
    pub(crate) said: i64,
    /// When it came. The machine may sleep before anybody asks, and the org does not.
    came: BootInstant,
}

impl OrgDate {
    /// Said by an answer that came just now.
    pub(crate) fn just(said: i64) -> Self {
        Self { said, came: BootInstant::now() }
    }

    /// What time it is in the org at this moment.
    pub(crate) fn at(self, moment: BootInstant) -> i64 {
        let passed = moment.since(self.came).as_millis();
        self.said.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_orgs_clock_goes_on_between_answers() {
        let date = OrgDate::just(5_000);
        let date_at = |after| date.at(date.came + after);
        assert_eq!(date_at(Duration::ZERO), 5_000);
        assert_eq!(date_at(Duration::from_hours(1)), 3_605_000);
    }
}
