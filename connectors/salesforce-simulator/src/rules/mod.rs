//! What refuses a write that is right in itself: permissions, locks and read-only mode, inactive owners, validation
//! rules, duplicate rules. Each file is one reason, asked by the `Writer` in the order of a real org.

mod admin;
mod barriers;
pub(crate) mod duplicates;
pub(crate) mod event_times;
pub(crate) mod membership;
pub(crate) mod owner;
pub(crate) mod permission;
pub(crate) mod validation;

pub(crate) use admin::answer;
pub(crate) use barriers::Barriers;
