//! The figures of the process in Prometheus' text format, made of its status when they are asked for.
//!
//! - `text`: the format
//! - [`families`]: the names there are, and what they mean
//! - `tasks`, `orgs`: what a status says of them
//!
//! Labels have as many values as the file has pipelines, objects and partitions. Only codes and reasons come from outside, so
//! of these there are so many at most, and the rest is counted together.

use std::collections::BTreeMap;

use crate::control::Status;
use text::Text;

pub mod families;
mod orgs;
mod tasks;
mod text;

use families as f;

/// What Prometheus takes the format by.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Values of one label that come from outside, at most.
const MOST: usize = 50;
/// What the others are counted under.
const OTHERS: &str = "others";

/// The whole page.
pub(super) fn page(status: &Status, is_healthy: bool) -> String {
    let mut text = Text::default();
    text.sample(f::BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION")), ("node", &status.node)], 1.0);
    text.sample(f::HEALTHY, &[], truth(is_healthy));
    text.time(f::STARTED, &[], Some(&status.started));
    tasks::write(&mut text, status);
    orgs::write(&mut text, status);
    text.into_page(f::ALL)
}

/// One and zero.
fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "the format has no other numbers")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The largest of `counts`, and all others together.
fn bounded(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut sorted: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    if sorted.len() > MOST {
        // By name, not by size: a counter that leaves its line and comes back would seem to have begun anew.
        let rest = sorted.split_off(MOST);
        sorted.push((OTHERS, rest.iter().map(|(_, count)| count).sum()));
    }
    sorted
}

#[cfg(test)]
mod tests;
