//! The broker from outside: requests and answers as bytes on real connections.
//!
//! # Layout, in reading order
//!
//! - `client`, `records`: a small client
//! - `panics`: what no client sees
//! - `versions`: what the broker says that it can
//! - `every_version`: every request in every version
//! - `produce_fetch`, `waiting`: records in and out
//! - `groups`, `transactions`: what the coordinators keep
//! - `topics`, `configs`: administration
//! - `hostile`: bytes that no client sends
//! - `played`, `corpus`: what fuzzing has found worth keeping
//! - `faults`: what goes wrong on demand
//! - `restart`: what is there again
//! - `agreement`: what is there again when files went back to what they were
//!
//! Each is marked as a test, as clippy asks nobody there to do without `unwrap`.

#[cfg(test)]
mod client;

#[cfg(test)]
mod records;

#[cfg(test)]
mod panics;

#[cfg(test)]
mod versions;

#[cfg(test)]
mod every_version;

#[cfg(test)]
mod produce_fetch;

#[cfg(test)]
mod waiting;

#[cfg(test)]
mod groups;

#[cfg(test)]
mod transactions;

#[cfg(test)]
mod topics;

#[cfg(test)]
mod configs;

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod played;

#[cfg(test)]
mod corpus;

#[cfg(test)]
mod faults;

#[cfg(test)]
mod restart;

#[cfg(test)]
mod agreement;
