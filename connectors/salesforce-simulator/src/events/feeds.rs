//! Everything of an org that raises events when a transaction is done.

use std::sync::Arc;

use super::capture::Capture;
use super::change_event::{self, GapKind};
use super::event_log::EventLog;
use super::notices;
use super::platform_event::{self, Published};
use super::push_topic::PushTopic;
use crate::data::{Refusal, Store, StoredEvent, Transaction};
use crate::timestamp::Timestamp;

/// What is told of changes.
#[derive(Debug)]
pub(crate) struct Feeds {
    /// The active PushTopics.
    pub(crate) topics: Vec<PushTopic>,
    /// Change Data Capture.
    pub(crate) capture: Capture,
    published: Published,
    /// More changes than this in one transaction are an overflow.
    threshold: usize,
    /// Who writes.
    user_id: String,
}

impl Feeds {
    /// The feeds of an org with these rows.
    pub(crate) fn new(store: &Store, user_id: &str, threshold: usize) -> Self {
        Self {
            topics: PushTopic::active(store, &[]),
            capture: Capture::new(store),
            published: Published::default(),
            threshold,
            user_id: user_id.to_owned(),
        }
    }

    /// Raises the events of a transaction that is done; they show the rows as they stand at its end. Changes of
    /// PushTopics themselves are effective for the next one.
    pub(crate) fn raise(
        &mut self,
        log: &mut EventLog,
        store: &Store,
        tx: &Transaction,
        now: Timestamp,
    ) -> Vec<Arc<StoredEvent>> {
        log.forget_old(now);
        let mut raised = notices::raise(log, store, &self.topics, tx, now);
        let commit = (self.user_id.as_str(), now);
        raised.extend(change_event::raise(log, store, &mut self.capture, tx, commit, self.threshold));
        for published in &tx.published {
            self.published.note(now);
            raised.extend(platform_event::raise(log, store, published, now));
        }
        if tx.changes.iter().any(|change| store.schema.object(change.object).name == PushTopic::OBJECT) {
            self.topics = PushTopic::active(store, &self.topics);
        }
        raised
    }

    /// Raises a gap event that no change caused.
    pub(crate) fn raise_gap(
        &mut self,
        log: &mut EventLog,
        store: &Store,
        object: &str,
        kind: GapKind,
        ids: &[String],
        now: Timestamp,
    ) -> Result<Vec<Arc<StoredEvent>>, Refusal> {
        let captured = store.schema.find(object).filter(|at| self.capture.channels(*at).is_some());
        let object = captured.ok_or_else(|| {
            Refusal::new(400, "INVALID_FIELD", format!("changes of {object} are not captured"))
        })?;
        let commit = (self.user_id.as_str(), now);
        let raised = change_event::raise_gap(log, store, &mut self.capture, (object, kind, ids), commit);
        Ok(raised.into_iter().collect())
    }

    /// How many platform events may still be published within this hour, if there may be so many.
    pub(crate) fn publishable(&mut self, now: Timestamp, max: u64) -> usize {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        max.saturating_sub(self.published.within_an_hour(now))
    }
}
