//! HTTP: connections that can be cut, requests read whole, answers with the org's date, and the way from a request
//! to the part of the org that answers it.

mod answer;
mod connection;
mod dispatch;
mod request;

pub(crate) use answer::Answer;
pub(crate) use connection::{Cut, Loopback};
pub(crate) use dispatch::router;
pub(crate) use request::Call;
