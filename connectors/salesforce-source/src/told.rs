//! What an event says of records, and what of it has to be read. Pure.
//!
//! With hydration every row is read. Without, the event's own fields tell, but for what they cannot tell: a change that came
//! without its fields, a text told as the difference from one that is not known, a change that a deletion may have
//! overtaken.

use std::sync::Arc;

use crate::event::{ChangeKind, Event, What};
use crate::event_image::is_difference;
use crate::fold::{Occurrence, Told};

/// What `event` says of records of the object with the index `object`.
pub(crate) fn occurrences(object: usize, event: &Arc<Event>, hydrates: bool) -> Vec<Occurrence> {
    let one = |id, kind, told| Occurrence { object, id, kind, event: Arc::clone(event), told };
    match &event.what {
        What::Topic(topic) => {
            let told = if hydrates { Told::ByRow } else { Told::ByEvent };
            vec![one(topic.id, topic.kind, told)]
        }
        What::Change(change) => {
            let Some(kind) = change.header.kind.event_type() else { return Vec::new() };
            let by_row = hydrates
                || matches!(change.header.kind, ChangeKind::Gap(_))
                || change.fields.values().any(is_difference);
            let told = if by_row { Told::ByRow } else { Told::ByEvent };
            change.header.ids.records().iter().map(|id| one(*id, kind, told)).collect()
        }
        What::Platform(_) | What::Generic(_) | What::Unreadable(_) => Vec::new(),
    }
}

/// Whether an event can come after one that happened later: a PushTopic tells the changes of one transaction last change
/// first. Change events come in the order of commits.
pub(crate) fn may_be_overtaken(event: &Event) -> bool {
    matches!(event.what, What::Topic(_))
}

#[cfg(test)]
mod tests {
    use orgstream_api::EventType;

    use super::*;
    use crate::event::fixture;

    #[test]
    fn an_event_of_several_records_says_the_same_of_each() {
        let occurrences = occurrences(3, &Arc::new(fixture("cdc_update_of_three")), false);
        let ids: Vec<_> = occurrences.iter().map(|one| one.id.as_str().to_owned()).collect();
        assert_eq!(ids, ["0015g00000QwErTAAV", "0015g00000QwErUAAV", "0015g00000QwErVAAV"]);
        assert!(occurrences.iter().all(|one| one.object == 3 && one.kind == EventType::Updated));
    }

    #[test]
    fn without_hydration_only_what_an_event_cannot_tell_is_read() {
        for (name, told) in [
            ("updated", Told::ByEvent),
            ("cdc_create", Told::ByEvent),
            ("cdc_update", Told::ByEvent),
            ("cdc_delete", Told::ByEvent),
            ("cdc_diff", Told::ByRow),
            ("cdc_gap_create", Told::ByRow),
            ("cdc_gap_update", Told::ByRow),
            ("cdc_gap_delete", Told::ByRow),
        ] {
            let event = Arc::new(fixture(name));
            let all = occurrences(0, &event, false);
            assert!(!all.is_empty() && all.iter().all(|one| one.told == told), "{name}: {all:?}");
            assert!(occurrences(0, &event, true).iter().all(|one| one.told == Told::ByRow), "{name}");
        }
        for name in ["cdc_gap_overflow", "cdc_gap_wildcard", "platform", "generic", "unreadable_type"] {
            assert!(occurrences(0, &Arc::new(fixture(name)), true).is_empty(), "{name} names no record");
        }
    }
}
