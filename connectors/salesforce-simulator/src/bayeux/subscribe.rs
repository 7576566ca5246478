//! `/meta/subscribe`: which channel, which of its events, from where on.
//!
//! A message that names several channels is granted as a whole or not at all.

use serde_json::Value as Json;

use super::exchange::{Exchange, Surroundings};
use super::filter::Filter;
use super::message::Message;
use super::reply::{Denied, Reply};
use super::session::Subscription;
use crate::usage::Allocation;

const NEW_ONLY: i64 = -1;
const ALL_RETAINED: i64 = -2;

impl Exchange {
    /// Subscribes the session of a message.
    pub(super) fn subscribe(&self, message: &Message) -> Result<Reply, Denied> {
        self.in_session(message, |session, around| {
            let names = message.subscriptions();
            if names.is_empty() {
                return Err(Denied::plain("400::Channel name not specified"));
            }
            let wanted: Result<Vec<_>, Denied> =
                names.iter().map(|name| Ok((*name, subscription(message, name, around)?))).collect();
            session
                .subscribe(wanted?)
                .map_err(|_too_many| Denied::plain("403::Subscription limit exceeded for this topic"))
        })?;
        let subscription = message.member("subscription").cloned();
        Ok(Reply { subscription, ..Reply::success(message) })
    }
}

/// The subscription that a name asks for.
fn subscription(
    message: &Message,
    name: &str,
    around: &mut Surroundings<'_>,
) -> Result<Subscription, Denied> {
    let denied = |error: &str| Denied::plain(error);
    if name.is_empty() {
        return Err(denied("400::Channel name not specified"));
    }
    if !name.starts_with('/') {
        return Err(denied("400::Channel subscriptions must start with a leading '/'"));
    }
    let (channel, filter) = name.split_once('?').unwrap_or((name, ""));
    if channel.contains('*') || channel.starts_with("/meta/") || channel.starts_with("/service/") {
        return Err(denied("403:denied_by_security_policy:create_denied"));
    }
    let filter = Filter::parse(filter).map_err(|part| {
        Denied::plain(format!("400::Query fields {{{part}}} do not exist on the topic entity"))
    })?;
    around.subscribable.check(channel, &filter.fields()).map_err(Denied::plain)?;
    let delivered = start(channel, message.replay(channel), around)?;
    // What this may deliver today is asked last: a channel that does not exist has no allocation.
    if around.usage.allowed(Allocation::of_channel(channel), around.now) == 0 {
        return Err(Denied::daily_limit());
    }
    Ok(Subscription { channel: channel.to_owned(), filter, delivered, silent: false })
}

/// The event after which a subscription starts.
fn start(channel: &str, replay: Option<&Json>, around: &mut Surroundings<'_>) -> Result<u64, Denied> {
    match replay.map_or(Some(NEW_ONLY), Json::as_i64) {
        Some(NEW_ONLY) => Ok(around.log.last()),
        Some(ALL_RETAINED) => {
            around.log.forget_old(around.now);
            Ok(0)
        }
        number => {
            let id = number.and_then(|number| u64::try_from(number).ok());
            let known = id.filter(|id| around.log.knows(channel, *id, around.now));
            known.ok_or_else(|| bad_replay(replay.unwrap_or(&Json::Null)))
        }
    }
}

fn bad_replay(replay: &Json) -> Denied {
    let shown = replay.as_str().map_or_else(|| replay.to_string(), str::to_owned);
    Denied::plain(format!(
        "400::The replayId {{{shown}}} you provided was invalid.  Please provide a valid ID, -2 to replay all \
         events, or -1 to replay only new events."
    ))
}
