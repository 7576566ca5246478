//! Salesforce's dates and times as numbers, and back. All in UTC.

use time::format_description::FormatItem;
use time::macros::{format_description, offset};
use time::{Date, PrimitiveDateTime, Time, UtcOffset};

const DATE: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME: &[FormatItem<'_>] = format_description!("[hour]:[minute]:[second][optional [.[subsecond]]]");
const DATETIME: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the form that HTTP prescribes.
const HTTP_DATE: &[FormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

const EPOCH_JULIAN_DAY: i32 = 2_440_588;
const MILLIS_A_DAY: i64 = 86_400_000;

/// The text is no date or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct MalformedTime {
    text: String,
    expected: &'static str,
}

/// Milliseconds since the epoch of `2026-01-01T10:20:30.000+0000`, `…Z` or `…+00:00`, with or without fraction.
pub fn parse_datetime(text: &str) -> Result<i64, MalformedTime> {
    parse_zoned(text).ok_or_else(|| MalformedTime::new(text, "a datetime such as 2026-01-01T10:20:30.000Z"))
}

/// `2026-01-01T10:20:30.000Z`: right in SOQL and in JSON.
pub fn format_datetime(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(MILLIS_A_DAY));
    format!("{year:04}-{month:02}-{day:02}T{}", clock_text(millis.rem_euclid(MILLIS_A_DAY)))
}

/// Milliseconds since the epoch of a `Date` header, whole seconds.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let date = PrimitiveDateTime::parse(text.trim(), HTTP_DATE).ok()?;
    Some(date.assume_utc().unix_timestamp() * 1_000)
}

/// Days since the epoch of `2026-01-01`.
pub fn parse_date(text: &str) -> Result<i32, MalformedTime> {
    Date::parse(text, DATE)
        .map(|date| date.to_julian_day() - EPOCH_JULIAN_DAY)
        .map_err(|_| MalformedTime::new(text, "a date such as 2026-01-01"))
}

/// `2026-01-01`.
pub fn format_date(days: i32) -> String {
    let (year, month, day) = civil(i64::from(days));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Milliseconds since midnight of `10:20:30.000Z`.
pub fn parse_time(text: &str) -> Result<i32, MalformedTime> {
    Time::parse(text.strip_suffix('Z').unwrap_or(text), TIME)
        .ok()
        .and_then(|time| {
            let since_midnight = time - Time::MIDNIGHT;
            i32::try_from(since_midnight.whole_milliseconds()).ok()
        })
        .ok_or_else(|| MalformedTime::new(text, "a time such as 10:20:30.000Z"))
}

/// `10:20:30.000Z`. Times past midnight begin anew.
pub fn format_time(millis: i32) -> String {
    clock_text(i64::from(millis).rem_euclid(MILLIS_A_DAY))
}

impl MalformedTime {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), expected }
    }
}

fn parse_zoned(text: &str) -> Option<i64> {
    if let Some(millis) = parse_usual(text.as_bytes()) {
        return Some(millis);
    }
    let (local, offset) = split_offset(text)?;
    let moment = PrimitiveDateTime::parse(local, DATETIME).ok()?.assume_offset(offset);
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

/// The spelling that rows have, such as `2026-01-01T10:20:30.000+0000`: millions of them are read. `None` for all others
/// and for what is no moment.
fn parse_usual(text: &[u8]) -> Option<i64> {
    let (local, zone) = text.split_at_checked(23)?;
    if !matches!(zone, b"Z" | b"+0000") {
        return None;
    }
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.')];
    if marks.iter().any(|(place, mark)| local[*place] != *mark) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        local[range].iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let days = days(year, month, day);
    let is_moment = civil(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    let seconds = (hour * 60 + minute) * 60 + second;
    is_moment.then_some(days * MILLIS_A_DAY + seconds * 1_000 + number(20..23)?)
}

/// Days since the epoch of a date; of one that is none, those of another date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// Cuts `Z`, `+hhmm` or `+hh:mm` off. Salesforce writes three forms of the same offset, and no format has them all.
fn split_offset(text: &str) -> Option<(&str, UtcOffset)> {
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local, offset!(UTC)));
    }
    let (local, digits) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    let (sign, digits) = digits.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i8 = hours.parse().ok()?;
    let minutes: i8 = minutes.strip_prefix(':').unwrap_or(minutes).parse().ok()?;
    let (hours, minutes) = if sign == "-" { (-hours, -minutes) } else { (hours, minutes) };
    Some((local, UtcOffset::from_hms(hours, minutes, 0).ok()?))
}

/// `hh:mm:ss.mmmZ` of milliseconds since midnight.
fn clock_text(millis: i64) -> String {
    let seconds = millis / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:03}Z", millis % 1_000)
}

/// Year, month and day of days since the epoch, for every number of days: a record from a foreign producer may hold
/// any, and it is for the org to refuse it, not for this side to change it. Counts eras of 400 years of equal length
/// from the first of March, so that the leap day is the last of its year.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn every_spelling_of_a_datetime_is_the_same_moment() {
        for text in [
            "2026-01-01T10:20:30.456+0000",
            "2026-01-01T10:20:30.456Z",
            "2026-01-01T10:20:30.456+00:00",
            "2026-01-01T12:20:30.456+0200",
            "2026-01-01T05:50:30.456-04:30",
        ] {
            assert_eq!(parse_datetime(text), Ok(1_767_262_830_456), "{text}");
        }
        assert_eq!(parse_datetime("2026-01-01T10:20:30Z"), Ok(1_767_262_830_000));
    }

    #[test]
    fn moments_before_the_epoch_and_around_leap_days_are_right() {
        for (text, millis) in [
            ("1969-12-31T23:59:59.999Z", -1),
            ("1700-01-01T00:00:00.000Z", -8_520_336_000_000),
            ("2000-02-29T00:00:00.000Z", 951_782_400_000),
            ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
        ] {
            assert_eq!(parse_datetime(text), Ok(millis), "{text}");
            assert_eq!(format_datetime(millis), text);
        }
    }

    #[test]
    fn a_date_header_is_a_moment() {
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(parse_http_date("1994-11-06"), None);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-02-29T10:20:30.000Z",
            "2026-00-10T10:20:30.000Z",
            "2026-13-01T10:20:30Z",
            "2026-01-01T10:20:30",
            "2026-01-01T10:20:30+é0",
            "Z",
        ] {
            assert!(parse_datetime(text).is_err(), "{text}");
        }
        assert!(parse_date("2026-02-30").is_err());
        assert!(parse_time("24:00:00.000Z").is_err());
    }

    #[test]
    fn a_number_of_days_no_calendar_has_still_has_a_text() {
        assert_eq!(format_date(i32::MAX), "5881580-07-11");
        assert!(format_datetime(i64::MIN).starts_with('-'));
    }

    proptest! {
        #[test]
        fn datetimes_survive_the_round_trip(millis in -9_000_000_000_000_i64..64_000_000_000_000) {
            prop_assert_eq!(parse_datetime(&format_datetime(millis)), Ok(millis));
        }

        /// The short way reads what the long way reads, and nothing else.
        #[test]
        fn the_usual_spelling_means_what_every_other_does(
            (year, month, day) in (0_u32..10_000, 0_u32..15, 0_u32..34),
            (hour, minute, second, milli) in (0_u32..26, 0_u32..63, 0_u32..62, 0_u32..1_000),
        ) {
            let local = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}");
            let usual = parse_datetime(&format!("{local}Z")).ok();
            // Another spelling of the same zone, which goes the long way.
            prop_assert_eq!(usual, parse_datetime(&format!("{local}+00:00")).ok());
        }

        #[test]
        fn dates_survive_the_round_trip(days in -100_000_i32..700_000) {
            prop_assert_eq!(parse_date(&format_date(days)), Ok(days));
        }

        #[test]
        fn times_survive_the_round_trip(millis in 0_i32..86_400_000) {
            prop_assert_eq!(parse_time(&format_time(millis)), Ok(millis));
        }
    }
}
