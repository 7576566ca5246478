//! One object of a source: where its rows go, and what of it is still to be read or repaired.
//!
//! An object that fails does so alone: nothing of it is produced and no position of its channels moves until it can be
//! read again, while the others go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Progress, SourcePosition};
use tokio::time::Instant;

use crate::channel::Channel;
use crate::config::{PushTopicConfig, Start};
use crate::gap::Missing;
use crate::moment::Moment;
use crate::position::{Gap, GapState, Positions};
use crate::produce::Destination;
use crate::snapshot::{Snapshot, SnapshotEntry, SnapshotName, SnapshotState};
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

/// The state of one object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) target: Arc<Target>,
    pub(crate) standing: ObjectStanding,
    /// The gap that waits for its repair.
    pub(crate) gap: Option<Gap>,
    /// The number of the newest gap; 0 when there was none.
    newest_gap: u64,
    /// The snapshot that is not done yet.
    pub(crate) snapshot: Option<Snapshot>,
    /// What brings its changes.
    pub(crate) way: Arc<Way>,
    /// Those that somebody ordered, whose turn comes after it.
    ordered: VecDeque<Snapshot>,
    /// Ordered ones that are done, and when.
    carried_out: Vec<(SnapshotName, Moment)>,
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
    pub(crate) fn new(target: Target, stored: &Positions, start: Start, anew: bool) -> Self {
        let gaps = stored.gaps_of(&target.name);
        let gap = gaps.iter().find(|gap| gap.state == GapState::Open).map(|gap| Gap::clone(gap));
        let newest_gap = gaps.iter().map(|gap| gap.number).max().unwrap_or_default();
        let own = stored.snapshot_of(&target.name);
        let snapshot = Snapshot::needed(start, own, gap.as_ref(), anew);
        let standing = ObjectStanding::Well;
        let way = Arc::new(Way::PushTopic { config: PushTopicConfig::default(), by_events: false });
        let ordered = stored
            .snapshots_of(&target.name)
            .filter(|(name, entry)| name.order.is_some() && entry.state != SnapshotState::Done)
            .map(|(name, entry)| Snapshot::new(name.order.clone(), entry.clone()))
            .collect();
        let carried_out = stored
            .snapshots_of(&target.name)
            .filter(|(name, _)| name.order.is_some())
            .filter_map(|(name, entry)| Some((name.clone(), entry.done?)))
            .collect();
        let target = Arc::new(target);
        let mut object =
            Self { target, standing, gap, newest_gap, snapshot, ordered, carried_out, way, hydrates: true };
        object.goes_on();
        object
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

    /// Changes of it are missing in `channel`; `first`: the channel says so by the first subscription of this run.
    /// False when the snapshot under way repairs that.
    pub(crate) fn misses(&mut self, channel: &Channel, missing: &Missing, first: bool, now: Moment) -> bool {
        // A repair reads all rows after it was subscribed, so it reaches behind what the channel misses.
        if first && let Some(repair) = self.snapshot.as_mut().filter(|snapshot| snapshot.is_repair()) {
            // One that goes on would have passed over what is missed now.
            repair.repair_from(missing.from);
            return false;
        }
        let gap = match self.gap.take() {
            // D9: a gap that is open already began earlier, and its repair has to reach back that far.
            Some(open) => Gap { from: open.from.min(missing.from), to: missing.to, ..open },
            None => {
                self.newest_gap += 1;
                Gap {
                    object: self.target.name.clone(),
                    number: self.newest_gap,
                    channel: Some(channel.clone()),
                    from: missing.from,
                    to: missing.to,
                    cause: missing.cause,
                    state: GapState::Open,
                    found: Some(now),
                    closed: None,
                    rows: 0,
                    reason: None,
                    cursor: None,
                }
            }
        };
        self.gap = Some(gap);
        true
    }

    /// Changes of it are missing although `channel` goes on, so its rows are read anew. Answers with what to store of
    /// that, which is nothing when it is on record.
    pub(crate) fn loses(&mut self, channel: &Channel, missing: &Missing, now: Moment) -> Vec<SourcePosition> {
        let is_known = self.gap.as_ref().is_some_and(|gap| gap.from <= missing.from);
        // Nothing is read of it meanwhile, so what is on record covers this too.
        if is_known && !self.is_well() {
            return Vec::new();
        }
        self.misses(channel, missing, false, now);
        if let Some(mut ordered) = self.snapshot.take_if(|snapshot| snapshot.order.is_some()) {
            ordered.halt();
            self.ordered.push_front(ordered);
        }
        let new = || Snapshot::new(None, SnapshotEntry::asked(None, Some(missing.from)));
        let own = self.snapshot.get_or_insert_with(new);
        own.repair_from(missing.from);
        let asked = own.stored(&self.target.name);
        self.gap.iter().map(Gap::stored).chain([asked]).collect()
    }

    /// Whether its snapshot may be read: it is not done, and nothing stands against it.
    pub(crate) fn has_pages(&self) -> bool {
        self.is_well() && self.snapshot.is_some()
    }

    /// How far its snapshot is; `None` when none is under way.
    pub(crate) fn progress(&self) -> Option<Progress> {
        Some(self.snapshot.as_ref()?.progress(&self.target.name))
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
        if let Some(order) = done.as_ref().and_then(|done| done.order.clone()) {
            let name = SnapshotName { object: self.target.name.clone(), order: Some(order) };
            self.carried_out.push((name, now));
        }
        self.goes_on();
        done
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
    use crate::position::Cause;

    const NOW: Moment = Moment(1_767_262_830_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn object(stored: &Positions, start: Start) -> Object {
        let topic = TopicTemplate::fixed("t");
        let destination =
            Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic, filter: Filter::default() };
        Object::new(Target { name: "Account".to_owned(), destination }, stored, start, false)
    }

    fn missing(hours: u32) -> Missing {
        Missing { from: NOW - HOUR * hours, to: NOW, cause: Cause::ExpiredReplayId }
    }

    #[test]
    fn a_gap_in_repair_is_not_found_again_but_a_second_one_is() {
        let channel = Channel::of_push_topic("t");
        let mut found = object(&Positions::default(), Start::Latest);
        assert!(found.misses(&channel, &missing(30), true, NOW));
        let stored = Positions::read(&[found.gap.unwrap().stored()]).unwrap();

        let mut repairing = object(&stored, Start::Snapshot);
        assert!(!repairing.misses(&channel, &missing(30), true, NOW));
        assert!(repairing.misses(&channel, &missing(40), false, NOW + HOUR));
        let gap = repairing.gap.unwrap();
        assert_eq!((gap.number, gap.from), (1, NOW - HOUR * 40), "one repair reaches back for both");
    }

    #[test]
    fn a_gap_after_one_that_was_closed_has_a_number_of_its_own() {
        let channel = Channel::of_push_topic("t");
        let mut found = object(&Positions::default(), Start::Latest);
        assert!(found.misses(&channel, &missing(30), true, NOW));
        let closed = Gap { state: GapState::Closed, closed: Some(NOW), ..found.gap.unwrap() };
        let mut next = object(&Positions::read(&[closed.stored()]).unwrap(), Start::Latest);
        assert_eq!((&next.gap, next.snapshot.is_some()), (&None, false));
        assert!(next.misses(&channel, &missing(25), true, NOW + HOUR));
        assert_eq!(next.gap.unwrap().number, 2);
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
}
