//! A Bayeux client for Salesforce, with the replay extension.
//!
//! - [`message`]: what goes over the wire
//! - [`refusal`], [`end`]: what a refusal means, and why a session is over
//! - [`cursor`], [`subscriptions`]: how far a subscription is, and all of them
//! - [`transport`], [`cookies`], [`preference`]: how messages travel
//! - [`exchange`]: messages out, answers and events in
//! - [`pace`], [`timing`]: how long is waited for what
//! - [`delivery`], [`outlet`], [`handover`]: what the source is handed, and how much of it may wait
//! - [`recovery`]: what comes after a session
//! - [`run`]: the state machine of the `/meta/*` messages
//! - [`session`]: the handle on the task that it runs in

pub(crate) mod message;

pub(crate) mod refusal;

pub(crate) mod end;

pub(crate) mod cursor;
pub(crate) use cursor::{Cursor, Place};

pub(crate) mod subscriptions;
pub(crate) use subscriptions::Subscription;

pub(crate) mod cookies;

pub(crate) mod transport;

pub(crate) mod preference;

pub(crate) mod pace;

pub(crate) mod exchange;

pub(crate) mod delivery;
pub(crate) use delivery::{Delivery, Served};

pub(crate) mod outlet;
pub(crate) use outlet::Room;

pub(crate) mod handover;

pub(crate) mod recovery;

pub(crate) mod timing;
pub(crate) use timing::Timing;

pub(crate) mod run;

pub(crate) mod session;
pub(crate) use session::{Session, Surroundings};
