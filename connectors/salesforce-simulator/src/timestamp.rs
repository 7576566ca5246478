//! Points in time as Salesforce writes them.
//!
//! REST writes `2026-01-01T10:20:30.000+0000`, events write a `Z`, HTTP has its own form. All three come from one
//! number, so that they can never disagree.

use serde::{Deserialize, Serialize};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const TO_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]");
const HTTP: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
const WITHOUT_OFFSET: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
const JAVA_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] 00:00:00 GMT [year]");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Timestamp(i64);

impl Timestamp {
    /// A point in time from milliseconds since 1970.
    pub(crate) fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(self) -> i64 {
        self.0
    }

    /// The same moment without its milliseconds; stamps of rows have whole seconds.
    pub(crate) fn to_second(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1000))
    }

    /// As REST answers write it: `2026-01-01T10:20:30.000+0000`.
    pub(crate) fn rest(self) -> String {
        format!("{}+0000", self.format(TO_MILLIS))
    }

    /// As events write it: `2026-01-01T10:20:30.000Z`.
    pub(crate) fn event(self) -> String {
        format!("{}Z", self.format(TO_MILLIS))
    }

    /// As the `Date` header writes it.
    pub(crate) fn http(self) -> String {
        self.format(HTTP)
    }

    /// Reads a date of a conditional header, such as `Mon, 30 Nov 2020 08:34:54 GMT`; the older names of time zones
    /// are known, too.
    pub(crate) fn parse_http(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
    }

    /// The same moment without its seconds; replication knows only minutes.
    pub(crate) fn to_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(60_000))
    }

    /// Reads ISO 8601 with `Z`, `+00:00` or `+0000`, with or without a fraction. A missing offset is refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (local, offset_minutes) = split_offset(text)?;
        let moment = PrimitiveDateTime::parse(local, WITHOUT_OFFSET).ok()?.assume_utc();
        let millis = i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()?;
        Some(Self(millis - offset_minutes * 60_000))
    }

    fn format(self, form: &[BorrowedFormatItem<'_>]) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(form).ok())
            .unwrap_or_default()
    }
}

/// True for `2026-01-01` when that day exists.
pub(crate) fn is_date(text: &str) -> bool {
    time::Date::parse(text, DATE).is_ok()
}

/// A time of day from `10:20:30`, with or without a fraction and a `Z`, as `10:20:30.000Z`.
pub(crate) fn time_of_day(text: &str) -> Option<String> {
    let day = Timestamp::parse(&format!("1970-01-01T{}Z", text.strip_suffix('Z').unwrap_or(text)))?;
    day.event().get(11..).map(str::to_owned)
}

/// A date as Java writes it, which is how some messages show it: `Fri Jan 01 00:00:00 GMT 1500`.
pub(crate) fn java_date(date: &str) -> String {
    time::Date::parse(date, DATE).ok().and_then(|date| date.format(JAVA_DATE).ok()).unwrap_or_default()
}

/// Cuts the offset off: the local part and the offset in minutes.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local, 0));
    }
    let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
    let (local, offset) = text.split_at(at);
    let digits: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
    if digits.len() != 4 {
        return None;
    }
    let minutes = digits.get(..2)?.parse::<i64>().ok()? * 60 + digits.get(2..)?.parse::<i64>().ok()?;
    Some((local, if offset.starts_with('-') { -minutes } else { minutes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_has_three_spellings() {
        let moment = Timestamp::parse("2026-01-01T10:20:30.456Z").unwrap();
        assert_eq!(moment.rest(), "2026-01-01T10:20:30.456+0000");
        assert_eq!(moment.event(), "2026-01-01T10:20:30.456Z");
        assert_eq!(moment.http(), "Thu, 01 Jan 2026 10:20:30 GMT");
        assert_eq!(Timestamp::parse_http(&moment.http()), Some(moment.to_second()));
        assert_eq!(Timestamp::parse_http("2026-01-01"), None);
        assert_eq!(moment.to_second().rest(), "2026-01-01T10:20:30.000+0000");
    }

    #[test]
    fn every_offset_salesforce_accepts_is_read() {
        let utc = Timestamp::parse("2026-01-01T10:00:00Z").unwrap();
        for same in ["2026-01-01T12:00:00+02:00", "2026-01-01T12:00:00.000+0200", "2026-01-01T09:00:00-0100"]
        {
            assert_eq!(Timestamp::parse(same), Some(utc), "{same}");
        }
        for wrong in ["2026-01-01T10:00:00", "2026-13-01T10:00:00Z", "2026-01-01", "soon"] {
            assert_eq!(Timestamp::parse(wrong), None, "{wrong}");
        }
    }
}
