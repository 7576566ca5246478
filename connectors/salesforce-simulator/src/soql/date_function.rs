//! Functions of dates: `CALENDAR_YEAR(CreatedDate)`, `DAY_ONLY(…)`. Fiscal years are calendar years, and the user's time
//! zone is UTC.

use time::{Date, OffsetDateTime};

use crate::data::Value;
use crate::schema::FieldType;
use crate::timestamp::Timestamp;

/// A function of a date or a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateFunction {
    Month,
    Quarter,
    Year,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    HourInDay,
    WeekInMonth,
    WeekInYear,
}

impl DateFunction {
    /// The function of a name, in any letter case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "CALENDAR_MONTH" | "FISCAL_MONTH" => Self::Month,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Self::Quarter,
            "CALENDAR_YEAR" | "FISCAL_YEAR" => Self::Year,
            "DAY_IN_MONTH" => Self::DayInMonth,
            "DAY_IN_WEEK" => Self::DayInWeek,
            "DAY_IN_YEAR" => Self::DayInYear,
            "DAY_ONLY" => Self::DayOnly,
            "HOUR_IN_DAY" => Self::HourInDay,
            "WEEK_IN_MONTH" => Self::WeekInMonth,
            "WEEK_IN_YEAR" => Self::WeekInYear,
            _ => return None,
        })
    }

    /// Whether it takes fields of this type.
    pub(crate) fn takes(self, kind: FieldType) -> bool {
        match self {
            Self::DayOnly | Self::HourInDay => kind == FieldType::Datetime,
            _ => matches!(kind, FieldType::Date | FieldType::Datetime),
        }
    }

    /// The type of what it gives.
    pub(crate) fn gives(self) -> FieldType {
        if self == Self::DayOnly { FieldType::Date } else { FieldType::Int }
    }

    /// Its value; null for a missing value.
    pub(crate) fn apply(self, value: &Value) -> Value {
        let Some((date, hour)) = moment(value) else { return Value::Null };
        let whole = |number: u16| Value::Int(i64::from(number));
        match self {
            Self::Month => whole(u8::from(date.month()).into()),
            Self::Quarter => whole(u16::from((u8::from(date.month()) - 1) / 3 + 1)),
            Self::Year => Value::Int(date.year().into()),
            Self::DayInMonth => whole(date.day().into()),
            Self::DayInWeek => whole(u16::from(date.weekday().number_from_sunday())),
            Self::DayInYear => whole(date.ordinal()),
            Self::DayOnly => {
                let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
                Value::text(format!("{year:04}-{month:02}-{day:02}"))
            }
            Self::HourInDay => whole(hour.into()),
            Self::WeekInMonth => whole(u16::from((date.day() - 1) / 7 + 1)),
            Self::WeekInYear => whole((date.ordinal() - 1) / 7 + 1),
        }
    }
}

/// The day, and the hour of a point in time.
fn moment(value: &Value) -> Option<(Date, u8)> {
    let time = match value {
        Value::Time(time) => *time,
        Value::Text(date) => Timestamp::parse(&format!("{}T00:00:00Z", &**date))?,
        _ => return None,
    };
    let moment = OffsetDateTime::from_unix_timestamp(time.millis().div_euclid(1000)).ok()?;
    Some((moment.date(), moment.hour()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_gives_what_the_guide_says() {
        let time = Value::Time(Timestamp::parse("2009-09-22T18:23:10Z").unwrap());
        for (name, wanted) in [
            ("CALENDAR_MONTH", 9),
            ("fiscal_quarter", 3),
            ("CALENDAR_YEAR", 2009),
            ("DAY_IN_MONTH", 22),
            ("DAY_IN_WEEK", 3),
            ("DAY_IN_YEAR", 265),
            ("HOUR_IN_DAY", 18),
            ("WEEK_IN_MONTH", 4),
            ("WEEK_IN_YEAR", 38),
        ] {
            let function = DateFunction::named(name).unwrap();
            assert_eq!(function.apply(&time), Value::Int(wanted), "{name}");
            assert_eq!(function.apply(&Value::Null), Value::Null);
        }
        assert_eq!(DateFunction::DayOnly.apply(&time), Value::text("2009-09-22"));
        assert_eq!(DateFunction::Year.apply(&Value::text("2024-02-29")), Value::Int(2024));
    }
}
