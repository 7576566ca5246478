//! What events tell of changes that they do not bring: a gap each, which the object's rows close (D9).
//!
//! The gap is on record in the batch whose positions pass the event, so nothing is passed over in silence.

use std::time::Duration;

use orgstream_api::{SourceBatch, Unreadable};
use serde_json::Value;

use crate::batch::Parts;
use crate::counters::Count;
use crate::event::{ChangeEvent, ChangeKind, Event, Ids, What};
use crate::gap::Missing;
use crate::position::Cause;

/// How much earlier than its event a change can have been made: a transaction may run for ten minutes.
const EARLIER: Duration = Duration::from_mins(15);

impl Parts {
    /// Puts into `batch` what is lost with `event`, whose position is in it.
    pub(crate) fn note_losses(&mut self, event: &Event, batch: &mut SourceBatch) {
        match &event.what {
            What::Unreadable(unreadable) => self.note_unreadable(event, unreadable, batch),
            What::Change(change) => match self.subjects.object_of(event) {
                None => self.counters.count(Count::Foreign, 1),
                Some(object) if !self.subjects.objects[object].is_well() => {
                    // What names no record is repaired in another way than what nobody read.
                    self.lose(object, event, unnamed(change).unwrap_or(Cause::ObjectFailed));
                }
                Some(object) => {
                    if let Some(cause) = unnamed(change) {
                        tracing::warn!(
                            object = %change.header.entity, channel = %event.channel, kind = change.header.kind.as_str(),
                            "the org tells of changes without naming their records; the rows are read anew"
                        );
                        self.lose(object, event, cause);
                    }
                }
            },
            What::Topic(_) | What::Platform(_) | What::Generic(_) => {}
        }
    }

    /// Puts into `batch` that `event`, whose position is in it, does not fit what the org says of its kind.
    pub(crate) fn note_unfit(&mut self, event: &Event, reason: &str, batch: &mut SourceBatch) {
        self.keep_unread(event, reason, &event.raw(), batch);
    }

    fn note_unreadable(
        &mut self,
        event: &Event,
        unreadable: &crate::event::Unreadable,
        batch: &mut SourceBatch,
    ) {
        self.keep_unread(event, &unreadable.reason, &unreadable.raw, batch);
        for object in self.subjects.objects_by(&event.channel, entity(&unreadable.raw).as_deref()) {
            self.lose(object, event, Cause::UnreadableEvent);
        }
    }

    fn keep_unread(&mut self, event: &Event, reason: &str, raw: &str, batch: &mut SourceBatch) {
        let replay_id = event.replay_id.map(|id| id.to_string());
        let at = replay_id
            .as_ref()
            .map_or_else(|| "without a replay id".to_owned(), |id| format!("replay id {id}"));
        tracing::warn!(
            channel = %event.channel,
            "org `{}` sent an event on {} ({at}) that cannot be read: {}; it is kept in the topic {}.dead_letters, and \
             the stream goes on behind it",
            self.rows.patience().org().name(), event.channel, reason, self.config.pipeline
        );
        self.counters.count(Count::Unreadable, 1);
        batch.unreadable.push(Unreadable {
            channel: event.channel.to_string(),
            replay_id,
            reason: reason.to_owned(),
            raw: raw.to_owned(),
            at: event.created.0,
        });
    }

    fn lose(&mut self, object: usize, event: &Event, cause: Cause) {
        let now = self.now();
        let missing = Missing { from: event.created - EARLIER, to: now, cause };
        // It is stored with the positions of the same batch.
        self.subjects.misses(object, Some(&event.channel), &missing, now);
    }
}

/// Why the records of a change are not known; `None` where they are.
fn unnamed(change: &ChangeEvent) -> Option<Cause> {
    match (change.header.kind, &change.header.ids) {
        (ChangeKind::Overflow, _) => Some(Cause::Overflow),
        (_, Ids::Unnamed) => Some(Cause::GapEvent),
        (_, Ids::Records(_)) => None,
    }
}

/// The object that an unreadable change event may still name.
fn entity(raw: &str) -> Option<String> {
    let data: Value = serde_json::from_str(raw).ok()?;
    data.pointer("/payload/ChangeEventHeader/entityName")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::fixture;

    #[test]
    fn only_an_event_that_names_no_record_leaves_its_changes_out() {
        for (name, cause) in [
            ("cdc_gap_overflow", Some(Cause::Overflow)),
            ("cdc_gap_wildcard", Some(Cause::GapEvent)),
            ("cdc_gap_update", None),
            ("cdc_update", None),
        ] {
            let What::Change(change) = fixture(name).what else { panic!("{name}") };
            assert_eq!(unnamed(&change), cause, "{name}");
        }
        let What::Unreadable(unreadable) = fixture("unreadable_change_type").what else { panic!() };
        assert_eq!(entity(&unreadable.raw).as_deref(), Some("Account"));
    }
}
