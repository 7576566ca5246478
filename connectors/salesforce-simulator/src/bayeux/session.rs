//! One CometD session and what it is subscribed to.
//!
//! A subscription is a place in the event log, not a queue: whatever lies behind it is delivered by the next
//! connect. Events written to an answer that never arrived are gone for the session; replay brings them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::filter::Filter;
use super::frame::Due;
use crate::clock::millis;
use crate::events::EventLog;
use crate::timestamp::Timestamp;
use crate::usage::{Allocation, Usage};

/// The most subscriptions of one session.
const MAX_SUBSCRIPTIONS: usize = 100;

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Value of its `BAYEUX_BROWSER` cookie.
    pub(super) cookie: String,
    /// The access token of its handshake.
    pub(super) token: String,
    /// Connects accepted so far; a newer one releases an older one.
    pub(super) connects: u64,
    /// Whether the next reply to a connect carries the advice: the first one, and the first after a time in which
    /// several sessions shared one browser.
    pub(super) advice_due: bool,
    /// How it ended; a held connect looks here.
    pub(super) end: Arc<OnceLock<End>>,
    held: usize,
    last_seen: Timestamp,
    subscriptions: BTreeMap<Arc<str>, Subscription>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its client said goodbye.
    Disconnected,
    /// The server did.
    Dismissed,
    /// The server knows nothing of it any more.
    Forgotten,
}

/// One subscription of a session.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The channel without the filter.
    pub(super) channel: String,
    /// Which of its events come.
    pub(super) filter: Filter,
    /// The last event delivered, or where to go on from.
    pub(super) delivered: u64,
    /// Alive, but nothing comes.
    pub(super) silent: bool,
}

/// What one answer takes from an allocation, and how much it may take.
struct Delivered {
    events: u64,
    allowed: u64,
}

/// The session has as many subscriptions as it may have.
#[derive(Debug)]
pub(super) struct TooMany;

impl Session {
    /// A session without subscriptions.
    pub(super) fn new(cookie: String, token: String, now: Timestamp) -> Self {
        Self {
            cookie,
            token,
            connects: 0,
            advice_due: true,
            end: Arc::default(),
            held: 0,
            last_seen: now,
            subscriptions: BTreeMap::new(),
        }
    }

    /// Something was heard of it: its time starts anew.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.last_seen = now;
    }

    /// A connect of it is held, which keeps it alive.
    pub(super) fn hold(&mut self) {
        self.held += 1;
    }

    /// A held connect was answered or its client went away.
    pub(super) fn release(&mut self, now: Timestamp) {
        self.held = self.held.saturating_sub(1);
        self.heard(now);
    }

    /// Whether a connect of it is held.
    pub(super) fn is_held(&self) -> bool {
        self.held > 0
    }

    /// Whether nothing was heard of it for too long.
    pub(super) fn over(&self, now: Timestamp, lifetime: Duration) -> bool {
        !self.is_held() && now.millis() - self.last_seen.millis() > millis(lifetime)
    }

    /// Subscribes to all of these or to none, each in place of an earlier subscription of the same name.
    pub(super) fn subscribe(&mut self, wanted: Vec<(&str, Subscription)>) -> Result<(), TooMany> {
        let names = wanted.iter().map(|(name, _)| *name);
        let new: BTreeSet<&str> = names.filter(|name| !self.subscriptions.contains_key(*name)).collect();
        if self.subscriptions.len() + new.len() > MAX_SUBSCRIPTIONS {
            return Err(TooMany);
        }
        self.subscriptions.extend(wanted.into_iter().map(|(name, one)| (name.into(), one)));
        Ok(())
    }

    /// Ends a subscription.
    pub(super) fn unsubscribe(&mut self, name: &str) {
        self.subscriptions.remove(name);
    }

    /// Whether it is subscribed to a channel.
    pub(super) fn is_subscribed(&self, channel: &str) -> bool {
        self.subscriptions.values().any(|one| one.channel == channel)
    }

    /// Silences its present subscriptions to a channel.
    pub(super) fn silence(&mut self, channel: &str) {
        let subscriptions = self.subscriptions.values_mut();
        for one in subscriptions.filter(|one| one.channel == channel) {
            one.silent = true;
        }
    }

    /// Whether one of its subscriptions counts against an allocation that is used up.
    pub(super) fn exhausted(&self, usage: &Usage, now: Timestamp) -> bool {
        let mut subscriptions = self.subscriptions.values();
        subscriptions.any(|one| usage.allowed(Allocation::of_channel(&one.channel), now) == 0)
    }

    /// What is to be delivered now, as far as an answer of about `most` bytes and the allocations take it, in the order it
    /// was raised. Every event of every subscriber is counted; those beyond an allocation stay in the log.
    pub(super) fn due(&mut self, log: &EventLog, usage: &Usage, now: Timestamp, most: usize) -> Vec<Due> {
        let mut delivered: BTreeMap<Allocation, Delivered> = BTreeMap::new();
        let mut sources: Vec<_> = self
            .subscriptions
            .iter_mut()
            .map(|(name, one)| {
                let events = log.after(&one.channel, one.delivered).peekable();
                (name, Allocation::of_channel(&one.channel), one, events)
            })
            .collect();
        let mut due = Vec::new();
        let mut size = 0;
        loop {
            let heads = sources.iter_mut().enumerate();
            let heads =
                heads.filter_map(|(at, (.., events))| events.peek().map(|event| (event.replay_id, at)));
            let Some((_, at)) = heads.min() else { break };
            let Some((name, allocation, one, events)) = sources.get_mut(at) else { break };
            let Some(event) = events.peek() else { break };
            let passes = !one.silent && one.filter.passes(&event.data);
            if passes {
                let next = Due { event: Arc::clone(event), channel: Arc::clone(name) };
                size += next.size();
                let full = size > most && !due.is_empty();
                let account = delivered
                    .entry(*allocation)
                    .or_insert_with(|| Delivered { events: 0, allowed: usage.allowed(*allocation, now) });
                if full || account.events >= account.allowed {
                    break;
                }
                account.events += 1;
                due.push(next);
            }
            one.delivered = event.replay_id;
            events.next();
        }
        for (allocation, account) in delivered {
            usage.spend(allocation, account.events, now);
        }
        due
    }
}
