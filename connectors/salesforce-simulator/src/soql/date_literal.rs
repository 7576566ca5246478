//! Date literals: `TODAY`, `LAST_N_DAYS:3`, `NEXT_FISCAL_QUARTER`, each a range of days relative to today.
//!
//! Days are those of UTC, weeks start on Sunday, and fiscal years are calendar years.

use time::{Date, Duration, Month, OffsetDateTime};

use crate::timestamp::Timestamp;

/// A range of whole days, relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateLiteral {
    unit: Unit,
    /// First unit of the range; 0 is the present one.
    from: i32,
    /// First unit behind it.
    to: i32,
}

/// What the range is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Beyond so many units there is nothing: the calendar ends in the year 9999.
const MOST: i32 = 100_000;

impl DateLiteral {
    /// Reads a literal, in upper case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (word, n) = match text.split_once(':') {
            Some((word, n)) => (word, Some(n.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let n = n.map(|n| i32::try_from(n).unwrap_or(MOST).min(MOST));
        let of = |unit, from, to| Some(Self { unit, from, to });
        match (word, n) {
            ("YESTERDAY", None) => return of(Unit::Day, -1, 0),
            ("TODAY", None) => return of(Unit::Day, 0, 1),
            ("TOMORROW", None) => return of(Unit::Day, 1, 2),
            ("LAST_90_DAYS", None) => return of(Unit::Day, -90, 1),
            ("NEXT_90_DAYS", None) => return of(Unit::Day, 1, 91),
            // Unlike the other units, the days include today.
            ("LAST_N_DAYS", Some(n)) => return of(Unit::Day, -n, 1),
            _ => {}
        }
        let word = word.replace("FISCAL_", "");
        match (word.split('_').collect::<Vec<_>>().as_slice(), n) {
            (["LAST", unit], None) => of(Unit::one(unit)?, -1, 0),
            (["THIS", unit], None) => of(Unit::one(unit)?, 0, 1),
            (["NEXT", unit], None) => of(Unit::one(unit)?, 1, 2),
            (["LAST", "N", units], Some(n)) => of(Unit::several(units)?, -n, 0),
            (["NEXT", "N", units], Some(n)) => of(Unit::several(units)?, 1, n + 1),
            (["N", units, "AGO"], Some(n)) => of(Unit::several(units)?, -n, -n + 1),
            _ => None,
        }
    }

    /// The first moment of the range and the first behind it.
    pub(crate) fn range(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let today = OffsetDateTime::from_unix_timestamp(now.millis().div_euclid(1000))
            .map_or(Date::MIN, OffsetDateTime::date);
        (start(self.unit.start(today, self.from)), start(self.unit.start(today, self.to)))
    }
}

impl Unit {
    fn one(text: &str) -> Option<Self> {
        Some(match text {
            "WEEK" => Self::Week,
            "MONTH" => Self::Month,
            "QUARTER" => Self::Quarter,
            "YEAR" => Self::Year,
            _ => return None,
        })
    }

    fn several(text: &str) -> Option<Self> {
        if text == "DAYS" { Some(Self::Day) } else { Self::one(text.strip_suffix('S')?) }
    }

    /// The first day of the unit that is so many after the present one; the last days there are when it is beyond them.
    fn start(self, today: Date, after: i32) -> Date {
        let end = if after < 0 { Date::MIN } else { Date::MAX };
        let days = |first: Option<Date>, days: i64| {
            first.and_then(|first| first.checked_add(Duration::days(days))).unwrap_or(end)
        };
        let months = |first: i32, step: i32| {
            let month = i64::from(today.year()) * 12 + i64::from(first) + i64::from(after) * i64::from(step);
            let number = u8::try_from(month.rem_euclid(12) + 1).ok().and_then(|n| Month::try_from(n).ok());
            let year = i32::try_from(month.div_euclid(12)).ok();
            year.zip(number)
                .and_then(|(year, month)| Date::from_calendar_date(year, month, 1).ok())
                .unwrap_or(end)
        };
        let month = i32::from(u8::from(today.month())) - 1;
        match self {
            Self::Day => days(Some(today), i64::from(after)),
            Self::Week => {
                let into = i64::from(today.weekday().number_days_from_sunday());
                days(today.checked_sub(Duration::days(into)), i64::from(after) * 7)
            }
            Self::Month => months(month, 1),
            Self::Quarter => months(month - month % 3, 3),
            Self::Year => months(0, 12),
        }
    }
}

fn start(day: Date) -> Timestamp {
    Timestamp::from_millis(day.midnight().assume_utc().unix_timestamp() * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> (String, String) {
        // A Wednesday.
        let now = Timestamp::parse("2026-02-11T13:14:15Z").unwrap();
        let (from, to) = DateLiteral::parse(text).unwrap_or_else(|| panic!("{text}")).range(now);
        (from.rest().split_at(10).0.to_owned(), to.rest().split_at(10).0.to_owned())
    }

    #[test]
    fn every_literal_is_the_range_that_the_guide_names() {
        for (text, from, to) in [
            ("YESTERDAY", "2026-02-10", "2026-02-11"),
            ("TODAY", "2026-02-11", "2026-02-12"),
            ("TOMORROW", "2026-02-12", "2026-02-13"),
            ("LAST_WEEK", "2026-02-01", "2026-02-08"),
            ("THIS_WEEK", "2026-02-08", "2026-02-15"),
            ("NEXT_WEEK", "2026-02-15", "2026-02-22"),
            ("LAST_MONTH", "2026-01-01", "2026-02-01"),
            ("THIS_MONTH", "2026-02-01", "2026-03-01"),
            ("NEXT_MONTH", "2026-03-01", "2026-04-01"),
            ("LAST_90_DAYS", "2025-11-13", "2026-02-12"),
            ("NEXT_90_DAYS", "2026-02-12", "2026-05-13"),
            ("LAST_N_DAYS:3", "2026-02-08", "2026-02-12"),
            ("NEXT_N_DAYS:3", "2026-02-12", "2026-02-15"),
            ("N_DAYS_AGO:3", "2026-02-08", "2026-02-09"),
            ("LAST_N_WEEKS:2", "2026-01-25", "2026-02-08"),
            ("N_WEEKS_AGO:1", "2026-02-01", "2026-02-08"),
            ("NEXT_N_MONTHS:11", "2026-03-01", "2027-02-01"),
            ("LAST_N_MONTHS:2", "2025-12-01", "2026-02-01"),
            ("N_MONTHS_AGO:2", "2025-12-01", "2026-01-01"),
            ("THIS_QUARTER", "2026-01-01", "2026-04-01"),
            ("LAST_QUARTER", "2025-10-01", "2026-01-01"),
            ("NEXT_N_QUARTERS:2", "2026-04-01", "2026-10-01"),
            ("N_QUARTERS_AGO:1", "2025-10-01", "2026-01-01"),
            ("THIS_YEAR", "2026-01-01", "2027-01-01"),
            ("LAST_N_YEARS:2", "2024-01-01", "2026-01-01"),
            ("THIS_FISCAL_QUARTER", "2026-01-01", "2026-04-01"),
            ("NEXT_N_FISCAL_YEARS:3", "2027-01-01", "2030-01-01"),
            ("N_FISCAL_QUARTERS_AGO:4", "2025-01-01", "2025-04-01"),
        ] {
            assert_eq!(range(text), (from.to_owned(), to.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_literal_is_none_and_no_number_is_too_big() {
        for text in
            ["LAST_DAY", "TODAY:3", "LAST_N_DAYS", "LAST_N_DAYS:-1", "N_DAYS", "THIS_DAYS", "LAST_N_DAY:1"]
        {
            assert_eq!(DateLiteral::parse(text), None, "{text}");
        }
        assert!(range("NEXT_N_YEARS:4294967295").1 >= range("NEXT_N_YEARS:7000").1);
    }
}
