//! What the streaming session delivered and the source has not yet produced.
//!
//! Nothing leaves before the batch that carries it is complete, so a dropped `poll` loses nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::bayeux::{Delivery, Room, Served};
use crate::channel::Channel;
use crate::error::SourceError;
use crate::event::Event;
use crate::moment::Moment;

/// Events taken over at a time; how many may wait in all is bounded where they come from.
const FULL: usize = 5_000;

/// One thing to do next. As [`Delivery`], with each event by itself.
#[derive(Debug)]
pub(crate) enum Item {
    Subscribed {
        channel: Channel,
        ask: u32,
        served: Served,
        at: Moment,
    },
    Refused {
        channel: Channel,
        ask: u32,
        error: SourceError,
        after: Option<Duration>,
    },
    Rests {
        channel: Channel,
        ask: u32,
        error: SourceError,
        next: Instant,
    },
    Live,
    Lost,
    Event(Arc<Event>),
    Polled {
        at: Moment,
        empty: bool,
    },
    Failed(SourceError),
    /// The session's task ended.
    Gone,
}

/// The items in their order.
#[derive(Debug)]
pub(crate) struct Inbox {
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    items: VecDeque<Item>,
    events: usize,
    /// The room that events take, for so many of them each, in their order.
    rooms: VecDeque<(usize, Room)>,
    last_event: Option<Instant>,
}

impl Inbox {
    pub(crate) fn new(deliveries: mpsc::UnboundedReceiver<Delivery>) -> Self {
        let (items, rooms) = (VecDeque::new(), VecDeque::new());
        Self { deliveries, items, events: 0, rooms, last_event: None }
    }

    /// Takes over what is there, without waiting.
    pub(crate) fn fill(&mut self) {
        while self.events < FULL {
            match self.deliveries.try_recv() {
                Ok(delivery) => self.take_in(delivery),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    if !matches!(self.items.back(), Some(Item::Gone)) {
                        self.items.push_back(Item::Gone);
                    }
                    break;
                }
            }
        }
    }

    /// Waits for something new. Cancel-safe.
    pub(crate) async fn wait(&mut self) {
        match self.deliveries.recv().await {
            Some(delivery) => self.take_in(delivery),
            None => self.items.push_back(Item::Gone),
        }
    }

    /// The first item.
    pub(crate) fn front(&self) -> Option<&Item> {
        self.items.front()
    }

    /// Removes the first item.
    pub(crate) fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front();
        if matches!(item, Some(Item::Event(_))) {
            self.events -= 1;
            if let Some((left, _)) = self.rooms.front_mut() {
                *left -= 1;
                if *left == 0 {
                    self.rooms.pop_front();
                }
            }
        }
        item
    }

    /// The events at the front, of at most `limit` records together unless the first has more, and the number of items
    /// from the first to the last of them and the answers in between. They stay where they are.
    ///
    /// An event of several records is never taken in parts, so they all come into one batch.
    pub(crate) fn run(&self, limit: usize) -> (Vec<Arc<Event>>, usize) {
        let mut events = Vec::new();
        let (mut items, mut records) = (0, 0);
        for item in &self.items {
            match item {
                Item::Event(event) => {
                    // One without any record still takes time and room.
                    records += event.records().max(1);
                    if records > limit && !events.is_empty() {
                        break;
                    }
                    events.push(Arc::clone(event));
                }
                Item::Polled { .. } => {}
                _ => break,
            }
            items += 1;
        }
        (events, items)
    }

    /// When the last event came in.
    pub(crate) fn last_event(&self) -> Option<Instant> {
        self.last_event
    }

    fn take_in(&mut self, delivery: Delivery) {
        let item = match delivery {
            Delivery::Events { events, room } => {
                self.events += events.len();
                self.rooms.push_back((events.len(), room));
                self.last_event = Some(Instant::now());
                self.items.extend(events.into_iter().map(|event| Item::Event(Arc::new(event))));
                return;
            }
            Delivery::Subscribed { channel, ask, served, at } => {
                Item::Subscribed { channel, ask, served, at }
            }
            Delivery::Refused { channel, ask, error, after } => Item::Refused { channel, ask, error, after },
            Delivery::Rests { channel, ask, error, next } => Item::Rests { channel, ask, error, next },
            Delivery::Live => Item::Live,
            Delivery::Lost => Item::Lost,
            Delivery::Polled { at, empty } => Item::Polled { at, empty },
            Delivery::Failed(error) => Item::Failed(error),
        };
        self.items.push_back(item);
    }
}
