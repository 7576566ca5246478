//! Sweeps: asking the org what changed, for all that raised no event and all that an org no longer delivers.
//!
//! One mechanism serves the schedule, gaps, the end of a run and objects without a channel. Bulk loads and cascades
//! raise no event, and only rows by their stamp and the org's record of deletions tell of them.
//!
//! # Layout, in reading order
//!
//! - `window`: which time is asked for
//! - `run`: the steps of one sweep
//! - `rows`, `deleted`, `compare`: what each step reads
//! - `reader`: what they read with
//! - `finish`: their records and positions as batches

mod compare;
mod deleted;
mod finish;
mod reader;
pub(crate) use reader::Reader;
mod rows;
pub(crate) use rows::{CREATED, DELETED, Found};
mod run;
pub(crate) use run::Run;
mod window;

#[cfg(test)]
mod interleavings;

use std::time::Duration;

use tokio::time::Instant;

use crate::config::{Start, SweepConfig};
use crate::gap::Gaps;
use crate::moment::Moment;
use crate::position::{Gap, SweepPosition};
use crate::recent::Certainty;
use crate::sweep::run::Part;
pub(crate) use crate::sweep::window::OVERLAP;
use crate::sweep::window::Window;

/// How often what the target has is looked for in the org, where only that shows deletions.
const COMPARED_EVERY: Duration = Duration::from_hours(24);

/// How far the clocks of an org's own machines may be apart.
const SKEW: Duration = Duration::from_secs(1);

/// The sweeps of one object.
#[derive(Debug)]
pub(crate) struct Sweeps {
    config: SweepConfig,
    feeder: Feeder,
    /// Up to when everything is in Kafka; `None` before the first subscription.
    pub(crate) position: Option<SweepPosition>,
    /// All rows with stamps from before this were read at this time or later.
    settled: Moment,
    /// The sweep under way, between two of its steps.
    run: Option<Run>,
    /// When the next one is due; `None` before the first look at the clock.
    due: Option<Instant>,
    wish: Wish,
}

/// What brings the changes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feeder {
    /// A channel; sweeps bring what it leaves out.
    Channel,
    /// Sweeps alone.
    Polls,
}

/// Whether a sweep is wanted beside the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    None,
    /// At once, the youngest changes included.
    Now,
}

/// Why an object is to be swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A sweep is under way, a gap is open, or somebody waits for it.
    Now,
    /// It is due, and may wait until the stream has brought what it has.
    Due,
}

impl Sweeps {
    /// `stored`: how far it was swept, and what brought its changes then.
    pub(crate) fn new(config: SweepConfig, feeder: Feeder, stored: Option<(SweepPosition, Feeder)>) -> Self {
        let position = stored.map(|(position, _)| position);
        // What a channel was still to bring of a second that was swept, only the rows tell once it is left.
        let settled = match stored {
            Some((position, Feeder::Polls)) => position.through,
            Some((_, Feeder::Channel)) | None => Moment::BEGINNING,
        };
        Self { config, feeder, position, settled, run: None, due: None, wish: Wish::None }
    }

    /// The object was subscribed to for the first time, at `at`. Answers with what to store.
    pub(crate) fn begin(&mut self, at: Moment, start: Start) -> SweepPosition {
        let from = match start {
            // A transaction that was under way may bring rows with stamps from before, and raise no event.
            Start::Snapshot => at - OVERLAP,
            // Stamps are whole seconds: within the first one nobody knows what was before.
            Start::Latest | Start::Earliest => at.whole_second() + Duration::from_secs(1),
        };
        // The target has nothing yet.
        let position = SweepPosition { through: at, from, compared: Some(at) };
        (self.position, self.settled) = (Some(position), at);
        position
    }

    /// Begins where an earlier version left off.
    pub(crate) fn begin_at(&mut self, through: Moment, from: Moment) -> SweepPosition {
        let position = SweepPosition { through, from, compared: None };
        self.position = Some(position);
        position
    }

    /// A sweep is wanted at once.
    pub(crate) fn want(&mut self) {
        self.wish = Wish::Now;
    }

    /// As [`Sweeps::want`], where the object is swept beside gaps at all.
    pub(crate) fn want_unless_off(&mut self) {
        if self.config.every.is_some() {
            self.want();
        }
    }

    /// Whether a sweep is under way that repairs the gap of this number.
    pub(crate) fn repairs(&self, gap: u64) -> bool {
        self.run.as_ref().is_some_and(|run| run.gaps.contains(&gap))
    }

    /// Whether a sweep is under way, or wanted at once.
    pub(crate) fn is_at_work(&self) -> bool {
        self.run.is_some() || self.wish == Wish::Now
    }

    /// Whether the object is to be swept, by the clocks of this side and of the org.
    pub(crate) fn urgency(&mut self, repairs: bool, now: Instant, org_now: Moment) -> Option<Urgency> {
        let position = self.position?;
        if repairs || self.is_at_work() {
            return Some(Urgency::Now);
        }
        let every = self.config.every?;
        let due = *self.due.get_or_insert_with(|| {
            // What happened while nobody looked is older than a pause, and looked for at once.
            let age = u64::try_from(org_now.0 - position.through.0).unwrap_or_default();
            now + every.saturating_sub(Duration::from_millis(age))
        });
        // Where there is no stream, nothing is left to it.
        let urgency = if self.feeder == Feeder::Polls { Urgency::Now } else { Urgency::Due };
        (due <= now).then_some(urgency)
    }

    /// What brings the object's changes.
    pub(crate) fn feeder(&self) -> Feeder {
        self.feeder
    }

    /// How far the object may be behind without anything being wrong.
    pub(crate) fn pause(&self) -> Duration {
        self.config.every.unwrap_or_default()
    }

    /// What it takes for a change to count as produced, where no gap is repaired.
    pub(crate) fn certainty(&self) -> Certainty {
        match self.feeder {
            Feeder::Channel => Certainty::Usual,
            // What is read and what time it is come from different machines of the org.
            Feeder::Polls => Certainty::Polled { settled: (self.settled - SKEW).stamp() },
        }
    }

    /// When the next sweep is due; `None` while nobody knows.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.config.every.and(self.due)
    }

    /// Takes the sweep under way out, or begins one, for its next step. `None` before the first subscription.
    pub(crate) fn take(&mut self, gaps: &Gaps, repairs: bool, org_now: Moment) -> Option<Run> {
        if let Some(run) = self.run.take() {
            return Some(run);
        }
        let position = self.position?;
        let open: Vec<&Gap> = gaps.repairable().filter(|_| repairs).collect();
        let overlap = self.config.overlap;
        let waits_for_stream = self.feeder == Feeder::Channel && self.wish == Wish::None;
        let window = if open.is_empty() && waits_for_stream {
            Window::scheduled(&position, overlap, org_now)
        } else {
            Window::open(&position, overlap, open.iter().copied())
        };
        self.wish = Wish::None;
        // Several gaps go on from one place only if that is the place of each.
        let mut cursors = open.iter().map(|gap| gap.cursor.as_ref());
        let first = cursors.next().flatten();
        let part = match first {
            Some(cursor) if cursors.all(|other| other == Some(cursor)) => Part::of(cursor),
            _ => Part::Rows(None),
        };
        let certainty = if open.is_empty() { self.certainty() } else { Certainty::Full };
        // Of so many missing ones somebody has to say first what they are.
        let compares = position.compared.is_none_or(|at| at + COMPARED_EVERY <= org_now);
        Some(Run {
            window,
            certainty,
            compares: compares && gaps.concern().is_none(),
            gaps: open.iter().map(|gap| gap.number).collect(),
            confirmed: open.iter().any(|gap| gap.confirmed),
            max_missing: self.config.max_missing,
            part,
            rows: 0,
            compared: None,
            read: None,
            remembers: false,
            covered: None,
            since: window.from,
        })
    }

    /// Puts a sweep back between two of its steps.
    fn goes_on(&mut self, run: Run) {
        self.run = Some(run);
    }

    /// A sweep is done; the object's changes are in Kafka up to `through`. Its rows were `read` then or later, and all that
    /// the target has was looked for at `compared`.
    fn done(&mut self, through: Moment, read: Option<Moment>, compared: Option<Moment>) {
        if let Some(position) = &mut self.position {
            position.through = through;
            position.compared = compared.or(position.compared);
        }
        self.settled = read.unwrap_or(self.settled);
        self.due = self.config.every.map(|every| Instant::now() + every);
    }

    /// How far back the sweep under way, or else the next one, needs to know what was produced.
    pub(crate) fn oldest(&self) -> Option<Moment> {
        let next = || Some(Window::open(&self.position?, self.config.overlap, []).from);
        self.run.as_ref().map(|run| run.window.from).or_else(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gap::Missing;
    use crate::position::{Cause, GapState, RepairCursor, RepairPart};
    use crate::recent::Known;
    use crate::standing::Standing;

    const NOW: Moment = Moment(1_767_262_830_000);
    const MINUTE: Duration = Duration::from_mins(1);

    fn sweeps(age: Duration) -> Sweeps {
        let position = SweepPosition { through: NOW - age, from: Moment(0), compared: None };
        Sweeps::new(SweepConfig::default(), Feeder::Channel, Some((position, Feeder::Channel)))
    }

    #[test]
    fn what_is_older_than_a_pause_is_swept_at_once_and_the_rest_when_it_is_due() {
        let begin = Instant::now();
        assert_eq!(sweeps(MINUTE * 11).urgency(false, begin, NOW), Some(Urgency::Due));
        let mut young = sweeps(MINUTE * 4);
        assert_eq!(young.urgency(false, begin, NOW), None);
        assert_eq!(young.due(), Some(begin + MINUTE * 6));
        assert_eq!(young.urgency(false, begin + MINUTE * 6, NOW), Some(Urgency::Due));
        assert_eq!(young.urgency(true, begin, NOW), Some(Urgency::Now));
        let mut off = sweeps(MINUTE * 60);
        off.config.every = None;
        assert_eq!(off.urgency(false, begin, NOW), None);
        off.want();
        assert_eq!(off.urgency(false, begin, NOW), Some(Urgency::Now));
    }

    #[test]
    fn what_a_channel_brought_last_is_read_once_more_by_the_first_poll() {
        let position = SweepPosition { through: NOW, from: Moment(0), compared: None };
        let known = Known { standing: Standing::Row((NOW - MINUTE * 2).stamp()), whole: true };
        let covers = |by| {
            let sweeps = Sweeps::new(SweepConfig::default(), Feeder::Polls, Some((position, by)));
            known.covers(known.standing, sweeps.certainty())
        };
        assert!(covers(Feeder::Polls));
        assert!(!covers(Feeder::Channel), "its event of a later change in the same second may not have come");
    }

    #[test]
    fn a_repair_goes_on_at_its_cursor_unless_another_gap_needs_it_from_the_start() {
        let (mut sweeps, mut gaps) = (sweeps(MINUTE), Gaps::default());
        let missing = Missing { from: NOW - MINUTE * 90, to: NOW, cause: Cause::ExpiredReplayId };
        gaps.add("Account", None, &missing, GapState::Open, NOW);
        let cursor = RepairCursor { after_stamp: None, after_id: None, part: RepairPart::Deleted };
        gaps.change(1, |gap| gap.cursor = Some(cursor));
        let run = sweeps.take(&gaps, true, NOW).unwrap();
        assert_eq!((&run.part, &run.gaps), (&Part::Log, &vec![1]));
        assert_eq!(run.window, Window { from: missing.from - OVERLAP, until: None });
        gaps.add("Account", None, &missing, GapState::Open, NOW);
        let run = sweeps.take(&gaps, true, NOW).unwrap();
        assert_eq!((&run.part, &run.gaps), (&Part::Rows(None), &vec![1, 2]));
    }
}
