//! Folds the events of a batch into one change per record. Pure.
//!
//! Rows are read after the last event of the batch, so for a record that still lives one image stands for all of
//! its events. A deletion ends what came before it.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::EventType;
use orgstream_salesforce::SalesforceId;

use crate::event::Event;

/// An event, and the object of its record by index.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) object: usize,
    pub(crate) event: Arc<Event>,
}

/// What the events of a batch say about one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The index of the record's object.
    pub(crate) object: usize,
    /// The last event of the record; its replay id stands in the record's headers.
    pub(crate) last: Arc<Event>,
    /// What the record on the topic says, given that the row is there (always `Deleted` after a last delete).
    pub(crate) kind: EventType,
    /// The last delete among the events. One transaction's events may come last change first, so that a delete
    /// can stand before an update; the row then is gone, and this event has to say so.
    pub(crate) deletion: Option<Arc<Event>>,
}

/// One change for every record in `occurrences`, in the order in which the records first occur, so that a parent
/// created before its child stays before it.
pub(crate) fn fold(occurrences: &[Occurrence]) -> Vec<Change> {
    let mut places: HashMap<(usize, SalesforceId), usize> = HashMap::new();
    let mut changes: Vec<Change> = Vec::new();
    for Occurrence { object, event } in occurrences {
        let last = Arc::clone(event);
        let deletion = (event.kind == EventType::Deleted).then(|| Arc::clone(event));
        let place = *places.entry((*object, event.id)).or_insert(changes.len());
        match changes.get_mut(place) {
            None => changes.push(Change { object: *object, last, kind: event.kind, deletion }),
            Some(change) => {
                change.last = last;
                change.deletion = deletion.or(change.deletion.take());
                change.kind = stronger(change.kind, event.kind);
            }
        }
    }
    for change in &mut changes {
        change.kind = match change.last.kind {
            EventType::Deleted => EventType::Deleted,
            // What was a deletion on the way is an undelete or an update at the end.
            _ => change.kind,
        };
    }
    changes
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

    use orgstream_salesforce::Row;
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::*;
    use crate::channel::Channel;
    use crate::replay_id::ReplayId;

    fn event(record: u8, kind: EventType, replay_id: i64) -> Arc<Event> {
        Arc::new(Event {
            channel: Channel::of_push_topic("orgstream_Account"),
            replay_id: ReplayId(replay_id),
            received: Instant::now(),
            kind,
            created: replay_id,
            id: SalesforceId::parse(&format!("0015g0000000{record:03}")).unwrap(),
            fields: Row::new(),
        })
    }

    fn of_one_object(events: &[Arc<Event>]) -> Vec<Occurrence> {
        events.iter().map(|event| Occurrence { object: 0, event: Arc::clone(event) }).collect()
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
            let events: Vec<_> =
                (0_i64..).zip(&story).map(|(at, (record, kind))| event(*record, *kind, at)).collect();
            let changes = fold(&of_one_object(&events));

            let records: BTreeSet<_> = events.iter().map(|event| event.id).collect();
            prop_assert_eq!(changes.len(), records.len(), "one change per record");
            for change in &changes {
                let own: Vec<_> = events.iter().filter(|event| event.id == change.last.id).collect();
                let last = own.last().unwrap();
                prop_assert_eq!(change.last.replay_id, last.replay_id);
                let any = |kind| own.iter().any(|event| event.kind == kind);
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
                let deletion = own.iter().rev().find(|event| event.kind == EventType::Deleted);
                prop_assert_eq!(
                    change.deletion.as_ref().map(|event| event.replay_id),
                    deletion.map(|event| event.replay_id)
                );
            }
        }

        #[test]
        fn records_keep_the_order_in_which_they_first_occur(story in prop::collection::vec((0_u8..5, kind()), 0..40)) {
            let events: Vec<_> =
                (0_i64..).zip(&story).map(|(at, (record, kind))| event(*record, *kind, at)).collect();
            let mut first = Vec::new();
            for event in &events {
                if !first.contains(&event.id) {
                    first.push(event.id);
                }
            }
            let folded: Vec<_> = fold(&of_one_object(&events)).iter().map(|change| change.last.id).collect();
            prop_assert_eq!(folded, first);
        }
    }
}
