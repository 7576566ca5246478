//! How many events an org may deliver in 24 hours, counted for each subscriber.
//!
//! Events beyond the allocation stay in the log: they are delivered, or can be replayed, once the usage of the last
//! 24 hours has dropped.

use std::collections::{HashMap, VecDeque};

use crate::timestamp::Timestamp;

/// Usage is kept by the hour; this many hours count.
const HOURS: i64 = 24;
const HOUR_MILLIS: i64 = 3_600_000;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Allocation {
    /// `DailyStreamingApiEvents`.
    PushTopic,
    /// `DailyGenericStreamingApiEvents`.
    Generic,
    /// `DailyDeliveredPlatformEvents`: platform events and change events share it.
    PlatformEvent,
}

/// The delivered events of one org.
#[derive(Debug, Default)]
pub(crate) struct Allocations {
    /// For each allocation; `None`: without limit.
    max: Option<u64>,
    used: HashMap<Allocation, VecDeque<(i64, u64)>>,
}

impl Allocation {
    /// The allocation that a channel's events count against.
    pub(super) fn of(channel: &str) -> Self {
        match channel.split('/').nth(1) {
            Some("topic") => Self::PushTopic,
            Some("u") => Self::Generic,
            _ => Self::PlatformEvent,
        }
    }
}

impl Allocations {
    /// So many events may be delivered of each allocation.
    pub(super) fn with_max(max: Option<u64>) -> Self {
        Self { max, used: HashMap::new() }
    }

    /// Sets the number of events; what was delivered so far counts.
    pub(super) fn set_max(&mut self, max: Option<u64>) {
        self.max = max;
    }

    /// How many events may still be delivered now.
    pub(super) fn left(&mut self, allocation: Allocation, now: Timestamp) -> u64 {
        let Some(max) = self.max else { return u64::MAX };
        let used = self.used.entry(allocation).or_default();
        while used.front().is_some_and(|(hour, _)| *hour <= hour_of(now) - HOURS) {
            used.pop_front();
        }
        max.saturating_sub(used.iter().map(|(_, count)| count).sum())
    }

    /// Counts one delivered event.
    pub(super) fn spend(&mut self, allocation: Allocation, now: Timestamp) {
        let used = self.used.entry(allocation).or_default();
        match used.back_mut() {
            Some((hour, count)) if *hour == hour_of(now) => *count += 1,
            _ => {
                used.push_back((hour_of(now), 1));
                // Without a limit nobody asks what is left, which is where old hours are dropped.
                if used.len() > 2 * 24 {
                    used.pop_front();
                }
            }
        }
    }
}

fn hour_of(now: Timestamp) -> i64 {
    now.millis().div_euclid(HOUR_MILLIS)
}
