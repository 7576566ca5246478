//! HTTP: connections that can be cut, requests read whole, answers with the org's date, and the way from a request
//! to the part of the org that answers it.

mod accept;
mod answer;
mod connection;
mod dispatch;
mod encoding;
mod request;
pub(crate) mod tls;

pub(crate) use accept::Loopback;
pub(crate) use answer::Answer;
pub(crate) use connection::{Connections, Cut};
pub(crate) use dispatch::router;
pub(crate) use request::{Call, percent_decode};
pub(crate) use tls::Tls;
