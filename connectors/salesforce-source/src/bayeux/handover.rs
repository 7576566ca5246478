//! What of the events that come is handed to the source: news of the channels that it reads, when there is room.
//!
//! Room is found before any cursor passes an event, so what finds none comes again with another session.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::bayeux::delivery::Delivery;
use crate::bayeux::end::End;
use crate::bayeux::exchange::Events;
use crate::bayeux::outlet::Outlet;
use crate::bayeux::subscriptions::{Subscriptions, Verdict};
use crate::counters::{Count, SourceCounters};
use crate::event::Event;

/// Channels that nobody asked for are named in the log, up to so many.
const NAMED: usize = 20;

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Come {
    Nothing,
    /// Events, none of which is news.
    NoNews,
    /// Events that are handed over.
    News,
}

/// Between the session and its source.
pub(crate) struct Handover {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outlet: Outlet,
    counters: Arc<SourceCounters>,
    /// How long events wait for room.
    patience: Duration,
    /// Channels that nobody asked for and that were named.
    unasked: HashSet<String>,
}

impl Handover {
    pub(crate) fn new(
        subscriptions: Subscriptions,
        outlet: Outlet,
        counters: Arc<SourceCounters>,
        patience: Duration,
    ) -> Self {
        Self { subscriptions, outlet, counters, patience, unasked: HashSet::new() }
    }

    /// Hands over what is news.
    pub(crate) async fn take(&mut self, come: Events) -> Result<Come, End> {
        if come.events.is_empty() {
            return Ok(Come::Nothing);
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
                Verdict::Unasked => self.note_unasked(&event),
            }
        }
        if news.is_empty() {
            return Ok(Come::NoNews);
        }
        self.counters.count(Count::Event, news.len());
        self.outlet.deliver(Delivery::Events { events: news, room })?;
        Ok(Come::News)
    }

    fn note_unasked(&mut self, event: &Event) {
        self.counters.count(Count::Unasked, 1);
        let channel = event.channel.as_str();
        if self.unasked.len() < NAMED && self.unasked.insert(channel.to_owned()) {
            tracing::warn!(
                %channel,
                "the org sends events on {channel}, which nobody asked for; they are left out and counted as `unasked`; \
                 compare the name with those of the file"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_that_nobody_asked_for_are_counted_and_hold_nothing_up() {
        let (outlet, _deliveries) = Outlet::new(1 << 20);
        let counters = Arc::<SourceCounters>::default();
        let subscriptions = Subscriptions::new(Vec::new());
        let mut handover =
            Handover::new(subscriptions, outlet, Arc::clone(&counters), Duration::from_secs(1));
        for replay_id in 1..=3 {
            let events = vec![Event::sample("Orgstream_Lead", replay_id)];
            assert_eq!(handover.take(Events { events, size: 100 }).await.unwrap(), Come::NoNews);
        }
        assert_eq!((counters.value("unasked"), counters.value("events")), (Some(3), Some(0)));
        assert_eq!(handover.unasked.len(), 1, "it is named once");
    }
}
