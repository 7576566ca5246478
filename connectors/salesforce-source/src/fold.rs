//! Folds what the events of a batch say into one change per record. Pure.
//!
//! Rows are read after the last event of the batch, so for a record that still lives one image stands for all of
//! its events. A deletion ends what came before it. Changes that are told by their event alone are not folded: each of
//! them carries fields that no other need carry.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use orgstream_api::EventType;
use orgstream_salesforce::SalesforceId;

use crate::event::Event;

/// What an event says of one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    /// The index of the record's object.
    pub(crate) object: usize,
    pub(crate) id: SalesforceId,
    /// What happened to it.
    pub(crate) kind: EventType,
    pub(crate) event: Arc<Event>,
    pub(crate) told: Told,
}

/// What tells the state of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its row, which has to be read.
    ByRow,
    /// The event's own fields.
    ByEvent,
    /// Its row and nothing else: the event may be older than a deletion that was produced, so that without a row there
    /// is nothing to tell.
    ByRowAlone,
    /// Its row: the event is a deletion that may have been taken back before it came.
    DeletedUnlessRow,
}

/// What the events of a batch say about one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The index of the record's object.
    pub(crate) object: usize,
    pub(crate) id: SalesforceId,
    /// The last event of the record; its replay id stands in the record's headers.
    pub(crate) last: Arc<Event>,
    /// What the record on the topic says, given that the row is there; `Deleted` after a last delete that is not in doubt.
    pub(crate) kind: EventType,
    /// The last delete among the events. One transaction's events may come last change first, so that a delete
    /// can stand before an update; the row then is gone, and this event has to say so.
    pub(crate) deletion: Option<Arc<Event>>,
    pub(crate) told: Told,
    /// Whether one of the events says that it came back from the recycle bin.
    pub(crate) is_back: bool,
}

/// One change for every record in `occurrences` whose row is read, in the order in which the records first occur, so that
/// a parent created before its child stays before it; and one for every other occurrence.
pub(crate) fn fold(occurrences: &[Occurrence]) -> Vec<Change> {
    let read: HashSet<(usize, SalesforceId)> = occurrences
        .iter()
        .filter(|occurrence| occurrence.told != Told::ByEvent)
        .map(|occurrence| (occurrence.object, occurrence.id))
        .collect();
    let mut places: HashMap<(usize, SalesforceId), usize> = HashMap::new();
    let mut changes: Vec<Change> = Vec::new();
    for Occurrence { object, id, kind, event, told } in occurrences {
        let last = Arc::clone(event);
        let deletion = (*kind == EventType::Deleted).then(|| Arc::clone(event));
        let is_back = *kind == EventType::Undeleted;
        let change = Change { object: *object, id: *id, last, kind: *kind, deletion, told: *told, is_back };
        if !read.contains(&(*object, *id)) {
            changes.push(change);
            continue;
        }
        let place = *places.entry((*object, *id)).or_insert(changes.len());
        match changes.get_mut(place) {
            // The row is read because of another event, and is newer than what this one carries.
            None => changes.push(Change { told: told.by_row(), ..change }),
            Some(known) => known.take_in(change),
        }
    }
    for change in &mut changes {
        // A delete is the last word; what was one on the way is an undelete or an update at the end.
        if change.deletion.as_ref().is_some_and(|deletion| Arc::ptr_eq(deletion, &change.last)) {
            let taken_back = change.told == Told::DeletedUnlessRow;
            change.kind = if taken_back { EventType::Undeleted } else { EventType::Deleted };
            change.is_back |= taken_back;
        }
    }
    changes
}

impl Change {
    /// Whether there may be a row to read.
    pub(crate) fn reads_a_row(&self) -> bool {
        self.told != Told::ByEvent && self.kind != EventType::Deleted
    }

    /// A later change of the same record.
    fn take_in(&mut self, later: Self) {
        self.last = later.last;
        self.kind = stronger(self.kind, later.kind);
        self.is_back |= later.is_back;
        self.deletion = later.deletion.or(self.deletion.take());
        self.told = match (self.told, later.told) {
            // A deletion decides by itself what it leaves in doubt; nothing that came before it is told any more.
            (_, told) if later.kind == EventType::Deleted => told.by_row(),
            (Told::ByRowAlone, _) | (_, Told::ByRowAlone) => Told::ByRowAlone,
            (_, told) => told.by_row(),
        };
    }
}

impl Told {
    fn by_row(self) -> Self {
        if self == Self::ByEvent { Self::ByRow } else { self }
    }
}

/// Created before undeleted before updated; a deletion on the way says nothing about a row that is there.
fn stronger(one: EventType, other: EventType) -> EventType {
    let rank = |kind| match kind {
        EventType::Created => 3,
        EventType::Undeleted => 2,
        EventType::Updated => 1,
        EventType::Deleted => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::replay_id::ReplayId;

    fn occurrence(record: u8, kind: EventType, replay_id: i64) -> Occurrence {
        let event = Arc::new(Event::sample("orgstream_Account", replay_id));
        let id = SalesforceId::parse(&format!("0015g0000000{record:03}")).unwrap();
        Occurrence { object: 0, id, kind, event, told: Told::ByRow }
    }

    fn occurrences(story: &[(u8, EventType)]) -> Vec<Occurrence> {
        (0_i64..).zip(story).map(|(at, (record, kind))| occurrence(*record, *kind, at)).collect()
    }

    fn kind() -> impl Strategy<Value = EventType> {
        prop_oneof![
            Just(EventType::Created),
            Just(EventType::Updated),
            Just(EventType::Deleted),
            Just(EventType::Undeleted),
        ]
    }

    proptest! {
        #[test]
        fn per_record_the_last_event_decides(story in prop::collection::vec((0_u8..5, kind()), 0..40)) {
            let all = occurrences(&story);
            let changes = fold(&all);

            let records: BTreeSet<_> = all.iter().map(|one| one.id).collect();
            prop_assert_eq!(changes.len(), records.len(), "one change per record");
            for change in &changes {
                let own: Vec<_> = all.iter().filter(|one| one.id == change.id).collect();
                let last = own.last().unwrap();
                prop_assert_eq!(change.last.replay_id, last.event.replay_id);
                let any = |kind| own.iter().any(|one| one.kind == kind);
                prop_assert_eq!(change.is_back, any(EventType::Undeleted));
                let expected = if last.kind == EventType::Deleted {
                    EventType::Deleted
                } else if any(EventType::Created) {
                    EventType::Created
                } else if any(EventType::Undeleted) {
                    EventType::Undeleted
                } else {
                    EventType::Updated
                };
                prop_assert_eq!(change.kind, expected);
                let deletion = own.iter().rev().find(|one| one.kind == EventType::Deleted);
                prop_assert_eq!(
                    change.deletion.as_ref().map(|event| event.replay_id),
                    deletion.map(|one| one.event.replay_id)
                );
            }
        }

        #[test]
        fn records_keep_the_order_in_which_they_first_occur(story in prop::collection::vec((0_u8..5, kind()), 0..40)) {
            let all = occurrences(&story);
            let mut first = Vec::new();
            for one in &all {
                if !first.contains(&one.id) {
                    first.push(one.id);
                }
            }
            let folded: Vec<_> = fold(&all).iter().map(|change| change.id).collect();
            prop_assert_eq!(folded, first);
        }

        /// What an event alone tells is told once each and in order, unless the record's row is read anyway.
        #[test]
        fn only_records_whose_row_is_read_are_folded(story in prop::collection::vec((0_u8..5, kind(), 0_u8..6), 0..40)) {
            let told = |told| if told == 0 { Told::ByRow } else { Told::ByEvent };
            let all: Vec<_> = (0_i64..)
                .zip(&story)
                .map(|(at, (record, kind, by))| Occurrence { told: told(*by), ..occurrence(*record, *kind, at) })
                .collect();
            let read: BTreeSet<_> = all.iter().filter(|one| one.told == Told::ByRow).map(|one| one.id).collect();
            let changes = fold(&all);
            let alone: Vec<_> = changes.iter().filter(|change| change.told == Told::ByEvent).collect();
            let wanted: Vec<_> = all.iter().filter(|one| !read.contains(&one.id)).collect();
            prop_assert_eq!(alone.len(), wanted.len());
            for (change, one) in alone.iter().zip(wanted) {
                prop_assert_eq!((change.id, change.kind, change.last.replay_id), (one.id, one.kind, one.event.replay_id));
            }
            let folded: Vec<_> = changes.iter().filter(|change| change.told != Told::ByEvent).collect();
            prop_assert_eq!(folded.len(), read.len(), "one for each whose row is read");
        }
    }

    #[test]
    fn an_event_that_a_deletion_may_have_overtaken_keeps_the_word_from_all_others_of_its_record() {
        let by = |told, replay_id| Occurrence { told, ..occurrence(1, EventType::Updated, replay_id) };
        let changes = fold(&[by(Told::ByEvent, 1), by(Told::ByRowAlone, 2), by(Told::ByEvent, 3)]);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].told, changes[0].last.replay_id), (Told::ByRowAlone, Some(ReplayId(3))));
    }
}
