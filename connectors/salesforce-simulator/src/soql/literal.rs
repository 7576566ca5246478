//! Literals: what a value means when it is compared with values of a certain type.

use super::date_literal::DateLiteral;
use super::lexer::unescaped;
use super::mistake::{invalid_field, malformed, pointed};
use super::syntax::{Literal, LiteralKind};
use crate::data::{Refusal, Value};
use crate::ids;
use crate::schema::FieldType;
use crate::timestamp::{Timestamp, is_date};

/// A value, or a range of days.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    Value(Value),
    Days(DateLiteral),
}

/// What a literal means beside a field of this name and type. `at` is where the field stands in the query.
pub(crate) fn meaning(
    (field, kind): (&str, FieldType),
    literal: &Literal,
    query: &str,
    at: usize,
) -> Result<Meaning, Refusal> {
    let found = match (&literal.kind, kind) {
        (LiteralKind::Null, _) => Some(Value::Null),
        (LiteralKind::Text(text), kind) if kind.is_id() => return id(&unescaped(text), query, at),
        (LiteralKind::Text(text), kind) if kind.is_text() || kind == FieldType::Anytype => {
            let text = unescaped(text);
            Some(if text.is_empty() { Value::Null } else { Value::text(text) })
        }
        (LiteralKind::Bool(value), FieldType::Boolean) => Some(Value::Bool(*value)),
        (LiteralKind::Number(text), FieldType::Int) => {
            text.parse().ok().map(Value::Int).or_else(|| text.parse().ok().map(Value::Double))
        }
        (LiteralKind::Number(text), kind) if kind.is_decimal() => text.parse().ok().map(Value::Double),
        (LiteralKind::Number(text), FieldType::Date) if is_date(text) => Some(Value::text(text)),
        (LiteralKind::Number(text), FieldType::Datetime) => Timestamp::parse(text).map(Value::Time),
        (LiteralKind::Number(text), FieldType::Time) => time_of_day(text),
        (LiteralKind::Word(word), FieldType::Date | FieldType::Datetime) => {
            if let Some(days) = DateLiteral::parse(word) {
                return Ok(Meaning::Days(days));
            }
            None
        }
        // The org has one currency, so the amount is all there is to it.
        (LiteralKind::Word(word), FieldType::Currency) => {
            word.get(3..).and_then(|amount| amount.parse().ok()).map(Value::Double)
        }
        _ => None,
    };
    found.map(Meaning::Value).ok_or_else(|| wrong((field, kind), literal, query, at))
}

fn id(text: &str, query: &str, at: usize) -> Result<Meaning, Refusal> {
    if text.is_empty() {
        return Ok(Meaning::Value(Value::Null));
    }
    let known = ids::normalize(text).map(|id| Meaning::Value(Value::text(id)));
    known.ok_or_else(|| {
        pointed("INVALID_QUERY_FILTER_OPERATOR", query, at, &format!("invalid ID field: {text}"))
    })
}

/// `10:20:30.000Z`, with or without a fraction.
fn time_of_day(text: &str) -> Option<Value> {
    let time = Timestamp::parse(&format!("1970-01-01T{text}"))?;
    let (_, rest) = time.event().split_at_checked(11).map(|(day, time)| (day.to_owned(), time.to_owned()))?;
    Some(Value::text(rest))
}

fn wrong((field, kind): (&str, FieldType), literal: &Literal, query: &str, at: usize) -> Refusal {
    if let LiteralKind::Number(text) = &literal.kind {
        let day = text.get(..10).filter(|day| day.bytes().filter(|byte| *byte == b'-').count() == 2);
        if kind == FieldType::Datetime && day.is_some() && text.len() > 10 {
            return malformed(query, literal.at.0, &format!("Invalid datetime: {text}"));
        }
        if kind == FieldType::Date && day.is_some_and(|day| !is_date(day)) {
            return malformed(query, literal.at.0, &format!("Invalid date: {text}"));
        }
    }
    let (kind, quotes) = match kind {
        FieldType::Boolean => ("boolean", "should not be enclosed in quotes"),
        FieldType::Int => ("int", "should not be enclosed in quotes"),
        FieldType::Date => ("date", "should not be enclosed in quotes"),
        FieldType::Datetime => ("dateTime", "should not be enclosed in quotes"),
        FieldType::Time => ("time", "should not be enclosed in quotes"),
        kind if kind.is_decimal() => ("double", "should not be enclosed in quotes"),
        _ => ("string", "should be enclosed in quotes"),
    };
    let what = format!("value of filter criterion for field '{field}' must be of type {kind} and {quotes}");
    invalid_field(query, at, &what)
}
