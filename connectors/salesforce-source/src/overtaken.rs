//! Which events tell less than what was produced already, so that taken at their word they would undo it. Pure but for
//! what it looks up.
//!
//! Sweeps and snapshots read rows while older events still wait, after an outage for hours. Without hydration such an
//! event would put old values behind newer ones, or bring a record back that a sweep found deleted. Its row says what is
//! true.

use orgstream_api::EventType;

use crate::fold::{Occurrence, Told};
use crate::recent::{Known, Recent};
use crate::standing::Standing;

/// Leaves out deletions that a newer row was produced behind, and marks those of `occurrences` that are no news, by what
/// was produced of their records last.
pub(crate) fn judge(occurrences: &mut Vec<Occurrence>, recent: &Recent) {
    // The record was undeleted before that row was read, and a later deletion has an event of its own.
    occurrences.retain(|one| {
        let known = || recent.known(&(one.object, one.id));
        one.kind != EventType::Deleted || !known().is_some_and(|known| is_newer_row(known, one))
    });
    for one in occurrences.iter_mut().filter(|one| one.told == Told::ByEvent) {
        if let Some(known) = recent.known(&(one.object, one.id)) {
            one.told = told(one, known);
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
            (Deleted, 5, row(6, true), None),
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
