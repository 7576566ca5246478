//! Salesforce's dates and times as numbers, and back. All in UTC.

/// The text is no date or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected}")]
pub struct MalformedTime {
    text: String,
    expected: &'static str,
}

/// Milliseconds since the epoch of `2026-01-01T10:20:30.000+0000`, `…Z` or `…+00:00`, with or without fraction.
pub fn parse_datetime(text: &str) -> Result<i64, MalformedTime> {
    todo!()
}

/// `2026-01-01T10:20:30.000Z`: right in SOQL and in JSON.
pub fn format_datetime(millis: i64) -> String {
    todo!()
}

/// Days since the epoch of `2026-01-01`.
pub fn parse_date(text: &str) -> Result<i32, MalformedTime> {
    todo!()
}

/// `2026-01-01`.
pub fn format_date(days: i32) -> String {
    todo!()
}

/// Milliseconds since midnight of `10:20:30.000Z`.
pub fn parse_time(text: &str) -> Result<i32, MalformedTime> {
    todo!()
}

/// `10:20:30.000Z`.
pub fn format_time(millis: i32) -> String {
    todo!()
}
