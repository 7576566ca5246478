//! CometD sessions and what each is subscribed to.
//!
//! A subscription is a place in the event log, not a queue: whatever lies behind it is delivered by the next
//! connect. Events written to an answer that never arrived are gone for the session; replay brings them back.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rand::Rng as _;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::clock::millis;
use crate::events::EventLog;
use crate::timestamp::Timestamp;

/// The largest number of events in one answer.
const MAX_EVENTS: usize = 500;

/// The sessions of one org.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    sessions: HashMap<String, Session>,
}

/// One CometD session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Value of its `BAYEUX_BROWSER` cookie.
    pub(crate) cookie: String,
    /// Connects answered or held so far; a newer one releases an older one.
    pub(crate) connects: u64,
    held: usize,
    last_seen: Timestamp,
    subscriptions: BTreeMap<String, Subscription>,
}

/// One subscription of a session.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The last event delivered, or where to go on from.
    pub(crate) delivered: u64,
    /// `?Field='value'&…` of the channel: one of them must be met.
    pub(crate) any_of: Vec<(String, String)>,
    /// Alive, but nothing comes.
    pub(crate) silent: bool,
}

impl Streams {
    /// A new session: its client id and its cookie.
    pub(crate) fn open(&mut self, now: Timestamp, lifetime: Duration) -> (String, String) {
        self.sessions.retain(|_, session| !session.over(now, lifetime));
        let (client_id, cookie) = (random(27), random(24));
        self.sessions.insert(
            client_id.clone(),
            Session {
                cookie: cookie.clone(),
                connects: 0,
                held: 0,
                last_seen: now,
                subscriptions: BTreeMap::new(),
            },
        );
        (client_id, cookie)
    }

    /// A session that has not ended; its time starts anew.
    pub(crate) fn touch(
        &mut self,
        client_id: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Option<&mut Session> {
        let session = self.sessions.get(client_id)?;
        if session.over(now, lifetime) {
            self.sessions.remove(client_id);
            return None;
        }
        let session = self.sessions.get_mut(client_id)?;
        session.last_seen = now;
        Some(session)
    }

    /// Ends a session.
    pub(crate) fn close(&mut self, client_id: &str) {
        self.sessions.remove(client_id);
    }

    /// Ends all sessions.
    pub(crate) fn drop_all(&mut self) {
        self.sessions.clear();
    }

    /// Silences the present subscriptions to a channel.
    pub(crate) fn silence(&mut self, channel: &str) {
        let sessions = self.sessions.values_mut();
        sessions.filter_map(|session| session.subscriptions.get_mut(channel)).for_each(|s| s.silent = true);
    }

    /// Notes that a connect of this session is held, which keeps the session alive.
    pub(crate) fn hold(&mut self, client_id: &str) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.held += 1;
        }
    }

    /// Notes that a held connect was answered or its client went away.
    pub(crate) fn release(&mut self, client_id: &str, now: Timestamp) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.held = session.held.saturating_sub(1);
            session.last_seen = now;
        }
    }
}

impl Session {
    /// Whether nothing was heard of it for too long.
    fn over(&self, now: Timestamp, lifetime: Duration) -> bool {
        self.held == 0 && now.millis() - self.last_seen.millis() > millis(lifetime)
    }

    /// Subscribes, in place of an earlier subscription to the channel.
    pub(crate) fn subscribe(&mut self, channel: &str, subscription: Subscription) {
        self.subscriptions.insert(channel.to_owned(), subscription);
    }

    /// Ends a subscription.
    pub(crate) fn unsubscribe(&mut self, channel: &str) {
        self.subscriptions.remove(channel);
    }

    /// What is to be delivered now, in the order it was raised.
    pub(crate) fn due(&mut self, log: &EventLog) -> Vec<Json> {
        let mut due = Vec::new();
        for (channel, subscription) in &mut self.subscriptions {
            let room = MAX_EVENTS.saturating_sub(due.len());
            let events: Vec<_> = log.after(channel, subscription.delivered).take(room).collect();
            subscription.delivered = events.last().map_or(subscription.delivered, |event| event.replay_id);
            if !subscription.silent {
                let wanted = events.into_iter().filter(|event| subscription.wants(&event.data));
                due.extend(
                    wanted.map(|event| (event.replay_id, json!({"data": event.data, "channel": channel}))),
                );
            }
        }
        due.sort_by_key(|(replay_id, _)| *replay_id);
        due.into_iter().map(|(_, message)| message).collect()
    }
}

impl Subscription {
    fn wants(&self, data: &RawValue) -> bool {
        self.any_of.is_empty()
            || serde_json::from_str::<Json>(data.get()).is_ok_and(|data| {
                self.any_of.iter().any(|(field, value)| {
                    let shown = data.get("sobject").and_then(|sobject| sobject.get(field));
                    match shown {
                        Some(Json::String(text)) => text == value,
                        Some(Json::Bool(flag)) => (*flag && value == "true") || (!*flag && value == "false"),
                        Some(Json::Number(number)) => {
                            value.parse().is_ok_and(|wanted| number.as_f64() == Some(wanted))
                        }
                        _ => false,
                    }
                })
            })
    }
}

/// Lower-case letters and digits.
fn random(length: usize) -> String {
    let letters = rand::rng().sample_iter(rand::distr::Alphanumeric).map(char::from);
    letters.take(length).map(|c| c.to_ascii_lowercase()).collect()
}
