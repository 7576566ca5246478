//! Everything of an org that raises events when a transaction is done.

use std::sync::Arc;

use super::capture::Capture;
use super::change_event::{self, GapKind};
use super::event_log::EventLog;
use super::generic;
use super::notices;
use super::platform_event;
use super::push_topic::{Broken, PushTopic};
use crate::data::{Refusal, Store, StoredEvent, Transaction};
use crate::schema::Schema;
use crate::timestamp::Timestamp;

/// What is told of changes.
#[derive(Debug)]
pub(crate) struct Feeds {
    /// The active PushTopics.
    pub(crate) topics: Vec<PushTopic>,
    /// Those whose query the org cannot run any more.
    pub(super) broken: Vec<Broken>,
    /// Change Data Capture.
    pub(crate) capture: Capture,
    /// More changes than this in one transaction are an overflow.
    threshold: usize,
    /// Who writes.
    user_id: String,
    /// The schema that topics and capture go by.
    seen: Arc<Schema>,
}

impl Feeds {
    /// Feeds that tell nothing yet: [`Feeds::open`] opens them.
    pub(crate) fn new(store: &Store, user_id: &str, threshold: usize) -> Self {
        Self {
            topics: Vec::new(),
            broken: Vec::new(),
            capture: Capture::new(&store.schema),
            threshold,
            user_id: user_id.to_owned(),
            seen: Arc::clone(&store.schema),
        }
    }

    /// Tells from now on what the org's PushTopics and definitions ask for, and the changes of these objects.
    pub(crate) fn open(&mut self, store: &Store, captured: &[String]) -> Result<(), String> {
        self.find_topics(store);
        self.capture.open(&store.schema);
        captured.iter().try_for_each(|object| self.capture.select(&store.schema, object))
    }

    /// Goes by the schema as it is now.
    pub(crate) fn sync(&mut self, store: &Store) {
        if !Arc::ptr_eq(&self.seen, &store.schema) {
            self.seen = Arc::clone(&store.schema);
            self.capture.sync(&store.schema);
            self.find_topics(store);
        }
    }

    /// The events of a transaction that is done; they show the rows as they stand at its end.
    pub(crate) fn raise(
        &mut self,
        log: &mut EventLog,
        store: &Store,
        tx: &Transaction,
        now: Timestamp,
    ) -> Vec<Arc<StoredEvent>> {
        log.forget_old(now);
        self.sync(store);
        let mut raised = notices::raise(log, store, &self.topics, tx, now);
        let commit = (self.user_id.as_str(), now);
        raised.extend(change_event::raise(log, store, &mut self.capture, tx, commit, self.threshold));
        for published in &tx.published {
            let schema = self.capture.schema_id(published.object);
            raised.extend(platform_event::raise(log, store, published, &schema, now));
        }
        raised.extend(tx.pushed.iter().filter_map(|push| generic::raise(log, push, now)));
        raised
    }

    /// Takes note of a transaction that stands. Changes of PushTopics themselves are effective for the next one.
    pub(crate) fn committed(&mut self, store: &Store, tx: &Transaction) {
        if tx.changes.iter().any(|change| store.schema.object(change.object).name == PushTopic::OBJECT) {
            self.find_topics(store);
        }
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
        self.sync(store);
        let captured = store.schema.find(object).filter(|at| self.capture.channels(*at).is_some());
        let object = captured.ok_or_else(|| {
            Refusal::new(400, "INVALID_FIELD", format!("changes of {object} are not captured"))
        })?;
        let commit = (self.user_id.as_str(), now);
        let raised = change_event::raise_gap(log, store, &mut self.capture, (object, kind, ids), commit);
        Ok(raised.into_iter().collect())
    }

    fn find_topics(&mut self, store: &Store) {
        let (topics, broken) = PushTopic::active(store, &self.topics);
        for topic in broken.iter().filter(|topic| !self.broken.contains(topic)) {
            let Broken { channel, reason } = topic;
            tracing::warn!(channel, reason, "a PushTopic of the sandbox org tells nothing any more");
        }
        (self.topics, self.broken) = (topics, broken);
    }
}
