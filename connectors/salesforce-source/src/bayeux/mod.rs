//! A Bayeux client for Salesforce: long polling with the replay extension.
//!
//! - [`message`]: what goes over the wire
//! - [`refusal`]: what a refusal means
//! - [`cursor`], [`subscriptions`]: how far a subscription is, and all of them
//! - [`transport`], [`cookies`]: one message there and its answer back
//! - [`exchange`]: one message and what came of it
//! - [`timing`]: how long is waited for what
//! - [`session`]: the state machine of the `/meta/*` messages, and the task it runs in
//! - [`delivery`]: what the session hands out

pub(crate) mod message;

pub(crate) mod refusal;

pub(crate) mod cursor;
pub(crate) use cursor::Cursor;

pub(crate) mod subscriptions;
pub(crate) use subscriptions::Subscription;

pub(crate) mod cookies;

pub(crate) mod transport;

pub(crate) mod exchange;

pub(crate) mod delivery;
pub(crate) use delivery::{Delivery, Served};

pub(crate) mod timing;
pub(crate) use timing::Timing;

pub(crate) mod session;
pub(crate) use session::{Session, Surroundings};
