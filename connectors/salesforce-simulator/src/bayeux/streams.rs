//! The CometD sessions of one org.
//!
//! A session lives while a connect is held and a set time after the last message. The number of sessions is
//! limited as in a real org, so memory is, whatever clients do.

use std::collections::HashMap;
use std::time::Duration;

use super::browser::random;
use super::session::{End, Session};
use crate::builder::Settings;
use crate::timestamp::Timestamp;

/// The sessions.
#[derive(Debug)]
pub(crate) struct Streams {
    sessions: HashMap<String, Session>,
    lifetime: Duration,
    max_sessions: usize,
}

/// The org has as many sessions as it may have.
#[derive(Debug)]
pub(super) struct Full;

impl Streams {
    /// No sessions yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            sessions: HashMap::new(),
            lifetime: settings.streaming_session,
            max_sessions: settings.streaming_clients,
        }
    }

    /// A new session: its client id.
    pub(super) fn open(&mut self, cookie: &str, token: &str, now: Timestamp) -> Result<String, Full> {
        let lifetime = self.lifetime;
        self.sessions.retain(|_, session| {
            let over = session.over(now, lifetime);
            if over {
                end(session, End::Forgotten);
            }
            !over
        });
        if self.sessions.len() >= self.max_sessions {
            return Err(Full);
        }
        let client_id = random(27);
        let session = Session::new(cookie.to_owned(), token.to_owned(), now);
        self.sessions.insert(client_id.clone(), session);
        Ok(client_id)
    }

    /// A session that has not ended, its time started anew.
    pub(super) fn enter(&mut self, client_id: &str, now: Timestamp) -> Option<&mut Session> {
        if self.sessions.get(client_id)?.over(now, self.lifetime) {
            self.close(client_id, End::Forgotten);
            return None;
        }
        let session = self.sessions.get_mut(client_id)?;
        session.heard(now);
        Some(session)
    }

    /// Whether another session of this browser is connected at this moment. It may then not be held as well.
    pub(super) fn browser_is_taken(&self, cookie: &str, client_id: &str) -> bool {
        self.sessions.iter().any(|(id, other)| id != client_id && other.cookie == cookie && other.is_held())
    }

    /// The access token of a session of this browser.
    pub(super) fn token_of_browser(&self, cookie: &str, now: Timestamp) -> Option<&str> {
        self.living(now).find(|session| session.cookie == cookie).map(|session| session.token.as_str())
    }

    /// Ends a session.
    pub(super) fn close(&mut self, client_id: &str, how: End) {
        if let Some(session) = self.sessions.remove(client_id) {
            end(&session, how);
        }
    }

    /// Ends all sessions without a word.
    pub(crate) fn drop_all(&mut self) {
        for (_, session) in self.sessions.drain() {
            end(&session, End::Forgotten);
        }
    }

    /// Silences the present subscriptions to a channel.
    pub(crate) fn silence(&mut self, channel: &str) {
        for session in self.sessions.values_mut() {
            session.silence(channel);
        }
    }

    /// Whether any session is subscribed to a channel.
    pub(crate) fn subscribed(&self, channel: &str, now: Timestamp) -> bool {
        self.living(now).any(|session| session.is_subscribed(channel))
    }

    /// The sessions whose time is not over; the others are there until somebody asks for them.
    fn living(&self, now: Timestamp) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |session| !session.over(now, self.lifetime))
    }

    /// Notes that a held connect was answered or its client went away.
    pub(super) fn release(&mut self, client_id: &str, now: Timestamp) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.release(now);
        }
    }
}

fn end(session: &Session, how: End) {
    // A session ends once; the first word stands.
    session.end.get_or_init(|| how);
}
