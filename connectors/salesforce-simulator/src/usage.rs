//! What the org has used up of its allocations: per rolling day or hour of its own clock, as `/limits` reports it.

use std::collections::{BTreeMap, VecDeque};
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
}

/// The allocations of one org.
#[derive(Debug)]
pub(crate) struct Usage {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    accounts: BTreeMap<Allocation, Account>,
    api_requests_enforced: bool,
}

/// What was used of one allocation, oldest first: number of the part of the window, and how much in it.
#[derive(Debug, Default)]
struct Account {
    max: Option<u64>,
    spent: VecDeque<(i64, u64)>,
}

impl Allocation {
    /// Its name in `/limits`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiRequests => "DailyApiRequests",
            Self::StreamingEvents => "DailyDurableStreamingApiEvents",
            Self::GenericEvents => "DailyDurableGenericStreamingApiEvents",
            Self::DeliveredEvents => "DailyDeliveredPlatformEvents",
            Self::PublishedEvents => "HourlyPublishedPlatformEvents",
        }
    }

    /// What an Enterprise Edition org has.
    fn default_max(self) -> u64 {
        match self {
            Self::ApiRequests => 100_000,
            Self::StreamingEvents | Self::GenericEvents => 200_000,
            Self::DeliveredEvents => 25_000,
            Self::PublishedEvents => 250_000,
        }
    }

    fn window(self) -> i64 {
        if self == Self::PublishedEvents { HOUR } else { DAY }
    }
}

impl Usage {
    /// Nothing used; so many API requests a day, beyond which calls are refused if that is enforced.
    pub(crate) fn new(api_requests: u64, enforced: bool) -> Self {
        let usage = Self { inner: Mutex::default() };
        usage.set_max(Allocation::ApiRequests, api_requests);
        usage.enforce_api_requests(enforced);
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

    /// Changes how much there is.
    pub(crate) fn set_max(&self, allocation: Allocation, max: u64) {
        self.lock().accounts.entry(allocation).or_default().max = Some(max);
    }

    /// Whether calls beyond the daily allocation are refused. Paid orgs may overrun it for a while.
    pub(crate) fn enforce_api_requests(&self, enforced: bool) {
        self.lock().api_requests_enforced = enforced;
    }

    /// Refuses a call beyond the daily allocation, the call itself being counted already.
    pub(crate) fn api_requests_left(&self, now: Timestamp) -> Result<(), Refusal> {
        let over = self.used(Allocation::ApiRequests, now) > self.max(Allocation::ApiRequests);
        if over && self.lock().api_requests_enforced {
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
        let usage = Usage::new(2, true);
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
