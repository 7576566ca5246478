//! What the org has used up of its allocations: per rolling day or hour of its own clock, as `/limits` reports it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::data::Refusal;
use crate::timestamp::Timestamp;

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
/// Parts of a window that run out one after the other.
const PARTS: i64 = 24;

/// Something an org has only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allocation {
    /// Calls of all APIs.
    ApiRequests,
    /// PushTopic events delivered.
    StreamingEvents,
    /// Generic events delivered.
    GenericEvents,
    /// Platform events and change events delivered.
    DeliveredEvents,
    /// Platform events published.
    PublishedEvents,
    /// Batches of 10,000 rows of ingest jobs.
    BulkBatches,
    /// Query jobs.
    BulkQueries,
}

/// The allocations of one org.
#[derive(Debug)]
pub(crate) struct Usage {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    accounts: BTreeMap<Allocation, Account>,
    /// Allocations of which nobody gets more than there is.
    enforced: BTreeSet<Allocation>,
}

/// What was used of one allocation, oldest first: number of the part of the window, and how much in it.
#[derive(Debug, Default)]
struct Account {
    max: Option<u64>,
    spent: VecDeque<(i64, u64)>,
}

impl Allocation {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::ApiRequests,
        Self::StreamingEvents,
        Self::GenericEvents,
        Self::DeliveredEvents,
        Self::PublishedEvents,
        Self::BulkBatches,
        Self::BulkQueries,
    ];

    /// What is delivered to subscribers.
    const DELIVERIES: [Self; 3] = [Self::StreamingEvents, Self::GenericEvents, Self::DeliveredEvents];

    /// The allocation that events delivered on a channel use up.
    pub(crate) fn of_channel(channel: &str) -> Self {
        match channel.split('/').nth(1) {
            Some("topic") => Self::StreamingEvents,
            Some("u") => Self::GenericEvents,
            _ => Self::DeliveredEvents,
        }
    }

    /// Its name in `/limits` of the present versions.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiRequests => "DailyApiRequests",
            Self::StreamingEvents => "DailyDurableStreamingApiEvents",
            Self::GenericEvents => "DailyDurableGenericStreamingApiEvents",
            Self::DeliveredEvents => "DailyDeliveredPlatformEvents",
            Self::PublishedEvents => "HourlyPublishedPlatformEvents",
            Self::BulkBatches => "DailyBulkApiBatches",
            Self::BulkQueries => "DailyBulkV2QueryJobs",
        }
    }

    /// What an Enterprise Edition org has.
    fn default_max(self) -> u64 {
        match self {
            Self::ApiRequests => 100_000,
            Self::StreamingEvents | Self::GenericEvents => 200_000,
            Self::DeliveredEvents => 25_000,
            Self::PublishedEvents => 250_000,
            Self::BulkBatches => 15_000,
            Self::BulkQueries => 10_000,
        }
    }

    fn window(self) -> i64 {
        if self == Self::PublishedEvents { HOUR } else { DAY }
    }
}

impl Usage {
    /// Nothing used. Publishing and bulk jobs end where their allocations do; of the others there is what an org has,
    /// but nobody is refused.
    pub(crate) fn new() -> Self {
        let usage = Self { inner: Mutex::default() };
        for allocation in [Allocation::PublishedEvents, Allocation::BulkBatches, Allocation::BulkQueries] {
            usage.enforce(allocation, true);
        }
        usage
    }

    /// Uses so much up; answers how much is used in the present window.
    pub(crate) fn spend(&self, allocation: Allocation, amount: u64, now: Timestamp) -> u64 {
        let part = part(allocation, now);
        let mut inner = self.lock();
        let account = inner.accounts.entry(allocation).or_default();
        account.forget(part);
        match account.spent.back_mut() {
            Some((last, spent)) if *last >= part => *spent += amount,
            _ if amount == 0 => {}
            _ => account.spent.push_back((part, amount)),
        }
        account.spent.iter().map(|(_, spent)| spent).sum()
    }

    /// How much is used in the present window.
    pub(crate) fn used(&self, allocation: Allocation, now: Timestamp) -> u64 {
        self.spend(allocation, 0, now)
    }

    /// How much there is.
    pub(crate) fn max(&self, allocation: Allocation) -> u64 {
        let max = self.lock().accounts.get(&allocation).and_then(|account| account.max);
        max.unwrap_or_else(|| allocation.default_max())
    }

    /// How much is left.
    pub(crate) fn left(&self, allocation: Allocation, now: Timestamp) -> u64 {
        self.max(allocation).saturating_sub(self.used(allocation, now))
    }

    /// How much may still be used: without end of what is not enforced.
    pub(crate) fn allowed(&self, allocation: Allocation, now: Timestamp) -> u64 {
        if self.lock().enforced.contains(&allocation) { self.left(allocation, now) } else { u64::MAX }
    }

    /// Changes how much there is.
    pub(crate) fn set_max(&self, allocation: Allocation, max: u64) {
        self.lock().accounts.entry(allocation).or_default().max = Some(max);
    }

    /// Whether what is beyond an allocation is refused.
    pub(crate) fn enforce(&self, allocation: Allocation, enforced: bool) {
        let mut inner = self.lock();
        if enforced {
            inner.enforced.insert(allocation);
        } else {
            inner.enforced.remove(&allocation);
        }
    }

    /// So many events of each kind may be delivered in a day, and no more; `None`: as many as there are.
    pub(crate) fn limit_deliveries(&self, max: Option<u64>) {
        for allocation in Allocation::DELIVERIES {
            self.lock().accounts.entry(allocation).or_default().max = max;
            self.enforce(allocation, max.is_some());
        }
    }

    /// Refuses a call beyond the daily allocation, the call itself being counted already.
    pub(crate) fn api_requests_left(&self, now: Timestamp) -> Result<(), Refusal> {
        let over = self.used(Allocation::ApiRequests, now) > self.max(Allocation::ApiRequests);
        if over && self.lock().enforced.contains(&Allocation::ApiRequests) {
            return Err(Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// Drops the parts that the window has left behind.
    fn forget(&mut self, part: i64) {
        while self.spent.front().is_some_and(|(old, _)| *old <= part - PARTS) {
            self.spent.pop_front();
        }
    }
}

fn part(allocation: Allocation, now: Timestamp) -> i64 {
    now.millis().div_euclid(allocation.window() / PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_comes_back_when_the_window_has_passed() {
        let usage = Usage::new();
        usage.set_max(Allocation::ApiRequests, 2);
        usage.enforce(Allocation::ApiRequests, true);
        let at = Timestamp::from_millis;
        assert_eq!(usage.spend(Allocation::ApiRequests, 1, at(0)), 1);
        assert_eq!(usage.spend(Allocation::ApiRequests, 2, at(5 * HOUR)), 3);
        assert!(usage.api_requests_left(at(5 * HOUR)).is_err());
        assert_eq!(usage.used(Allocation::ApiRequests, at(DAY)), 2);
        assert!(usage.api_requests_left(at(DAY)).is_ok());
        assert_eq!(usage.left(Allocation::ApiRequests, at(3 * DAY)), 2);
        assert_eq!(usage.left(Allocation::PublishedEvents, at(0)), 250_000);
    }
}
