//! When records wait in Kafka, and for how long.

use std::time::Duration;

use orgstream_salesforce_sink::{Expired, Parking};

use super::Report;
use crate::config::duration::parse_duration;
use crate::config::raw;

/// What the sink of `pipeline` does with records that cannot be written yet.
pub(super) fn parking(pipeline: &str, raw: Option<&raw::Parked>, report: &mut Report<'_>) -> Parking {
    let mut parking = Parking::default();
    let Some(raw) = raw else { return parking };
    let mut time = |key: &str, text: Option<&str>, time: &mut Duration| match text.map(parse_duration) {
        None => {}
        Some(Ok(given)) => *time = given,
        Some(Err(error)) => {
            report.fault(&["pipelines", pipeline, "sink", "parked", key], error.to_string());
        }
    };
    time("after", raw.after.as_deref(), &mut parking.after);
    time("expire_after", raw.expire_after.as_deref(), &mut parking.expire_after);
    parking.then = match raw.then {
        None | Some(raw::Expired::Reject) => Expired::Reject,
        Some(raw::Expired::WriteWithout) => Expired::WriteWithout,
    };
    parking.max = raw.max.unwrap_or(parking.max);
    parking
}
