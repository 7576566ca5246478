//! Events and records on their way from the poll loop to the front, in one order.
//!
//! The order matters: no record of a partition may come out after the word that the partition is going, and no
//! position may come out before the records that lie before it.

use std::sync::{Arc, Mutex, PoisonError};

use orgstream_api::{InputOffset, TopicPartition};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::event::Event;
use super::gauge::Gauge;
use crate::kafka::Consumed;
use crate::kafka::lease::Term;

/// How many records go to the front at once.
const BATCH: usize = 500;

/// One step of what happened.
#[derive(Debug)]
pub(super) enum Item {
    /// As it is.
    Event(Event),
    /// These partitions were set back to these offsets; what was read of them before is void.
    Rewound(Vec<InputOffset>),
    /// These partitions are gone without the worker's word, and a term of the lease began that only who knows of it may
    /// renew.
    Lost(Vec<TopicPartition>, Term),
}

/// The sending end. Used by the poll loop, and by the rebalances inside its polls.
#[derive(Debug)]
pub(super) struct Outbox {
    items: UnboundedSender<Item>,
    gauge: Arc<Gauge>,
    batch: Mutex<Vec<Consumed>>,
}

impl Outbox {
    /// An outbox and the end that is read from. Unbounded, because an event must never wait; of records the gauge keeps the poll
    /// loop from putting in more than a batch beyond what is allowed.
    pub(super) fn new(gauge: Arc<Gauge>) -> (Self, UnboundedReceiver<Item>) {
        let (items, receiver) = unbounded_channel();
        let outbox = Self { items, gauge, batch: Mutex::new(Vec::new()) };
        (outbox, receiver)
    }

    /// How much was read ahead.
    pub(super) fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// Adds a record to the batch, which goes when it is large or [`Outbox::flush`] is called.
    pub(super) fn push(&self, record: Consumed) {
        self.gauge.put(&record);
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        batch.push(record);
        if batch.len() >= BATCH {
            self.pass(Item::Event(Event::Messages(std::mem::take(&mut batch))));
        }
    }

    /// Sends the batch.
    pub(super) fn flush(&self) {
        let batch = std::mem::take(&mut *self.batch.lock().unwrap_or_else(PoisonError::into_inner));
        if !batch.is_empty() {
            self.pass(Item::Event(Event::Messages(batch)));
        }
    }

    /// Sends `item` after all records that were pushed before it.
    pub(super) fn send(&self, item: Item) {
        self.flush();
        self.pass(item);
    }

    fn pass(&self, item: Item) {
        // The front may be gone already; then the member is about to leave, and nobody needs the item (D2).
        self.items.send(item).ok();
    }
}
