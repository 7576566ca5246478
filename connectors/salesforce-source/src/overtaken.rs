//! Which events tell less than what was produced already, so that taken at their word they would undo it. Pure but for
//! what it looks up.
//!
//! Sweeps, snapshots and hydration read rows while older events still wait, after an outage for hours. A deletion among
//! them may have been taken back before its record's row was read. Without hydration any such event would put old values
//! behind newer ones, or bring a record back that a sweep found deleted. The row says what is true.

use orgstream_api::EventType;

use crate::fold::{Occurrence, Told};
use crate::recent::{Known, Recent};
use crate::standing::Standing;

/// Marks those of `occurrences` that are no news, by what was produced of their records last.
pub(crate) fn judge(occurrences: &mut [Occurrence], recent: &Recent) {
    for one in occurrences {
        let known = recent.known(&(one.object, one.id));
        let is_from_before = || !recent.is_complete_since(one.event.created);
        match (one.told, known) {
            (Told::ByEvent, Some(known)) => one.told = told(one, known),
            // The record was undeleted before that row was read; or two machines of the org disagree on the second.
            (Told::ByRow, Some(known)) if one.kind == EventType::Deleted && is_newer_row(known, one) => {
                one.told = Told::DeletedUnlessRow;
            }
            // What an earlier run produced behind it is not remembered.
            (Told::ByRow, None) if one.kind == EventType::Deleted && is_from_before() => {
                one.told = Told::DeletedUnlessRow;
            }
            _ => {}
        }
    }
}

fn is_newer_row(known: Known, one: &Occurrence) -> bool {
    known.whole && matches!(known.standing, Standing::Row(stamp) if stamp > one.event.created.stamp())
}

fn told(one: &Occurrence, known: Known) -> Told {
    let at = one.event.created.stamp();
    match (known.standing, one.kind) {
        (Standing::Deleted(_), EventType::Deleted) => Told::ByEvent,
        (Standing::Deleted(deleted), EventType::Undeleted) if at >= deleted => Told::ByEvent,
        (Standing::Deleted(_), _) => Told::ByRowAlone,
        // Only rows are whole. What events told comes in their order.
        (Standing::Row(stamp), kind) if known.whole && stamp >= at => match kind {
            EventType::Deleted => Told::DeletedUnlessRow,
            _ => Told::ByRow,
        },
        (Standing::Row(_), _) => Told::ByEvent,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgstream_api::Stamp;
    use orgstream_salesforce::SalesforceId;

    use super::*;
    use crate::event::Event;
    use crate::moment::Moment;

    fn told_of(kind: EventType, second: i64, known: Option<Known>) -> Option<Told> {
        let event = Arc::new(Event { created: Moment(second * 1000), ..Event::sample("t", 1) });
        let id = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let recent = Recent::default();
        if let Some(known) = known {
            recent.note((0, id), known);
        }
        let mut one = vec![Occurrence { object: 0, id, kind, event, told: Told::ByEvent }];
        judge(&mut one, &recent);
        one.first().map(|one| one.told)
    }

    #[test]
    fn a_deletion_from_before_this_run_is_believed_only_without_a_row() {
        let id = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let told_at = |second: i64, known: Option<i64>| {
            let event = Arc::new(Event { created: Moment(second * 1000), ..Event::sample("t", 1) });
            let recent = Recent::default();
            recent.begins(Moment(100_000));
            if let Some(second) = known {
                let standing = Standing::Row(Stamp(second));
                recent.note((0, id), Known { standing, whole: true });
            }
            let mut one =
                vec![Occurrence { object: 0, id, kind: EventType::Deleted, event, told: Told::ByRow }];
            judge(&mut one, &recent);
            one.first().map(|one| one.told)
        };
        assert_eq!(told_at(99, None), Some(Told::DeletedUnlessRow));
        assert_eq!(told_at(99, Some(98)), Some(Told::ByRow), "this run has produced its last state");
        assert_eq!(told_at(99, Some(101)), Some(Told::DeletedUnlessRow));
        assert_eq!(told_at(200, None), Some(Told::ByRow), "no earlier run has read a row since");
    }

    #[test]
    fn no_event_undoes_what_a_later_row_or_deletion_said() {
        use EventType::{Created, Deleted, Undeleted, Updated};
        let row = |second, whole| Some(Known { standing: Standing::Row(Stamp(second)), whole });
        let gone = |second| Some(Known { standing: Standing::Deleted(Stamp(second)), whole: true });
        for (kind, second, known, told) in [
            (Updated, 5, None, Some(Told::ByEvent)),
            (Updated, 5, row(4, true), Some(Told::ByEvent)),
            (Updated, 5, row(5, true), Some(Told::ByRow)),
            (Created, 5, row(9, true), Some(Told::ByRow)),
            (Deleted, 5, row(5, true), Some(Told::DeletedUnlessRow)),
            (Deleted, 5, row(6, true), Some(Told::DeletedUnlessRow)),
            (Updated, 5, row(9, false), Some(Told::ByEvent)),
            (Updated, 5, gone(4), Some(Told::ByRowAlone)),
            (Updated, 5, gone(9), Some(Told::ByRowAlone)),
            (Undeleted, 5, gone(4), Some(Told::ByEvent)),
            (Undeleted, 5, gone(5), Some(Told::ByEvent)),
            (Undeleted, 5, gone(6), Some(Told::ByRowAlone)),
            (Deleted, 5, gone(9), Some(Told::ByEvent)),
        ] {
            assert_eq!(told_of(kind, second, known), told, "{kind:?} at {second} after {known:?}");
        }
    }
}
