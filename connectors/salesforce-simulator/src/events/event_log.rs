//! The events an org has raised and can still replay, an index for each channel.
//!
//! Replay ids ascend over all channels and skip some numbers, so within a channel they are never contiguous. An
//! event can be asked for as long as it is retained; an id that is too old, was never given out or lies in the
//! future is not a place to go on from.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::value::RawValue;

use crate::builder::Retention;
use crate::clock::millis;
use crate::data::StoredEvent;
use crate::timestamp::Timestamp;

/// The log of one org.
#[derive(Debug)]
pub(crate) struct EventLog {
    /// The events of each channel, oldest first; one that several channels bring is shared by them.
    channels: HashMap<Arc<str>, VecDeque<Arc<StoredEvent>>>,
    last: u64,
    retention: Retention,
    gaps: StdRng,
}

impl EventLog {
    /// An empty log whose ids come after `last` and skip numbers as `gaps` says.
    pub(crate) fn new(retention: Retention, last: u64, gaps: StdRng) -> Self {
        Self { channels: HashMap::new(), last, retention, gaps }
    }

    /// Puts events back that were raised before a restart.
    pub(crate) fn restore(&mut self, events: &[Arc<StoredEvent>], last: u64) {
        self.keep(events);
        self.last = self.last.max(last);
    }

    /// The next event, for these channels; `data` writes its JSON for the replay id it gets. Nobody sees it before it
    /// is kept.
    pub(crate) fn next(
        &mut self,
        channels: Arc<[Arc<str>]>,
        now: Timestamp,
        data: impl FnOnce(u64) -> serde_json::Result<Box<RawValue>>,
    ) -> Option<Arc<StoredEvent>> {
        self.last += 1 + self.gaps.random_range(0..3);
        let written = data(self.last);
        let data = written.inspect_err(|error| tracing::error!(%error, "an event cannot be written")).ok()?;
        Some(Arc::new(StoredEvent { replay_id: self.last, channels, created: now.millis(), data }))
    }

    /// Takes events in, in the order they were made.
    pub(crate) fn keep(&mut self, events: &[Arc<StoredEvent>]) {
        for event in events {
            for channel in event.channels.iter() {
                self.channels.entry(Arc::clone(channel)).or_default().push_back(Arc::clone(event));
            }
        }
    }

    /// How many events the channels have, together.
    pub(crate) fn len(&self) -> usize {
        self.channels.values().map(VecDeque::len).sum()
    }

    /// The last id given out; before the first, the one that ids start after.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether a subscription may go on after this id.
    pub(crate) fn knows(&mut self, channel: &str, replay_id: u64, now: Timestamp) -> bool {
        self.forget_old(now);
        // Ids of one kind of channels are told apart from those of the other, not those of single channels.
        let mut alike = self.channels.iter().filter(|(name, _)| on_bus(name) == on_bus(channel));
        alike.any(|(_, events)| events.binary_search_by_key(&replay_id, |event| event.replay_id).is_ok())
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
        for (channel, events) in &mut self.channels {
            let lifetime = lifetime(channel, retention);
            while events.front().is_some_and(|event| now.millis() - event.created > lifetime) {
                events.pop_front();
            }
        }
    }

    /// Forgets all events and the last id.
    pub(crate) fn begin_anew(&mut self) {
        self.channels.clear();
        self.last = 0;
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
        let lifetimes = event.channels.iter().map(|channel| lifetime(channel, self.retention));
        now.millis() - event.created <= lifetimes.max().unwrap_or(0)
    }
}

/// How long a channel keeps its events, in milliseconds.
fn lifetime(channel: &str, retention: Retention) -> i64 {
    millis(if on_bus(channel) { retention.bus } else { retention.topics })
}

/// Whether a channel brings change events or platform events.
fn on_bus(channel: &str) -> bool {
    channel.starts_with("/data/") || channel.starts_with("/event/")
}
