//! One object of a source: where its rows go, and what of it is still to be read or repaired.
//!
//! An object that fails does so alone: nothing of it is produced and no position of its channels moves until it can be
//! read again, while the others go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Progress, SourcePosition};
use tokio::time::Instant;

use crate::as_event::EventForm;
use crate::config::{OnGap, PushTopicConfig, Start, SweepConfig};
use crate::gap::Gaps;
use crate::moment::Moment;
use crate::polled::Polled;
use crate::position::{Cause, Positions, SweepPosition};
use crate::produce::Destination;
use crate::snapshot::{Snapshot, SnapshotEntry, SnapshotName};
use crate::sweep::{Feeder, Sweeps};
use crate::way::Way;

/// How long an order that was carried out is shown.
const KEPT: Duration = Duration::from_hours(24);

/// Which object it is, and where its records go.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The API name: the file's, and once it is described the org's own case of it.
    pub(crate) name: String,
    pub(crate) destination: Destination,
}

/// What the file says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) start: Start,
    pub(crate) on_gap: OnGap,
    pub(crate) sweep: SweepConfig,
    pub(crate) feeder: Feeder,
}

/// The state of one object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) target: Arc<Target>,
    pub(crate) standing: ObjectStanding,
    pub(crate) gaps: Gaps,
    pub(crate) sweeps: Sweeps,
    /// What its rows tell, where no channel brings its changes and it was opened.
    pub(crate) polled: Option<Polled>,
    /// The snapshot that is not done yet.
    pub(crate) snapshot: Option<Snapshot>,
    /// What brings its changes.
    pub(crate) way: Arc<Way>,
    /// Those that somebody ordered, whose turn comes after it.
    ordered: VecDeque<Snapshot>,
    /// Ordered ones that are done, and when.
    carried_out: Vec<(SnapshotName, Moment)>,
    /// The form in which its events are written.
    pub(crate) form: EventForm,
    /// Whether the rows of changed records are read, or their events taken at their word.
    pub(crate) hydrates: bool,
}

/// Whether an object can be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ObjectStanding {
    /// As far as is known.
    Well,
    /// It cannot, for a reason that concerns it alone.
    Failed {
        /// What happened, where, and what to do.
        reason: String,
        /// When it is tried again.
        next_attempt: Instant,
    },
}

impl Object {
    /// An object with what is stored of it; `anew` as in [`SourceContext`](crate::SourceContext).
    pub(crate) fn new(target: Target, stored: &Positions, rules: &Rules, anew: bool) -> Self {
        let gaps = Gaps::of(stored.gaps_of(&target.name));
        // Where gaps are not repaired one by one, a new start from a snapshot repairs them.
        let gap = gaps.repairable().min_by_key(|gap| gap.from).filter(|_| rules.on_gap == OnGap::Fail);
        let snapshot = Snapshot::needed(rules.start, stored.snapshot_of(&target.name), gap, anew);
        let sweeps = Sweeps::new(rules.sweep, rules.feeder, stored.sweep_of(&target.name));
        let standing = ObjectStanding::Well;
        let way = Arc::new(Way::PushTopic { config: PushTopicConfig::default(), by_events: false });
        let form = EventForm::Rows;
        let ordered = stored
            .snapshots_of(&target.name)
            .filter(|(name, entry)| name.order.is_some() && !entry.state.is_over())
            .map(|(name, entry)| Snapshot::new(name.order.clone(), entry.clone()))
            .map(|mut ordered| {
                if snapshot.is_some() {
                    ordered.begins_again();
                }
                ordered
            })
            .collect();
        let carried_out = stored
            .snapshots_of(&target.name)
            .filter(|(name, _)| name.order.is_some())
            .filter_map(|(name, entry)| Some((name.clone(), entry.done?)))
            .collect();
        let target = Arc::new(target);
        let mut object = Self {
            target,
            standing,
            gaps,
            sweeps,
            polled: None,
            snapshot,
            ordered,
            carried_out,
            way,
            form,
            hydrates: true,
        };
        object.goes_on();
        object
    }

    /// Where its sweeps stand, as it is stored.
    pub(crate) fn stored_sweep(&self, position: SweepPosition) -> SourcePosition {
        if self.is_polled() {
            position.stored_as_poll(&self.target.name)
        } else {
            position.stored(&self.target.name)
        }
    }

    /// Whether no channel brings its changes, so that only sweeps do.
    pub(crate) fn is_polled(&self) -> bool {
        self.sweeps.feeder() == Feeder::Polls
    }

    /// Whether only sweeps bring its changes, and it is on record since when.
    pub(crate) fn has_begun_polling(&self) -> bool {
        self.is_polled() && self.sweeps.position.is_some()
    }

    pub(crate) fn is_well(&self) -> bool {
        self.standing == ObjectStanding::Well
    }

    /// Why it cannot be read; `None` when it can.
    pub(crate) fn failure(&self) -> Option<&str> {
        match &self.standing {
            ObjectStanding::Failed { reason, .. } => Some(reason),
            ObjectStanding::Well => None,
        }
    }

    /// When it is tried again; `None` when it is well.
    pub(crate) fn next_attempt(&self) -> Option<Instant> {
        match self.standing {
            ObjectStanding::Failed { next_attempt, .. } => Some(next_attempt),
            ObjectStanding::Well => None,
        }
    }

    /// It can be read, under this name.
    pub(crate) fn recovers(&mut self, name: String) {
        self.standing = ObjectStanding::Well;
        if self.target.name != name {
            self.target = Arc::new(Target { name, ..Target::clone(&self.target) });
        }
    }

    /// Whether a snapshot that has not begun yet brings all that is missing by now, deletions included.
    pub(crate) fn is_repaired_by_snapshot(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.is_repair() && !snapshot.has_begun())
    }

    /// Whether changes of it are missing that the org told of, and no snapshot is to bring them. An ordered one brings
    /// no deletions.
    pub(crate) fn is_broken(&self) -> bool {
        let is_own = |snapshot: &Snapshot| snapshot.order.is_none();
        !self.snapshot.as_ref().is_some_and(is_own)
            && self.gaps.repairable().any(|gap| gap.cause != Cause::NoEvent)
    }

    /// Has all its rows read anew where only that brings what is missing, unless its own snapshot is under way: that one
    /// is made once more when it is done.
    pub(crate) fn reads_anew_in_turn(&mut self) -> Option<SourcePosition> {
        let is_under_way = |own: &Snapshot| own.order.is_none() && own.has_begun();
        if self.snapshot.as_ref().is_some_and(is_under_way) {
            return None;
        }
        let since =
            self.gaps.repairable().filter(|gap| gap.cause == Cause::GapEvent).map(|gap| gap.from).min()?;
        Some(self.reads_anew(since))
    }

    /// Has all its rows read anew, with all deletions since `since`.
    pub(crate) fn reads_anew(&mut self, since: Moment) -> SourcePosition {
        if let Some(mut ordered) = self.snapshot.take_if(|snapshot| snapshot.order.is_some()) {
            ordered.begins_again();
            self.ordered.push_front(ordered);
        }
        let new = || Snapshot::new(None, SnapshotEntry::asked(None, Some(since)));
        let own = self.snapshot.get_or_insert_with(new);
        own.repair_from(since);
        own.stored(&self.target.name)
    }

    /// Whether it has rows that can stand for what its events do not tell.
    pub(crate) fn has_rows(&self) -> bool {
        self.form == EventForm::Rows
    }

    /// Whether its snapshot may be read: it is not done, and nothing stands against it.
    pub(crate) fn has_pages(&self) -> bool {
        self.is_well() && self.snapshot.is_some()
    }

    /// How far its snapshot is; `None` when none is under way.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let mut progress = self.snapshot.as_ref()?.progress(&self.target.name);
        let waiting = self.ordered.iter().filter_map(Snapshot::returned);
        progress.returned += waiting.map(|returned| returned.records).sum::<u64>();
        Some(progress)
    }

    /// That its snapshot is to be made, before any page of it is read; `None` when none is.
    pub(crate) fn asked(&self) -> Option<SourcePosition> {
        let snapshot = self.snapshot.as_ref().filter(|snapshot| snapshot.order.is_none())?;
        Some(snapshot.stored(&self.target.name))
    }

    /// Somebody ordered this snapshot.
    pub(crate) fn takes(&mut self, ordered: Snapshot) {
        self.ordered.push_back(ordered);
        self.goes_on();
    }

    /// Its snapshot is done.
    pub(crate) fn finishes(&mut self, now: Moment) -> Option<Snapshot> {
        let done = self.snapshot.take();
        let ordered = done.as_ref().filter(|done| done.returned().is_none());
        if let Some(order) = ordered.and_then(|done| done.order.clone()) {
            let name = SnapshotName { object: self.target.name.clone(), order: Some(order) };
            self.carried_out.push((name, now));
        }
        self.goes_on();
        done
    }

    /// What is to be stored of the snapshot that follows its own: the same once more, where the org told meanwhile of
    /// changes that only all rows bring and `repairs` says so, or else an ordered one, which begins anew.
    pub(crate) fn next_snapshot(&mut self, repairs: bool) -> Option<SourcePosition> {
        let again = if repairs { self.reads_anew_in_turn() } else { None };
        again.or_else(|| Some(self.snapshot.as_ref()?.stored(&self.target.name)))
    }

    /// Orders that were carried out long ago are of no interest. Answers what is to be removed from the positions.
    pub(crate) fn forgets_orders(&mut self, now: Moment) -> impl Iterator<Item = SourcePosition> {
        self.carried_out
            .extract_if(.., move |(_, done)| *done + KEPT <= now)
            .map(|(name, _)| name.forgotten())
    }

    /// Begins the next of its snapshots, where none is under way.
    pub(crate) fn goes_on(&mut self) {
        if self.snapshot.is_none() {
            self.snapshot = self.ordered.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::TopicTemplate;
    use orgstream_salesforce::OrgId;

    use super::*;
    use crate::filter::Filter;
    use crate::gap::Missing;
    use crate::position::GapState;

    const HOUR: Duration = Duration::from_hours(1);

    fn object(stored: &Positions, start: Start) -> Object {
        let topic = TopicTemplate::fixed("t");
        let destination =
            Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic, filter: Filter::default() };
        let target = Target { name: "Account".to_owned(), destination };
        let (on_gap, sweep) = (OnGap::Repair, SweepConfig::default());
        Object::new(target, stored, &Rules { start, on_gap, sweep, feeder: Feeder::Channel }, false)
    }

    #[test]
    fn a_failed_object_keeps_its_topic_under_the_orgs_name_for_it() {
        let mut failed = object(&Positions::default(), Start::Latest);
        let next_attempt = Instant::now() + HOUR;
        failed.standing = ObjectStanding::Failed { reason: "no".to_owned(), next_attempt };
        assert_eq!((failed.failure(), failed.next_attempt()), (Some("no"), Some(next_attempt)));
        failed.recovers("account".to_owned());
        assert!(failed.is_well());
        assert_eq!(
            (failed.target.name.as_str(), &**failed.target.destination.topic.name().unwrap()),
            ("account", "t")
        );
    }

    const NOW: Moment = Moment(1_767_262_830_000);

    /// A snapshot that has begun and is somewhere in its rows.
    fn under_way(order: Option<&str>) -> Snapshot {
        let entry =
            SnapshotEntry { started: Some(NOW), rows: 7, ..SnapshotEntry::asked(None, Some(NOW - HOUR)) };
        Snapshot::new(order.map(str::to_owned), entry)
    }

    fn with_unnamed_changes(snapshot: Snapshot) -> Object {
        let mut object = object(&Positions::default(), Start::Latest);
        object.snapshot = Some(snapshot);
        let missing = Missing { from: NOW - HOUR, to: NOW + HOUR, cause: Cause::GapEvent };
        object.gaps.add("Account", None, &missing, GapState::Open, NOW);
        object
    }

    #[test]
    fn a_snapshot_is_made_once_more_for_what_the_org_told_without_names_meanwhile() {
        let mut object = with_unnamed_changes(under_way(None));
        assert_eq!(object.reads_anew_in_turn(), None, "the one under way goes on, or it would never end");
        object.finishes(NOW);
        assert!(object.next_snapshot(true).is_some());
        assert!(object.snapshot.as_ref().is_some_and(|again| !again.has_begun() && again.is_repair()));

        let mut passes = with_unnamed_changes(under_way(None));
        passes.finishes(NOW);
        assert_eq!(passes.next_snapshot(false), None, "where gaps are not repaired");
    }

    #[test]
    fn an_ordered_snapshot_that_waits_for_the_objects_own_begins_again() {
        let mut object = with_unnamed_changes(under_way(Some("0a1b2c3d")));
        assert!(object.reads_anew_in_turn().is_some());
        assert!(object.snapshot.as_ref().is_some_and(|own| own.order.is_none()));
        object.gaps.close_within(NOW - HOUR, NOW + HOUR, NOW);
        object.finishes(NOW);
        let stored = object.next_snapshot(true).unwrap();
        assert_eq!(stored.partition["order"], "0a1b2c3d");
        assert_eq!((&stored.offset["state"], &stored.offset["rows"]), (&"asked".into(), &0.into()));
    }

    #[test]
    fn what_a_sweep_found_by_itself_stops_no_source() {
        let mut object = object(&Positions::default(), Start::Latest);
        let missing = |cause| Missing { from: NOW, to: NOW, cause };
        object.gaps.add("Account", None, &missing(Cause::NoEvent), GapState::Open, NOW);
        assert!(!object.is_broken());
        object.gaps.add("Account", None, &missing(Cause::ExpiredReplayId), GapState::Open, NOW);
        assert!(object.is_broken());
    }
}
