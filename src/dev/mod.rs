//! `orgstream dev`: a live replication between two simulated orgs, with a user at work and something to look at.
//!
//! It is a file like any other ([`place`]) on the runtime like any other; what is here only works in org A, looks,
//! and shows. It talks to the orgs as any client does, over HTTP.
//!
//! # Layout, in reading order
//!
//! - [`place`]: the directory with the file, kept or not
//! - [`session`]: the file, opened
//! - `user`: who works in org A
//! - `trouble`: what goes wrong on demand
//! - [`figures`]: what is looked at; `watch` looks again and again, `snapshot` says when the first part is through
//! - `join`: the lines to paste into another terminal
//! - [`once`]: to the end and out, for scripts
//! - `printer`, `plain`: a line now and then
//! - `screen`, `panics`, `terminal`: or a live view

pub mod place;
pub use place::{Place, PlaceError};

pub mod session;
pub use session::{DevError, Session};

mod user;
pub use user::UserError;

mod trouble;

pub mod figures;
pub use figures::{Count, Figures};

mod snapshot;

mod watch;

mod join;

pub mod once;

mod printer;
pub use printer::Printer;

mod plain;

mod screen;

mod panics;

mod terminal;

pub mod live;
