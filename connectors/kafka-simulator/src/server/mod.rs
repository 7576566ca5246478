//! Connections: a task each, requests answered in order.
//!
//! # Layout, in reading order
//!
//! - `limits`: what clients may take together
//! - `accept`: new connections
//! - `closed`: why a connection ends
//! - `frame`: bytes to requests, with limits
//! - `connection`: one connection from start to end
//! - `apis`: which requests there are, in which versions
//! - `shape`, `shapes`: whether a request's bytes hold what they claim, before anything is allocated for it
//! - `dispatch`: which request goes where

mod limits;
pub(crate) use limits::Limits;

mod accept;
pub(crate) use accept::accept;

mod closed;

mod frame;

mod connection;

mod apis;

mod shape;

mod shapes;

mod dispatch;

#[cfg(test)]
mod tests;
