//! What was told lately of records coming and going, so that no event of before brings a deleted record back or takes
//! away one that lives. Pure.
//!
//! A PushTopic tells the changes of one transaction last change first: a delete can stand before an update that
//! happened before it, and after the undelete that followed it. An undelete of a later time brings a record back;
//! whatever else follows a delete has to be confirmed by the row, and so has a delete of an undelete's own time.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::EventType;
use orgstream_salesforce::SalesforceId;

use crate::fold::{Occurrence, Told};
use crate::moment::Moment;
use crate::told::may_be_overtaken;

/// How far back a deletion can be told before the other changes of its transaction, which may run for ten minutes.
pub(crate) const OVERTAKES: Duration = Duration::from_mins(15);

/// By record, with the object's index, when it was deleted or came back last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deletions(HashMap<(usize, SalesforceId), Turn>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Deleted(Moment),
    Back(Moment),
}

impl Deletions {
    /// A record was deleted at this time.
    fn note(&mut self, object: usize, id: SalesforceId, at: Moment) {
        let known = self.0.entry((object, id)).or_insert(Turn::Deleted(at));
        if known.at() <= at {
            *known = Turn::Deleted(at);
        }
    }

    /// Marks those of `occurrences` that tell less than they seem to, given those of this batch and of the ones before
    /// it, and remembers what they tell.
    pub(crate) fn judge(&mut self, occurrences: &mut [Occurrence]) {
        for one in occurrences.iter_mut().filter(|one| may_be_overtaken(&one.event)) {
            let (key, at) = ((one.object, one.id), one.event.created);
            let known = self.0.get(&key).copied();
            match (one.kind, known) {
                (EventType::Deleted, Some(Turn::Back(back))) if at <= back => {
                    one.told = Told::DeletedUnlessRow;
                    self.0.insert(key, Turn::Deleted(at));
                }
                (EventType::Deleted, _) => self.note(key.0, key.1, at),
                (EventType::Undeleted, Some(Turn::Deleted(deleted))) if at > deleted => {
                    self.0.insert(key, Turn::Back(at));
                }
                (_, Some(Turn::Deleted(_))) => one.told = Told::ByRowAlone,
                (EventType::Undeleted, _) => {
                    self.0.insert(key, Turn::Back(at));
                }
                (EventType::Created | EventType::Updated, _) => {}
            }
        }
    }

    /// Forgets what no event can be older than any more, once all events before `as_of` have come: those that wait since
    /// an outage are older than the present.
    pub(crate) fn forget_before(&mut self, as_of: Moment) {
        let oldest = as_of - OVERTAKES;
        self.0.retain(|_, turn| turn.at() >= oldest);
    }
}

impl Turn {
    fn at(self) -> Moment {
        match self {
            Self::Deleted(at) | Self::Back(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::event::Event;
    use crate::fold::fold;

    fn occurrence(record: u8, kind: EventType, at: i64) -> Occurrence {
        let event = Arc::new(Event { created: Moment(at), ..Event::sample("t", at) });
        let id = SalesforceId::parse(&format!("0015g0000000{record:03}")).unwrap();
        Occurrence { object: 0, id, kind, event, told: Told::ByEvent }
    }

    /// What one transaction does to one record that lives or not: a valid order of changes.
    fn transaction(lives: bool, wishes: &[u8]) -> (Vec<EventType>, bool) {
        let mut lives = lives;
        let mut changes = Vec::new();
        for wish in wishes {
            changes.push(match (lives, wish % 3) {
                (true, 0) => EventType::Deleted,
                (true, _) => EventType::Updated,
                (false, _) => EventType::Undeleted,
            });
            lives = changes.last() != Some(&EventType::Deleted);
        }
        (changes, lives)
    }

    proptest! {
        /// Transactions of several changes, told last change first and cut into batches anywhere. What is told of a
        /// record by events alone and by the row at the end of each batch leaves it as the org has it.
        #[test]
        fn a_deleted_record_is_never_brought_back(
            wishes in prop::collection::vec(prop::collection::vec(0_u8..6, 1..4), 1..8),
            cuts in prop::collection::vec(1_usize..4, 1..20),
        ) {
            let mut lives = true;
            let mut told: Vec<(Occurrence, bool)> = Vec::new();
            for (number, wishes) in (1_i64..).zip(&wishes) {
                let (changes, after) = transaction(lives, wishes);
                lives = after;
                // Every event comes after its transaction is done.
                told.extend(changes.iter().rev().map(|kind| (occurrence(1, *kind, number * 1000), after)));
            }
            let mut deletions = Deletions::default();
            let mut stands = true;
            let mut rest = &told[..];
            for cut in cuts.iter().cycle() {
                let Some((first, _)) = rest.split_at_checked((*cut).min(rest.len())).filter(|(first, _)| !first.is_empty())
                else { break };
                rest = &rest[first.len()..];
                let mut occurrences: Vec<_> = first.iter().map(|(one, _)| one.clone()).collect();
                deletions.judge(&mut occurrences);
                // The org is as it was after the last of the transactions that the batch tells of.
                let (last, row) = first.last().unwrap();
                for change in fold(&occurrences) {
                    match change.told {
                        Told::ByEvent => stands = change.kind != EventType::Deleted,
                        _ if *row && change.reads_a_row() => stands = true,
                        _ if change.deletion.is_some() => stands = false,
                        _ => {}
                    }
                }
                let whole = rest.first().is_none_or(|(next, _)| next.event.created > last.event.created);
                prop_assert!(!whole || stands == *row, "{last:?}");
            }
            prop_assert_eq!(stands, lives, "{:?}", told.iter().map(|(one, _)| one.kind).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_delete_that_its_own_transaction_took_back_is_believed_only_without_a_row() {
        use EventType::{Deleted, Undeleted};
        let mut story = [occurrence(1, Undeleted, 1000), occurrence(1, Deleted, 1000)];
        Deletions::default().judge(&mut story);
        assert_eq!(story[1].told, Told::DeletedUnlessRow);
        let [change] = &fold(&story)[..] else { panic!() };
        assert_eq!((change.kind, change.reads_a_row()), (Undeleted, true));
        let mut story = [occurrence(1, Undeleted, 1000), occurrence(1, Deleted, 1001)];
        Deletions::default().judge(&mut story);
        assert_eq!(story[1].told, Told::ByEvent);
    }

    #[test]
    fn only_an_undelete_of_a_later_time_is_believed_after_a_delete() {
        use EventType::{Created, Deleted, Undeleted, Updated};
        for (kind, at, told) in [
            (Updated, 1000, Told::ByRowAlone),
            (Created, 1000, Told::ByRowAlone),
            (Undeleted, 1000, Told::ByRowAlone),
            (Updated, 2000, Told::ByRowAlone),
            (Undeleted, 1001, Told::ByEvent),
        ] {
            let mut story =
                [occurrence(1, Deleted, 1000), occurrence(1, kind, at), occurrence(2, Updated, 1000)];
            Deletions::default().judge(&mut story);
            assert_eq!((story[1].told, story[2].told), (told, Told::ByEvent), "{kind:?} at {at}");

            // The same over two batches, and after a restart that read the delete back from its topic.
            let mut deletions = Deletions::default();
            deletions.note(0, story[0].id, Moment(1000));
            let mut later = [occurrence(1, kind, at)];
            deletions.judge(&mut later);
            assert_eq!(later[0].told, told, "{kind:?} at {at}");
            deletions.forget_before(Moment(1002) + OVERTAKES);
            assert_eq!(deletions, Deletions::default());
        }
    }
}
