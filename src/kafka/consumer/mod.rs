//! Membership of a consumer group: a thread of its own that polls without a pause, and its asynchronous front.
//!
//! The group is joined as a static member, so that a restart within the session time-out keeps its partitions,
//! and rebalanced cooperatively: only partitions that really move are taken away, and what is in flight for
//! the others goes on.
//!
//! - [`event`]: what happens to a member
//! - [`group`]: the front
//! - `thread`: the poll loop and the commits
//! - `member`: rebalances, inside the poll
//! - `notes`: what is committed beside each offset
//! - [`starts`]: where it begins without a commit
//! - `assignment`: which partitions are read, and which are paused
//! - `outbox`: events and records on their way to the front, in order

pub mod event;
pub use event::{Assigned, Event, Revocation};

pub mod group;
pub use group::{GroupConfig, GroupConsumer};

pub mod starts;
pub use starts::Starts;

mod assignment;
mod gauge;
mod member;
mod notes;
pub(in crate::kafka) use notes::Note;
mod outbox;
mod thread;
