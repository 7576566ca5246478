//! `POST /cometd/NN.0`: several messages in, one reply to each out, events in front of the connect reply.
//!
//! The first connect of a session is answered at once, with the advice; later ones are held until there is an event,
//! the time is up, or the session, its token or the org ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::message::{channel, client_id, conditions, has_cookie, messages, subscriptions};
use super::reply::{Denied, denied, success};
use super::streams::{Session, Subscription};
use crate::auth::bearer;
use crate::clock::millis;
use crate::events::{EventLog, Subscribable};
use crate::fault::Effect;
use crate::server::{Answer, Call};
use crate::tenant::{State, Tenant};

/// The largest request, in bytes.
const MAX_REQUEST: usize = 32_768;
const OLDEST_VERSION: u32 = 37;
const NEW_ONLY: i64 = -1;
const ALL_RETAINED: i64 = -2;

/// Answers a call; `Err` when the org went down while a connect was held.
pub(crate) async fn answer(tenant: &Arc<Tenant>, call: &Call) -> Result<Answer, Effect> {
    if call.method != axum::http::Method::POST {
        return Ok(Answer::text(400, "only long polling: POST Bayeux messages here"));
    }
    let segments = call.segments();
    let version = segments.get(1).and_then(|text| text.parse::<f64>().ok());
    let problem = match version {
        _ if call.body.len() > MAX_REQUEST => Some((413, "413::Maximum Request Size Exceeded".to_owned())),
        None => {
            Some((400, "400::API version in the URI is mandatory. URI format: '/cometd/66.0'".to_owned()))
        }
        Some(version) if version < f64::from(OLDEST_VERSION) => Some((
            400,
            "400::Unsupported API version. Only API versions '37.0' and later are supported. URI format: \
             '/cometd/66.0'"
                .to_owned(),
        )),
        Some(_) => None,
    };
    let messages = messages(&call.body);
    if let Some((status, error)) = problem {
        let first = messages.and_then(|messages| messages.into_iter().next()).unwrap_or_else(|| json!({}));
        return Ok(Answer::json(status, &[denied(&first, &Denied::plain(error))]));
    }
    let Some(messages) = messages else {
        return Ok(Answer::text(400, "the body is not a JSON array of Bayeux messages"));
    };
    let mut exchange = Exchange { tenant, call, cookie: None };
    let alone = messages.len() == 1;
    let (connects, others): (Vec<&Json>, Vec<&Json>) =
        messages.iter().partition(|message| channel(message) == "/meta/connect");
    let mut replies: Vec<Json> = others.into_iter().map(|message| exchange.reply(message)).collect();
    for message in connects {
        replies.extend(exchange.connect(message, alone).await?);
    }
    let answer = Answer::json(200, &replies);
    Ok(match exchange.cookie {
        Some(cookie) => answer.with("set-cookie", format!("BAYEUX_BROWSER={cookie}; Path=/; HttpOnly")),
        None => answer,
    })
}

/// One call and what it leads to.
struct Exchange<'a> {
    tenant: &'a Arc<Tenant>,
    call: &'a Call,
    cookie: Option<String>,
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

impl Exchange<'_> {
    /// Replies to everything but connects.
    fn reply(&mut self, message: &Json) -> Json {
        let reply = match channel(message) {
            "/meta/handshake" => self.handshake(message),
            "/meta/subscribe" => self.subscribe(message),
            "/meta/unsubscribe" => self.unsubscribe(message),
            "/meta/disconnect" => self.disconnect(message),
            other => Err(Denied::plain(format!("403::Cannot create channel {{{other}}}"))),
        };
        reply.unwrap_or_else(|refusal| denied(message, &refusal))
    }

    fn handshake(&mut self, message: &Json) -> Result<Json, Denied> {
        let token =
            bearer(self.call).ok_or_else(|| Denied::handshake("401::Request requires authentication"))?;
        if !self.tenant.token_is_good(token) {
            return Err(Denied::handshake("401::Authentication invalid"));
        }
        let (client_id, cookie) =
            self.tenant.state().streams.open(self.tenant.clock.now(), self.tenant.settings.streaming_session);
        self.cookie = Some(cookie);
        // No advice: it comes with the first connect reply.
        let members = json!({
            "ext": {"replay": true, "payload.format": true},
            "minimumVersion": "1.0",
            "clientId": client_id,
            "supportedConnectionTypes": ["long-polling"],
            "version": "1.0",
        });
        Ok(success(message, &members))
    }

    async fn connect(&self, message: &Json, alone: bool) -> Result<Vec<Json>, Effect> {
        let client_id = client_id(message).to_owned();
        let started = self.in_session(message, |session, _| {
            session.connects += 1;
            session.connects
        });
        let mine = match started {
            Ok(mine) => mine,
            Err(refusal) => return Ok(vec![denied(message, &refusal)]),
        };
        let asked = message.pointer("/advice/timeout").and_then(Json::as_u64);
        let hold = match asked {
            _ if mine == 1 || !alone => Duration::ZERO,
            Some(0) => Duration::ZERO,
            _ => self.tenant.settings.poll_hold,
        };
        let mut members = json!({"clientId": client_id});
        if mine == 1
            && let Some(members) = members.as_object_mut()
        {
            let timeout = millis(self.tenant.settings.poll_hold);
            members.insert(
                "advice".to_owned(),
                json!({"interval": 0, "timeout": timeout, "reconnect": "retry"}),
            );
        }
        if mine > 1 {
            self.tenant.changed.send_replace(());
        }
        let token = bearer(self.call).unwrap_or_default().to_owned();
        {
            let mut state = self.tenant.state();
            state.streams.hold(&client_id);
            state.logins.hold(&token);
        }
        let _held = Hold { tenant: Arc::clone(self.tenant), client_id, token };
        let mut changed = self.tenant.changed.subscribe();
        let mut faults = self.tenant.faults.changes();
        let until = tokio::time::Instant::now() + hold;
        loop {
            // A connect that a newer one released takes no events: nobody may be reading its answer.
            let found = self.in_session(message, |session, state| {
                (session.connects == mine).then(|| session.due(state.log))
            });
            let (released, mut replies) = match found {
                Ok(due) => (due.is_none(), due.unwrap_or_default()),
                Err(refusal) => return Ok(vec![denied(message, &refusal)]),
            };
            let over = tokio::time::Instant::now() >= until || self.tenant.stop.is_cancelled();
            if !replies.is_empty() || released || over {
                replies.push(success(message, &members));
                return Ok(replies);
            }
            tokio::select! {
                _ = changed.changed() => {}
                _ = faults.changed() => {
                    if let Some(outage) = self.tenant.faults.outage() {
                        return Err(outage);
                    }
                }
                () = tokio::time::sleep_until(until) => {}
                () = self.tenant.stop.cancelled() => {}
            }
        }
    }

    fn subscribe(&self, message: &Json) -> Result<Json, Denied> {
        let now = self.tenant.clock.now();
        for wanted in subscriptions(message)? {
            let (channel, filter) = wanted.split_once('?').unwrap_or((wanted, ""));
            let any_of = conditions(filter);
            let from = message.pointer("/ext/replay").and_then(|map| map.get(channel)).and_then(Json::as_i64);
            self.in_session(message, |session, state| {
                let fields: Vec<&str> = any_of.iter().map(|(field, _)| field.as_str()).collect();
                state.subscribable.check(channel, &fields).map_err(Denied::plain)?;
                let delivered = match from.unwrap_or(NEW_ONLY) {
                    NEW_ONLY => state.log.last(),
                    ALL_RETAINED => {
                        state.log.forget_old(now);
                        0
                    }
                    replay_id => {
                        let known = u64::try_from(replay_id).ok().filter(|id| state.log.knows(*id, now));
                        known.ok_or_else(|| bad_replay(replay_id))?
                    }
                };
                session.subscribe(channel, Subscription { delivered, any_of: any_of.clone(), silent: false });
                Ok(())
            })??;
        }
        let members = json!({"clientId": client_id(message), "subscription": message.get("subscription")});
        Ok(success(message, &members))
    }

    fn unsubscribe(&self, message: &Json) -> Result<Json, Denied> {
        for wanted in subscriptions(message)? {
            let channel = wanted.split_once('?').map_or(wanted, |(channel, _)| channel);
            self.in_session(message, |session, _| session.unsubscribe(channel))?;
        }
        let members = json!({"clientId": client_id(message), "subscription": message.get("subscription")});
        Ok(success(message, &members))
    }

    fn disconnect(&self, message: &Json) -> Result<Json, Denied> {
        self.in_session(message, |_, _| ())?;
        self.tenant.state().streams.close(client_id(message));
        // A held connect of the session finds it gone and is answered.
        self.tenant.changed.send_replace(());
        Ok(success(message, &json!({"clientId": client_id(message)})))
    }

    /// Does something with the session of a message, if session, cookie and token are good.
    fn in_session<T>(
        &self,
        message: &Json,
        work: impl FnOnce(&mut Session, &mut Rest<'_>) -> T,
    ) -> Result<T, Denied> {
        let client_id = client_id(message);
        let now = self.tenant.clock.now();
        let mut state = self.tenant.state();
        let State { streams, logins, log, topics, store, .. } = &mut *state;
        let settings = &self.tenant.settings;
        let session =
            streams.touch(client_id, now, settings.streaming_session).ok_or_else(Denied::unknown_client)?;
        let good =
            bearer(self.call).is_some_and(|token| logins.use_token(token, now, settings.session_lifetime));
        if !good {
            return Err(Denied::unauthenticated());
        }
        if self.cookie.is_none() && !has_cookie(self.call, &session.cookie) {
            return Err(Denied::plain(format!(
                "400::Client {client_id} has established a session, but no BAYEUX_BROWSER cookie present"
            )));
        }
        Ok(work(session, &mut Rest { log, subscribable: Subscribable { schema: &store.schema, topics } }))
    }
}

/// The parts of the state that a session is matched with.
struct Rest<'a> {
    log: &'a mut EventLog,
    subscribable: Subscribable<'a>,
}

fn bad_replay(replay_id: i64) -> Denied {
    Denied::plain(format!(
        "400::The replayId {{{replay_id}}} you provided was invalid.  Please provide a valid ID, -2 to replay all \
         events, or -1 to replay only new events."
    ))
}
