//! The events an org has raised and can still replay, an index for each channel.
//!
//! Replay ids ascend over all channels and skip some numbers, so within a channel they are never contiguous. An
//! event can be asked for as long as it is retained; an id that is too old, was never given out or lies in the
//! future is not a place to go on from.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value as Json, json};

use super::push_topic::PushTopic;
use crate::clock::millis;
use crate::data::{Api, Operation, Store, StoredEvent, Transaction};
use crate::timestamp::Timestamp;

/// The log of one org.
#[derive(Debug)]
pub(crate) struct EventLog {
    /// The events of each channel, oldest first; one that several channels bring is shared by them.
    channels: HashMap<Arc<str>, VecDeque<Arc<StoredEvent>>>,
    last: u64,
    retention: i64,
    gaps: StdRng,
}

impl EventLog {
    /// An empty log whose ids skip numbers as `gaps` says.
    pub(crate) fn new(retention: Duration, gaps: StdRng) -> Self {
        Self { channels: HashMap::new(), last: 0, retention: millis(retention), gaps }
    }

    /// Puts events back that were raised before a restart.
    pub(crate) fn restore(&mut self, events: Vec<Arc<StoredEvent>>, last: u64) {
        for event in events {
            self.keep(&event);
        }
        self.last = self.last.max(last);
    }

    /// Raises the events of a transaction; they show the rows as they stand at its end.
    pub(crate) fn raise(
        &mut self,
        store: &Store,
        topics: &[PushTopic],
        tx: &Transaction,
        now: Timestamp,
    ) -> Vec<Arc<StoredEvent>> {
        // Bulk changes raise no PushTopic events.
        let topics = if tx.origin.api == Api::Bulk { &[] } else { topics };
        let mut raised = Vec::new();
        for change in &tx.changes {
            let Some((_, after)) = store.row(&change.id) else { continue };
            for topic in topics.iter().filter(|topic| topic.notices(store, change, after)) {
                let sobject = topic.show(store, change.operation, after);
                let data = |replay_id| notification(replay_id, now, change.operation, &sobject);
                raised.extend(self.append(vec![Arc::clone(&topic.channel)], now, data));
            }
        }
        self.forget_old(now);
        raised
    }

    /// Adds one event to these channels; `data` writes its JSON for the replay id it gets.
    pub(crate) fn append(
        &mut self,
        channels: Vec<Arc<str>>,
        now: Timestamp,
        data: impl FnOnce(u64) -> serde_json::Result<Box<RawValue>>,
    ) -> Option<Arc<StoredEvent>> {
        self.last += 1 + self.gaps.random_range(0..3);
        let written = data(self.last);
        let data = written.inspect_err(|error| tracing::error!(%error, "an event cannot be written")).ok()?;
        let event = Arc::new(StoredEvent { replay_id: self.last, channels, created: now.millis(), data });
        self.keep(&event);
        Some(event)
    }

    /// The last id given out; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether a subscription may go on after this id.
    pub(crate) fn knows(&mut self, replay_id: u64, now: Timestamp) -> bool {
        self.forget_old(now);
        let mut channels = self.channels.values();
        channels.any(|events| events.binary_search_by_key(&replay_id, |event| event.replay_id).is_ok())
    }

    /// Events of a channel after this id, oldest first.
    pub(crate) fn after(
        &self,
        channel: &str,
        replay_id: u64,
    ) -> impl Iterator<Item = &Arc<StoredEvent>> + use<'_> {
        self.channels.get(channel).into_iter().flat_map(move |events| {
            let from = events.partition_point(|event| event.replay_id <= replay_id);
            events.range(from..)
        })
    }

    /// All events that can still be replayed, in the order they were raised.
    pub(crate) fn retained(&self, now: Timestamp) -> Vec<Arc<StoredEvent>> {
        let events = self.channels.values().flatten().filter(|event| self.keeps(event, now));
        let in_order: BTreeMap<u64, &Arc<StoredEvent>> =
            events.map(|event| (event.replay_id, event)).collect();
        in_order.into_values().map(Arc::clone).collect()
    }

    /// Forgets events beyond retention.
    pub(crate) fn forget_old(&mut self, now: Timestamp) {
        let retention = self.retention;
        for events in self.channels.values_mut() {
            while events.front().is_some_and(|event| now.millis() - event.created > retention) {
                events.pop_front();
            }
        }
    }

    /// Forgets all events up to this id, as if their retention were over; answers how many there were.
    pub(crate) fn forget_until(&mut self, replay_id: u64) -> usize {
        let channels = self.channels.values_mut();
        let gone = channels.map(|events| {
            let upto = events.partition_point(|event| event.replay_id <= replay_id);
            events.drain(..upto).count()
        });
        gone.sum()
    }

    fn keeps(&self, event: &StoredEvent, now: Timestamp) -> bool {
        now.millis() - event.created <= self.retention
    }

    fn keep(&mut self, event: &Arc<StoredEvent>) {
        for channel in &event.channels {
            self.channels.entry(Arc::clone(channel)).or_default().push_back(Arc::clone(event));
        }
    }
}

/// The `data` of a PushTopic's event.
fn notification(
    replay_id: u64,
    now: Timestamp,
    operation: Operation,
    sobject: &Json,
) -> serde_json::Result<Box<RawValue>> {
    let kind = match operation {
        Operation::Created => "created",
        Operation::Deleted => "deleted",
        Operation::Undeleted => "undeleted",
        Operation::Updated | Operation::Silent => "updated",
    };
    to_raw_value(&json!({
        "event": {"createdDate": now.event(), "replayId": replay_id, "type": kind},
        "sobject": sobject,
    }))
}
