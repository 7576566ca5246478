//! The Streaming API's protocol: Bayeux messages over long polling and, as an option, a WebSocket; sessions, their
//! subscriptions and what each may receive.
//!
//! In reading order: [`message`] and [`reply`] are what comes in and goes out, [`exchange`] is what each message
//! does, [`connect`] the one that waits, [`long_polling`] and [`web_socket`] carry them.

mod address;
mod browser;
mod connect;
mod exchange;
mod filter;
mod frame;
mod long_polling;
mod message;
mod reply;
mod session;
mod streams;
mod subscribe;
mod web_socket;

pub(crate) use long_polling::answer;
pub(crate) use message::kinds;
pub(crate) use streams::Streams;
pub(crate) use web_socket::{upgrade, wanted as wants_upgrade};
