//! `/meta/connect`: answered at once the first time, held later until there is an event, the time is up, or the
//! session, its token or the org ends.
//!
//! A newer connect of a session releases an older one, which then takes no events: nobody may be reading its answer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::exchange::{Exchange, Transport};
use super::frame::Due;
use super::message::Message;
use super::reply::{Denied, Reply};
use super::session::End;
use crate::calls::CallKind;
use crate::clock::millis;
use crate::tenant::{State, Tenant};

/// What a client is told to wait between two connects while another session of its browser is connected.
const SHARED_BROWSER_INTERVAL: u64 = 2_000;

/// An accepted connect that is still to be answered. While it is there its session stays alive.
pub(super) struct Connecting {
    pub(super) message: Message,
    /// When it is answered at the latest.
    pub(super) until: Instant,
    advice: Option<Json>,
    turn: u64,
    end: Arc<OnceLock<End>>,
    held: Hold,
}

/// What a look at a held connect finds.
pub(super) enum Look {
    /// Nothing: it goes on waiting.
    Nothing,
    /// Events to be sent now.
    Events(Vec<Due>),
    /// It is over with these replies; the session may be as well.
    Over(Vec<Reply>),
    /// A newer connect of the session has taken its place.
    Replaced,
}

/// Counts a held connect for as long as it is held, even when its client goes away. It keeps session and token alive.
struct Hold {
    tenant: Arc<Tenant>,
    client_id: String,
    token: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let now = self.tenant.clock.now();
        let mut state = self.tenant.state();
        state.streams.release(&self.client_id, now);
        state.logins.release(&self.token, now);
    }
}

impl Connecting {
    /// The session.
    pub(super) fn client_id(&self) -> &str {
        &self.held.client_id
    }

    /// The successful reply.
    pub(super) fn reply(&self) -> Reply {
        Reply { advice: self.advice.clone(), ..Reply::success(&self.message) }
    }
}

impl Exchange {
    /// Accepts a connect. One that is not `alone` in its call is never held: the other replies would wait.
    pub(super) fn connect(&self, message: Message, alone: bool) -> Result<Connecting, Vec<Reply>> {
        let denied = |denied| vec![Reply::denied(&message, denied)];
        let end = self.in_session(&message, |session, _| Ok(Arc::clone(&session.end))).map_err(denied)?;
        if let Some(ordered) = self.fault(&message) {
            return Err(denied(ordered));
        }
        if let Some(replies) = ended(&message, &end) {
            return Err(replies);
        }
        let (turn, advice, hold, token) = self.accept(&message, alone).map_err(denied)?;
        // An older one of the session must notice.
        self.tenant.changed.send_replace(());
        let client_id = message.client_id().unwrap_or_default().to_owned();
        let held = Hold { tenant: Arc::clone(&self.tenant), client_id, token };
        Ok(Connecting { message, until: Instant::now() + hold, advice, turn, end, held })
    }

    /// Looks whether a connect can be answered, and takes the events that are due.
    pub(super) fn look(&self, connecting: &Connecting) -> Look {
        if let Some(replies) = ended(&connecting.message, &connecting.end) {
            return Look::Over(replies);
        }
        let largest = self.tenant.settings.largest_answer;
        let found = self.in_session(&connecting.message, |session, around| {
            if session.connects != connecting.turn {
                return Ok(None);
            }
            let due = session.due(around.log, around.usage, around.now, largest);
            if due.is_empty() && session.exhausted(around.usage, around.now) {
                return Err(Denied::daily_limit());
            }
            Ok(Some(due))
        });
        match found {
            Ok(None) => Look::Replaced,
            Ok(Some(due)) if due.is_empty() => Look::Nothing,
            Ok(Some(due)) => Look::Events(due),
            Err(denied) => Look::Over(vec![Reply::denied(&connecting.message, denied)]),
        }
    }

    /// Until when a fault keeps a held connect from bringing anything.
    pub(super) fn stalled(&self, connecting: &Connecting) -> Option<Instant> {
        let contains = |text: &str| connecting.message.contains(text);
        self.tenant.faults.stalled(&[CallKind::Connect, CallKind::Cometd], contains)
    }

    /// The replies of a connect that a fault ordered to end now.
    pub(super) fn interrupted(&self, connecting: &Connecting) -> Option<Vec<Reply>> {
        let denied = self.fault(&connecting.message);
        denied.map(|denied| vec![Reply::denied(&connecting.message, denied)])
    }

    /// Counts a connect: its number in the session, the advice of its reply, how long it may be held, its token.
    fn accept(
        &self,
        message: &Message,
        alone: bool,
    ) -> Result<(u64, Option<Json>, Duration, String), Denied> {
        let poll_hold = self.tenant.settings.poll_hold;
        let (turn, cookie) = self.in_session(message, |session, around| {
            if let Some(other) = message.connection_type()
                && !self.connection_types().contains(&other)
            {
                return Err(Denied::plain(format!("400::Invalid connection type {{{other}}}")));
            }
            if session.exhausted(around.usage, around.now) {
                return Err(Denied::daily_limit());
            }
            session.connects += 1;
            Ok((session.connects, session.cookie.clone()))
        })?;
        let client_id = message.client_id().unwrap_or_default();
        let mut state = self.tenant.state();
        let State { streams, logins, .. } = &mut *state;
        let shared = self.transport == Transport::LongPolling && streams.browser_is_taken(&cookie, client_id);
        let session = streams.enter(client_id, self.tenant.clock.now()).ok_or_else(Denied::unknown_client)?;
        session.hold();
        let token = self.token_for(session).unwrap_or_default().to_owned();
        logins.hold(&token);
        let advised = std::mem::replace(&mut session.advice_due, shared);
        let timeout = millis(poll_hold);
        let advice = if shared {
            Some(json!({
                "interval": SHARED_BROWSER_INTERVAL,
                "multiple-clients": true,
                "timeout": timeout,
                "reconnect": "retry",
            }))
        } else {
            advised.then(|| json!({"interval": 0, "timeout": timeout, "reconnect": "retry"}))
        };
        let at_once = turn == 1 || shared || !alone;
        let hold = message.timeout().map_or(poll_hold, |asked| asked.min(poll_hold));
        Ok((turn, advice, if at_once { Duration::ZERO } else { hold }, token))
    }
}

/// The last replies of a session that has ended.
fn ended(message: &Message, end: &OnceLock<End>) -> Option<Vec<Reply>> {
    let over =
        || Reply { advice: Some(json!({"interval": 0, "reconnect": "none"})), ..Reply::success(message) };
    Some(match end.get()? {
        End::Disconnected => vec![over()],
        End::Dismissed => vec![Reply::goodbye(), over()],
        End::Forgotten => vec![Reply::denied(message, Denied::unknown_client())],
    })
}
