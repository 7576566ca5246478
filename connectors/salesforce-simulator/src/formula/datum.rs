//! A value within a formula: fewer types than fields have, and percentages as fractions.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::data::Value;
use crate::schema::{Field, FieldType};
use crate::timestamp::Timestamp;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// No two days of a calendar are further apart.
const MOST_DAYS: f64 = 10_000_000.0;

/// A value. Text is never null but empty, which is the same to a formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Date(Date),
    Moment(Timestamp),
}

impl Datum {
    /// The value of a field.
    pub(super) fn of(field: FieldType, value: &Value) -> Self {
        match (field, value) {
            (FieldType::Date, Value::Text(text)) => Self::date(text.as_ref()),
            (_, Value::Text(text)) => Self::Text(text.to_string()),
            (_, Value::Bool(value)) => Self::Bool(*value),
            #[expect(clippy::cast_precision_loss, reason = "no int field has more than nine digits")]
            (_, Value::Int(value)) => Self::Number(*value as f64),
            (FieldType::Percent, Value::Double(value)) => Self::Number(value / 100.0),
            (_, Value::Double(value)) => Self::Number(*value),
            (_, Value::Time(value)) => Self::Moment(*value),
            (_, Value::Null) => Self::Null,
        }
    }

    /// As the value of a formula field.
    pub(super) fn into_value(self, field: &Field) -> Value {
        match (field.kind, self) {
            (FieldType::Boolean, Self::Bool(value)) => Value::Bool(value),
            // A formula that should be true or false is never nothing.
            (FieldType::Boolean, _) => Value::Bool(false),
            (FieldType::Percent, Self::Number(number)) => decimal(field, number * 100.0),
            (FieldType::Int, Self::Number(number)) => {
                format!("{number:.0}").parse().map_or(Value::Null, Value::Int)
            }
            (kind, Self::Number(number)) if kind.is_decimal() => decimal(field, number),
            (FieldType::Date, Self::Date(date)) => Value::text(show(date)),
            (FieldType::Datetime, Self::Moment(moment)) => Value::Time(moment),
            (kind, Self::Text(text)) if kind.is_text() && !text.is_empty() => Value::text(text),
            _ => Value::Null,
        }
    }

    /// A date from `2026-01-31`, or null.
    pub(super) fn date(text: &str) -> Self {
        Date::parse(text, DATE).map_or(Self::Null, Self::Date)
    }

    /// Nothing, or empty text.
    pub(super) fn blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Whether it is true; nothing is not.
    pub(super) fn truth(&self) -> bool {
        self == &Self::Bool(true)
    }

    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// As text: numbers without superfluous digits, dates as `2026-01-31`, moments as `2026-01-31 10:20:30Z`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Date(date) => show(*date),
            Self::Moment(moment) => {
                let text = moment.event();
                format!("{} {}Z", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
            }
        }
    }

    /// This many days later; nothing where no calendar goes.
    pub(super) fn later(&self, days: f64) -> Self {
        if days.abs() > MOST_DAYS {
            return Self::Null;
        }
        match self {
            Self::Date(date) => whole(days.floor())
                .and_then(|days| date.checked_add(Duration::days(days)))
                .map_or(Self::Null, Self::Date),
            #[expect(clippy::cast_precision_loss, reason = "a day in milliseconds")]
            Self::Moment(moment) => whole((days * DAY as f64).round())
                .and_then(|millis| moment.millis().checked_add(millis))
                .filter(|millis| OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)).is_ok())
                .map_or(Self::Null, |millis| Self::Moment(Timestamp::from_millis(millis))),
            _ => Self::Null,
        }
    }
}

/// Days from the second to the first of two dates or moments.
pub(super) fn days_between(left: &Datum, right: &Datum) -> Option<f64> {
    match (left, right) {
        #[expect(clippy::cast_precision_loss, reason = "days of calendars fit")]
        (Datum::Date(left), Datum::Date(right)) => Some((*left - *right).whole_days() as f64),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of calendars fit")]
        (Datum::Moment(left), Datum::Moment(right)) => {
            Some((left.millis() - right.millis()) as f64 / DAY as f64)
        }
        _ => None,
    }
}

/// The whole number that a float without fraction is; `None` beyond 15 digits.
pub(super) fn whole(number: f64) -> Option<i64> {
    if number.abs() >= 1e15 {
        return None;
    }
    format!("{:.0}", number.trunc()).parse().ok()
}

/// Rounds half away from zero, by the decimal digits that people see and not the binary ones: 1.005 is a half at two
/// decimals. A number that has no more decimals than `scale` stays itself to the last bit.
pub(crate) fn round(number: f64, scale: i32) -> f64 {
    // So large a number has no decimals.
    if !number.is_finite() || number.abs() >= 1e15 {
        return number;
    }
    let Ok(scale) = usize::try_from(scale) else {
        let factor = 10_f64.powi(scale.clamp(-18, 0));
        return (number * factor).round() / factor;
    };
    // The shortest decimal that is this number; never with an exponent.
    let text = number.abs().to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let (Some(kept), Some(next)) = (decimals.get(..scale), decimals.as_bytes().get(scale)) else {
        return number;
    };
    let digits: Option<u128> = format!("{whole}{kept}").parse().ok();
    let rounded = digits.map(|digits| digits + u128::from(*next >= b'5'));
    let rounded: Option<f64> = rounded.and_then(|digits| format!("{digits}e-{scale}").parse().ok());
    rounded.map_or(number, |rounded| rounded.copysign(number))
}

fn decimal(field: &Field, number: f64) -> Value {
    let rounded = round(number, i32::try_from(field.scale).unwrap_or(0));
    if rounded.is_finite() { Value::Double(rounded) } else { Value::Null }
}

fn show(date: Date) -> String {
    date.format(DATE).unwrap_or_default()
}
