//! Faults on demand: what an org does wrong, to which calls, how often.
//!
//! In reading order: [`effect`] is what goes wrong, [`rule`] one order of it, [`faults`] which one a call meets.

mod effect;
mod faults;
mod rule;

pub use effect::Effect;
pub use faults::{FaultId, Faults};
pub use rule::Fault;
pub(crate) use rule::record_codes;
