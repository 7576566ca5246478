//! Values with a form of their own. What is not of that form is reported, and the check goes on as if it were left out.

use std::time::Duration;

use super::Report;
use crate::config::duration::parse_duration;
use crate::config::size::parse_size;

/// A duration above zero.
pub(super) fn duration(
    text: Option<&str>,
    default: Duration,
    path: &[&str],
    report: &mut Report<'_>,
) -> Duration {
    let read = text.map(parse_duration).transpose();
    match read {
        Ok(Some(Duration::ZERO)) => {
            report.fault(path, "is no time at all; write one above zero");
            default
        }
        Ok(read) => read.unwrap_or(default),
        Err(error) => {
            report.fault(path, error.to_string());
            default
        }
    }
}

/// A duration above zero, or `off`.
pub(super) fn duration_or_off(
    text: Option<&str>,
    default: Option<Duration>,
    path: &[&str],
    report: &mut Report<'_>,
) -> Option<Duration> {
    match (text, default) {
        (Some("off"), _) | (None, None) => None,
        (text, default) => Some(duration(text, default.unwrap_or_default(), path, report)),
    }
}

/// A size above zero, in bytes.
pub(super) fn size(text: Option<&str>, default: u64, path: &[&str], report: &mut Report<'_>) -> u64 {
    match text.map(parse_size).transpose() {
        Ok(Some(0)) => {
            report.fault(path, "has room for nothing; write a size above zero");
            default
        }
        Ok(read) => read.unwrap_or(default),
        Err(error) => {
            report.fault(path, error.to_string());
            default
        }
    }
}

/// A whole number of percent.
pub(super) fn percent(text: Option<&str>, default: u8, path: &[&str], report: &mut Report<'_>) -> u8 {
    let Some(text) = text else { return default };
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse().ok());
    match number.filter(|number| *number <= 100) {
        Some(number) => number,
        None => {
            report.fault(path, format!("`{text}` is not a share of a hundred, such as 10%"));
            default
        }
    }
}
