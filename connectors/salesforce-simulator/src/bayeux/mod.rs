//! The Streaming API's protocol: Bayeux messages over long polling, sessions and their subscriptions.

mod endpoint;
mod message;
mod reply;
mod streams;

pub(crate) use endpoint::answer;
pub(crate) use message::kinds;
pub(crate) use streams::Streams;
