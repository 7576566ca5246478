//! Values that the org derives from others: names of people, whether a deal is won, when an event ends.
//!
//! A derivation sees the whole row just before it is checked, so rules, queries and events meet what it made. Fields
//! that it alone may set are not writable by their flags. What is derived from another record is derived anew when
//! that one changes: such a row has no new stamp, and nobody is told of it.
//!
//! # Layout, in reading order
//!
//! - `derivation`: the table of all derivations, and what one sees
//! - `follow`: deriving anew when another record changes
//! - `activities`, `case`, `member`, `person`, `prices`, `opportunity`: the derivations

mod activities;
mod case;
mod derivation;
mod follow;
mod member;
mod opportunity;
mod person;
mod prices;

pub(super) use derivation::{Draft, derive};
