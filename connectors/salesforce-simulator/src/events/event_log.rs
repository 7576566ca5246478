//! The events an org has raised and can still replay.
//!
//! Replay ids ascend over all channels and skip some numbers, so within a channel they are never contiguous. An
//! event can be asked for as long as it is retained; an id that is too old, was never given out or lies in the
//! future is not a place to go on from.

use std::collections::VecDeque;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};

use super::push_topic::PushTopic;
use crate::clock::millis;
use crate::data::{Operation, Store, StoredEvent, Transaction};
use crate::timestamp::Timestamp;

/// The log of one org.
#[derive(Debug)]
pub(crate) struct EventLog {
    events: VecDeque<StoredEvent>,
    last: u64,
    retention: i64,
    gaps: StdRng,
}

impl EventLog {
    /// An empty log whose ids skip numbers as `gaps` says.
    pub(crate) fn new(retention: Duration, gaps: StdRng) -> Self {
        Self { events: VecDeque::new(), last: 0, retention: millis(retention), gaps }
    }

    /// Puts events back that were raised before a restart.
    pub(crate) fn restore(&mut self, events: Vec<StoredEvent>, last: u64) {
        self.events.extend(events);
        self.last = self.last.max(last);
    }

    /// Raises the events of a transaction; they show the rows as they stand at its end.
    pub(crate) fn raise(
        &mut self,
        store: &Store,
        topics: &[PushTopic],
        tx: &Transaction,
        now: Timestamp,
    ) -> Vec<StoredEvent> {
        let mut raised = Vec::new();
        for change in &tx.changes {
            let Some((_, after)) = store.row(&change.id) else { continue };
            for topic in topics.iter().filter(|topic| topic.notices(store, change, after)) {
                let sobject = topic.show(&store.schema, change.operation, after);
                raised.push(self.event(topic.channel(), now, change.operation, &sobject));
            }
        }
        self.events.extend(raised.iter().cloned());
        self.forget_old(now);
        raised
    }

    /// The last id given out; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether a subscription may go on after this id.
    pub(crate) fn knows(&mut self, replay_id: u64, now: Timestamp) -> bool {
        self.forget_old(now);
        self.events.binary_search_by_key(&replay_id, |event| event.replay_id).is_ok()
    }

    /// Events of a channel after this id, oldest first.
    pub(crate) fn after<'a>(
        &'a self,
        channel: &'a str,
        replay_id: u64,
    ) -> impl Iterator<Item = &'a StoredEvent> {
        let from = self.events.partition_point(|event| event.replay_id <= replay_id);
        self.events.range(from..).filter(move |event| event.channel == channel)
    }

    /// All events that can still be replayed.
    pub(crate) fn retained(&self, now: Timestamp) -> Vec<StoredEvent> {
        self.events.iter().filter(|event| self.keeps(event, now)).cloned().collect()
    }

    /// Forgets events beyond retention.
    pub(crate) fn forget_old(&mut self, now: Timestamp) {
        while self.events.front().is_some_and(|event| !self.keeps(event, now)) {
            self.events.pop_front();
        }
    }

    fn keeps(&self, event: &StoredEvent, now: Timestamp) -> bool {
        now.millis() - event.created <= self.retention
    }

    fn event(
        &mut self,
        channel: String,
        now: Timestamp,
        operation: Operation,
        sobject: &Json,
    ) -> StoredEvent {
        self.last += 1 + self.gaps.random_range(0..3);
        let kind = match operation {
            Operation::Created => "created",
            Operation::Deleted => "deleted",
            Operation::Undeleted => "undeleted",
            Operation::Updated | Operation::Silent => "updated",
        };
        let message = json!({
            "data": {
                "event": {"createdDate": now.event(), "replayId": self.last, "type": kind},
                "sobject": sobject,
            },
            "channel": channel,
        });
        StoredEvent { replay_id: self.last, channel, created: now.millis(), message }
    }
}
