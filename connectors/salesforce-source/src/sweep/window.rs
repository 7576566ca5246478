//! Which time a sweep asks for, and what is in Kafka after it. Pure; all times are the org's.

use std::time::Duration;

use crate::moment::Moment;
use crate::position::{Gap, SweepPosition};

/// How much earlier than what is in Kafka a sweep begins: a transaction of the org may take ten minutes, and its rows
/// bear stamps from before its end.
pub(crate) const OVERLAP: Duration = Duration::from_mins(15);

/// How young changes are that a sweep leaves to the stream.
const YOUNG: Duration = Duration::from_mins(1);

/// The time a sweep asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Rows with this stamp or a later one are read.
    pub(crate) from: Moment,
    /// Rows with a later stamp are left to the stream. Where this is open, a row that changed in a gap and once more
    /// behind it is read too.
    pub(crate) until: Option<Moment>,
}

impl Window {
    /// What the next scheduled sweep asks for at `now`.
    pub(crate) fn scheduled(position: &SweepPosition, overlap: Duration, now: Moment) -> Self {
        Self { from: begin(position, overlap), until: Some(now - YOUNG) }
    }

    /// All there is to ask for: the scheduled window, however young, and that of `gaps`.
    pub(crate) fn open<'a>(
        position: &SweepPosition,
        overlap: Duration,
        gaps: impl IntoIterator<Item = &'a Gap>,
    ) -> Self {
        let of_gaps = gaps.into_iter().map(|gap| gap.from - overlap.max(OVERLAP)).min();
        let from = begin(position, overlap);
        Self { from: of_gaps.map_or(from, |gap| gap.min(from)), until: None }
    }

    /// Up to when everything is in Kafka once the window was read to its end. `read` is when its first page was read, and
    /// `covered` up to when the org's record of deletions is complete.
    pub(crate) fn through(&self, before: Moment, read: Moment, covered: Option<Moment>) -> Moment {
        let until = self.until.unwrap_or(read).min(read - YOUNG);
        covered.map_or(until, |covered| covered.min(until)).max(before)
    }
}

/// Nothing from before the first subscription is asked for.
fn begin(position: &SweepPosition, overlap: Duration) -> Moment {
    (position.through - overlap).max(position.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_767_262_830_000);
    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_window_overlaps_with_the_one_before_and_leaves_the_youngest_to_the_stream() {
        let position = SweepPosition { through: NOW - MINUTE * 10, from: Moment(0), compared: None };
        let window = Window::scheduled(&position, OVERLAP, NOW);
        assert_eq!(window, Window { from: NOW - MINUTE * 25, until: Some(NOW - MINUTE) });
        assert_eq!(window.through(position.through, NOW, None), NOW - MINUTE);
        assert_eq!(window.through(position.through, NOW, Some(NOW - MINUTE * 3)), NOW - MINUTE * 3);
        let lagging = Some(NOW - MINUTE * 60);
        assert_eq!(window.through(position.through, NOW, lagging), position.through, "it never goes back");
    }

    #[test]
    fn nothing_from_before_the_first_subscription_is_asked_for() {
        let position = SweepPosition { through: NOW - MINUTE, from: NOW - MINUTE * 2, compared: None };
        assert_eq!(Window::scheduled(&position, OVERLAP, NOW).from, NOW - MINUTE * 2);
    }
}
