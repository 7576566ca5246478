//! `FORMAT(…)`: numbers, amounts, dates and times as people of the locale en_US write them.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::data::Value;
use crate::schema::{Field, FieldType};
use crate::timestamp::Timestamp;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[month padding:none]/[day padding:none]/[year]");
const DATETIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[month padding:none]/[day padding:none]/[year], [hour repr:12 padding:none]:[minute] [period]"
);

/// The text of a value; `None` for a missing one.
pub(crate) fn format(field: &Field, value: &Value) -> Option<String> {
    let places = usize::try_from(field.scale).unwrap_or(0);
    match (value, field.kind) {
        (Value::Int(number), _) => Some(grouped(&number.to_string())),
        (Value::Double(number), FieldType::Currency) => {
            let sign = if *number < 0.0 { "-" } else { "" };
            Some(format!("{sign}${}", grouped(&format!("{:.places$}", number.abs()))))
        }
        (Value::Double(number), FieldType::Percent) => {
            Some(format!("{}%", grouped(&format!("{number:.places$}"))))
        }
        (Value::Double(number), _) => Some(grouped(&format!("{number:.places$}"))),
        (Value::Text(date), FieldType::Date) => {
            moment(Timestamp::parse(&format!("{}T00:00:00Z", &**date))?)?.format(DATE).ok()
        }
        (Value::Time(time), _) => moment(*time)?.format(DATETIME).ok(),
        _ => None,
    }
}

fn moment(time: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time.millis().div_euclid(1000)).ok()
}

/// Puts commas between groups of three digits.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in
            [("0", "0"), ("999", "999"), ("-1000.50", "-1,000.50"), ("1234567", "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
