//! What the messages of one caller do, but for the connects that wait.
//!
//! Each message gets one reply, in the order of the messages.

use std::sync::Arc;

use serde_json::json;

use super::browser::{Browser, Cookie, random};
use super::message::Message;
use super::reply::{Denied, Reply};
use super::session::{End, Session};
use crate::auth::bearer;
use crate::calls::CallKind;
use crate::events::{EventLog, Subscribable};
use crate::fault::Effect;
use crate::server::Call;
use crate::tenant::{State, Tenant};
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// One POST, one answer.
    LongPolling,
    /// Frames both ways.
    WebSocket,
}

/// One caller: a POST, or a WebSocket for as long as it is open.
pub(super) struct Exchange {
    pub(super) tenant: Arc<Tenant>,
    pub(super) transport: Transport,
    /// The API version in the path of the call.
    pub(super) version: u32,
    token: Option<String>,
    browser: Browser,
}

/// What a session is matched with.
pub(super) struct Surroundings<'a> {
    pub(super) log: &'a mut EventLog,
    pub(super) subscribable: Subscribable<'a>,
    pub(super) usage: &'a Usage,
    pub(super) now: Timestamp,
}

impl Exchange {
    /// The caller that sent this.
    pub(super) fn new(tenant: &Arc<Tenant>, call: &Call, transport: Transport, version: u32) -> Self {
        let token = bearer(call).map(str::to_owned);
        Self { tenant: Arc::clone(tenant), transport, version, token, browser: Browser::of(call) }
    }

    /// Its cookie; a new one when it came without, and then `true`.
    pub(super) fn cookie(&mut self) -> (String, bool) {
        if let Some(known) = self.browser.value() {
            return (known.to_owned(), false);
        }
        let cookie = random(24);
        self.browser.adopt(&cookie);
        (cookie, true)
    }

    /// Whether it may open a WebSocket: with a good token of its own, or that of a session of the same browser.
    pub(super) fn is_authenticated(&self) -> bool {
        let now = self.tenant.clock.now();
        let mut state = self.tenant.state();
        let State { streams, logins, .. } = &mut *state;
        let of_browser = || self.browser.value().and_then(|cookie| streams.token_of_browser(cookie, now));
        let token = self.token.as_deref().or_else(of_browser);
        token.is_some_and(|token| logins.use_token(token, now, self.tenant.settings.session_lifetime))
    }

    /// Replies to a message that is no connect.
    pub(super) fn reply(&mut self, message: &Message) -> Reply {
        let done = match self.fault(message) {
            Some(denied) => Err(denied),
            None => match message.kind() {
                CallKind::Handshake => self.handshake(message),
                CallKind::Subscribe => self.subscribe(message),
                CallKind::Unsubscribe => self.unsubscribe(message),
                CallKind::Disconnect => self.disconnect(message),
                _ => self.publish(message),
            },
        };
        done.unwrap_or_else(|denied| Reply::denied(message, denied))
    }

    /// The refusal that a fault has ordered for this message.
    pub(super) fn fault(&self, message: &Message) -> Option<Denied> {
        let kind = message.kind();
        match self.tenant.faults.on_message(kind, |text| message.contains(text))? {
            Effect::BayeuxError { error, reconnect } => {
                let reconnect = reconnect.unwrap_or_else(|| "none".to_owned());
                Some(match (kind, message.client_id()) {
                    (CallKind::Handshake, _) => Denied::handshake(error).advising(reconnect),
                    (_, Some(id)) => {
                        Denied::plain(error.clone()).because(error).advising(reconnect).naming(id)
                    }
                    (_, None) => Denied::plain(error.clone()).because(error).advising(reconnect),
                })
            }
            _ => {
                if let Some(client_id) = message.client_id() {
                    self.tenant.state().streams.close(client_id, End::Dismissed);
                    self.tenant.changed.send_replace(());
                }
                None
            }
        }
    }

    fn handshake(&mut self, message: &Message) -> Result<Reply, Denied> {
        let token = self.token.clone();
        let token = token.ok_or_else(|| Denied::handshake("401::Request requires authentication"))?;
        if !self.tenant.token_is_good(&token) {
            return Err(Denied::handshake("401::Authentication invalid"));
        }
        let (cookie, _) = self.cookie();
        let opened = self.tenant.state().streams.open(&cookie, &token, self.tenant.clock.now());
        let client_id =
            opened.map_err(|_full| Denied::handshake("403::Organization concurrent user limit exceeded"))?;
        // No advice: it comes with the first connect reply.
        Ok(Reply {
            ext: Some(json!({"replay": true, "payload.format": true})),
            minimum_version: Some("1.0"),
            client_id: Some(client_id),
            supported_connection_types: Some(self.connection_types()),
            version: Some("1.0"),
            ..Reply::success(message)
        })
    }

    /// The connection types that this org serves.
    pub(super) fn connection_types(&self) -> Vec<&'static str> {
        if self.tenant.settings.websocket { vec!["websocket", "long-polling"] } else { vec!["long-polling"] }
    }

    fn unsubscribe(&self, message: &Message) -> Result<Reply, Denied> {
        self.in_session(message, |session, _| {
            let names = message.subscriptions();
            if names.is_empty() || names.iter().any(|name| name.is_empty()) {
                return Err(Denied::plain("400::Channel name not specified"));
            }
            for name in names {
                session.unsubscribe(name);
            }
            Ok(())
        })?;
        let subscription = message.member("subscription").cloned();
        Ok(Reply { subscription, ..Reply::success(message) })
    }

    fn disconnect(&self, message: &Message) -> Result<Reply, Denied> {
        self.in_session(message, |_, _| Ok(()))?;
        let client_id = message.client_id().unwrap_or_default();
        self.tenant.state().streams.close(client_id, End::Disconnected);
        // A held connect of the session finds it gone and is answered.
        self.tenant.changed.send_replace(());
        Ok(Reply::success(message))
    }

    /// Clients cannot send anything to others.
    fn publish(&self, message: &Message) -> Result<Reply, Denied> {
        self.in_session(message, |_, _| {
            Err(match message.channel() {
                "" => Denied::plain("400::Channel name not specified"),
                meta if meta.starts_with("/meta/") => Denied::plain("404::Unknown channel"),
                _ => Denied::plain("403:denied_by_security_policy:publish_denied"),
            })
        })
    }

    /// The token that speaks for a session: the caller's own, or on a WebSocket that of the handshake.
    pub(super) fn token_for<'a>(&'a self, session: &'a Session) -> Option<&'a str> {
        match (&self.token, self.transport) {
            (Some(token), _) => Some(token),
            (None, Transport::WebSocket) => Some(&session.token),
            (None, Transport::LongPolling) => None,
        }
    }

    /// Does something with the session of a message, if session, cookie and token are good.
    pub(super) fn in_session<T>(
        &self,
        message: &Message,
        work: impl FnOnce(&mut Session, &mut Surroundings<'_>) -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        let client_id = message.client_id().ok_or_else(Denied::no_handshake)?;
        let now = self.tenant.clock.now();
        let mut state = self.tenant.state();
        let State { streams, logins, log, feeds, store, .. } = &mut *state;
        feeds.sync(store);
        let session = streams.enter(client_id, now).ok_or_else(Denied::unknown_client)?;
        match self.browser.judge(&session.cookie) {
            Cookie::Present => {}
            Cookie::Absent => {
                return Err(Denied::plain(format!(
                    "400::Client {client_id} has established a session, but no BAYEUX_BROWSER cookie present"
                )));
            }
            // A server knows only the sessions of the browser that asks.
            Cookie::Foreign => return Err(Denied::unknown_client()),
        }
        let lifetime = self.tenant.settings.session_lifetime;
        if !self.token_for(session).is_some_and(|token| logins.use_token(token, now, lifetime)) {
            return Err(Denied::unauthenticated().naming(client_id));
        }
        let subscribable = Subscribable { store, feeds };
        work(session, &mut Surroundings { log, subscribable, usage: &self.tenant.usage, now })
            .map_err(|denied| denied.naming(client_id))
    }
}
