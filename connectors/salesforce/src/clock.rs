//! What time it is. Time-outs and pauses use tokio's clock; this one is for what other machines see.

use std::time::SystemTime;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
