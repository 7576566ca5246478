//! `POST /cometd/NN.0`: several messages in, one reply to each out, events in front of the connect reply.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::address;
use super::browser::set_cookies;
use super::connect::{Connecting, Look};
use super::exchange::{Exchange, Transport};
use super::frame::Frame;
use super::message::messages;
use super::reply::Reply;
use crate::calls::CallKind;
use crate::fault::Effect;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// The largest request, in bytes.
pub(super) const MAX_REQUEST: usize = 32_768;

/// A held connect looks for notifications about every second, as in an org, whatever else wakes it: so the history of a
/// subscription made meanwhile comes on it, behind the reply to that subscription.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What CometD's own server says of a request that none of its transports takes.
const NO_TRANSPORT: &str = "Unknown Bayeux Transport";

/// How a held connect comes to its end.
enum Outcome {
    Answered,
    /// A newer connect took its place.
    Replaced,
}

/// Answers a call; `Err` when the org went down while a connect was held.
pub(crate) async fn answer(tenant: &Arc<Tenant>, call: &Call) -> Result<Answer, Effect> {
    let json = call.header("content-type").is_some_and(is_json);
    if call.method != axum::http::Method::POST || !json {
        return Ok(Answer::text(400, NO_TRANSPORT));
    }
    let messages = messages(&call.body);
    let first = || messages.as_ref().and_then(|messages| messages.first());
    if call.body.len() > MAX_REQUEST {
        return Ok(Answer::json(413, &[Reply::refused(first(), "413::Maximum Request Size Exceeded")]));
    }
    let segments = call.segments();
    let version = match address::version(segments.get(1..).unwrap_or_default()) {
        Ok(version) => version,
        Err(error) => return Ok(Answer::json(400, &[Reply::refused(first(), error)])),
    };
    let Some(messages) = messages else {
        return Ok(Answer::text(400, "the body is not a JSON array of Bayeux messages"));
    };
    let mut exchange = Exchange::new(tenant, call, Transport::LongPolling, version);
    let shakes = messages.iter().any(|message| message.kind() == CallKind::Handshake);
    let alone = messages.len() == 1;
    let mut frame = Frame::new();
    let mut new_cookie = None;
    if shakes && let (cookie, true) = exchange.cookie() {
        new_cookie = Some(cookie);
    }
    for message in messages {
        if message.kind() != CallKind::Connect {
            frame.reply(&exchange.reply(&message));
            continue;
        }
        match exchange.connect(message, alone) {
            Ok(connecting) => match wait(&exchange, &connecting, &mut frame).await? {
                Outcome::Answered => {}
                // Nobody reads it any more; CometD's own server ends it the same way.
                Outcome::Replaced => return Ok(Answer::text(500, "duplicate /meta/connect")),
            },
            Err(replies) => frame.replies(&replies),
        }
    }
    let answer = Answer::written(200, frame.finish());
    let cookies = new_cookie.map(|cookie| set_cookies(&cookie, call));
    Ok(cookies.into_iter().flatten().fold(answer, |answer, cookie| answer.with("set-cookie", cookie)))
}

/// Holds a connect until it can be answered.
async fn wait(exchange: &Exchange, connecting: &Connecting, frame: &mut Frame) -> Result<Outcome, Effect> {
    let tenant = &exchange.tenant;
    let mut changed = tenant.changed.subscribe();
    let mut faults = tenant.faults.changes();
    loop {
        let stalled = exchange.stalled(connecting).filter(|_| !tenant.stop.is_cancelled());
        let look = if stalled.is_some() { Look::Nothing } else { exchange.look(connecting) };
        match look {
            Look::Events(events) => {
                frame.events(connecting.client_id(), &events, exchange.version);
                frame.reply(&connecting.reply());
                return Ok(Outcome::Answered);
            }
            Look::Over(replies) => {
                frame.replies(&replies);
                return Ok(Outcome::Answered);
            }
            Look::Replaced => return Ok(Outcome::Replaced),
            Look::Nothing => {}
        }
        if stalled.is_none() && Instant::now() >= connecting.until || tenant.stop.is_cancelled() {
            frame.reply(&connecting.reply());
            return Ok(Outcome::Answered);
        }
        let wake = stalled.unwrap_or_else(|| connecting.until.min(Instant::now() + LOOK_AGAIN));
        tokio::select! {
            _ = changed.changed() => {}
            _ = faults.changed() => {
                if let Some(outage) = tenant.faults.outage() {
                    return Err(outage);
                }
                if let Some(replies) = exchange.interrupted(connecting) {
                    frame.replies(&replies);
                    return Ok(Outcome::Answered);
                }
            }
            () = tokio::time::sleep_until(wake) => {}
            () = tenant.stop.cancelled() => {}
        }
    }
}

/// `application/json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
