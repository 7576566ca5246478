//! What of the events that come is handed to the source: news of the channels that it reads, when there is room.
//!
//! Room is found before any cursor passes an event, so what finds none comes again with another session.

use std::sync::Arc;
use std::time::Duration;

use crate::bayeux::delivery::Delivery;
use crate::bayeux::end::End;
use crate::bayeux::exchange::Events;
use crate::bayeux::outlet::Outlet;
use crate::bayeux::subscriptions::{Subscriptions, Verdict};
use crate::counters::{Count, SourceCounters};

/// Between the session and its source.
pub(crate) struct Handover {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outlet: Outlet,
    counters: Arc<SourceCounters>,
    /// How long events wait for room.
    patience: Duration,
}

impl Handover {
    pub(crate) fn new(
        subscriptions: Subscriptions,
        outlet: Outlet,
        counters: Arc<SourceCounters>,
        patience: Duration,
    ) -> Self {
        Self { subscriptions, outlet, counters, patience }
    }

    /// Hands over what is news; answers whether nothing came.
    pub(crate) async fn take(&mut self, come: Events) -> Result<bool, End> {
        if come.events.is_empty() {
            return Ok(true);
        }
        let room = tokio::time::timeout(self.patience, self.outlet.room(come.size)).await;
        let room = room.map_err(|_| End::Full)?;
        let mut news = Vec::with_capacity(come.events.len());
        for event in come.events {
            match self.subscriptions.judge(&event) {
                Verdict::News => news.push(event),
                Verdict::Repeated => self.counters.count(Count::Repeated, 1),
                Verdict::Unwanted => {
                    tracing::debug!(channel = %event.channel, "an event of a channel that is not read");
                }
            }
        }
        if !news.is_empty() {
            self.counters.count(Count::Event, news.len());
            self.outlet.deliver(Delivery::Events { events: news, room })?;
        }
        Ok(false)
    }
}
