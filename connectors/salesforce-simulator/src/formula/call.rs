//! What the functions of formulas do.

use time::{Date, Month};

use super::datum::{Datum, round, whole};
use super::evaluate::{Scope, equal};
use super::expression::Expression;
use super::function::Function;
use crate::timestamp::Timestamp;

/// No text of a record is longer.
const MAX_TEXT: usize = 131_072;

/// Calls a function; arguments that do not matter are not evaluated.
pub(super) fn call(scope: Scope<'_>, function: Function, arguments: &[Expression]) -> Datum {
    let at = |nth: usize| arguments.get(nth).map_or(Datum::Null, |argument| scope.value(argument));
    let text = |nth: usize| at(nth).text();
    let number = |nth: usize| at(nth).number();
    let truth = |value: bool| Datum::Bool(value);
    let maybe =
        |number: Option<f64>| number.filter(|number| number.is_finite()).map_or(Datum::Null, Datum::Number);
    match function {
        Function::And => truth(arguments.iter().all(|argument| scope.value(argument).truth())),
        Function::Or => truth(arguments.iter().any(|argument| scope.value(argument).truth())),
        Function::Not => truth(!at(0).truth()),
        Function::If => at(if at(0).truth() { 1 } else { 2 }),
        Function::Case => case(scope, arguments),
        Function::IsBlank => truth(at(0).blank()),
        // Text is never null, so only what is no text can be.
        Function::IsNull => truth(at(0) == Datum::Null && !is_text(arguments.first())),
        Function::BlankValue => Some(at(0)).filter(|value| !value.blank()).unwrap_or_else(|| at(1)),
        Function::NullValue => match at(0) {
            Datum::Null if !is_text(arguments.first()) => at(1),
            value => value,
        },
        Function::IsPickVal => truth(text(0) == text(1)),
        Function::Includes => {
            let wanted = text(1);
            truth(text(0).split(';').any(|value| value == wanted))
        }
        Function::Text => Datum::Text(text(0)),
        Function::Value => maybe(text(0).trim().parse().ok()),
        Function::IsNumber => truth(text(0).trim().parse::<f64>().is_ok_and(f64::is_finite)),
        Function::Len => maybe(u32::try_from(text(0).chars().count()).ok().map(f64::from)),
        Function::Left => Datum::Text(text(0).chars().take(count(number(1))).collect()),
        Function::Right => {
            let text = text(0);
            let skipped = text.chars().count().saturating_sub(count(number(1)));
            Datum::Text(text.chars().skip(skipped).collect())
        }
        Function::Mid => {
            let (start, length) = (count(number(1)).max(1), count(number(2)));
            Datum::Text(text(0).chars().skip(start - 1).take(length).collect())
        }
        Function::Find => {
            let start = if arguments.len() > 2 { count(number(2)) } else { 1 };
            maybe(Some(find(&text(0), &text(1), start)))
        }
        // Empty text is in every text, as in Salesforce.
        Function::Contains => truth(text(0).contains(&text(1))),
        Function::Begins => truth(text(0).starts_with(&text(1))),
        Function::Substitute => {
            let (text, old, new) = (text(0), text(1), text(2));
            let grown = text.matches(old.as_str()).count().saturating_mul(new.len());
            match old.as_str() {
                "" => Datum::Text(text),
                // One within the other they would grow beyond every memory.
                _ if grown > MAX_TEXT => Datum::Null,
                old => Datum::Text(text.replace(old, &new)),
            }
        }
        Function::Trim => Datum::Text(text(0).trim().to_owned()),
        Function::Upper => Datum::Text(text(0).to_uppercase()),
        Function::Lower => Datum::Text(text(0).to_lowercase()),
        // Read as an expression of its own.
        Function::Regex => Datum::Null,
        Function::Abs => maybe(number(0).map(f64::abs)),
        Function::Round => {
            let scale = number(1).and_then(whole).and_then(|scale| i32::try_from(scale).ok());
            maybe(number(0).zip(scale).map(|(number, scale)| round(number, scale)))
        }
        // Both go by the distance from zero, as in Salesforce: CEILING(-1.2) is -2.
        Function::Floor => maybe(number(0).map(f64::trunc)),
        Function::Ceiling => maybe(number(0).map(|n| if n < 0.0 { n.floor() } else { n.ceil() })),
        Function::Max => maybe(extreme(scope, arguments, f64::max)),
        Function::Min => maybe(extreme(scope, arguments, f64::min)),
        Function::Mod => maybe(number(0).zip(number(1)).map(|(number, by)| number % by)),
        Function::Today => Datum::date(scope.store.clock.now().event().get(..10).unwrap_or_default()),
        Function::Now => Datum::Moment(scope.store.clock.now().to_second()),
        Function::Date => date(number(0), number(1), number(2)),
        Function::Year => maybe(calendar(&at(0)).map(|date| f64::from(date.year()))),
        Function::Month => maybe(calendar(&at(0)).map(|date| f64::from(u8::from(date.month())))),
        Function::Day => maybe(calendar(&at(0)).map(|date| f64::from(date.day()))),
        Function::DateValue => match at(0) {
            Datum::Text(text) => Datum::date(&text),
            Datum::Moment(moment) => Datum::date(moment.event().get(..10).unwrap_or_default()),
            other => other,
        },
        Function::DateTimeValue => match at(0) {
            Datum::Text(text) => moment(&text),
            Datum::Date(date) => moment(&format!("{} 00:00:00", Datum::Date(date).text())),
            other => other,
        },
        Function::IsNew => truth(scope.before.is_none()),
        Function::IsChanged => truth(changed(scope, arguments.first())),
        Function::PriorValue => match (arguments.first(), scope.before) {
            (Some(Expression::Field(path)), Some(before)) => scope.field(path, before),
            _ => at(0),
        },
    }
}

/// `CASE(value, when, then, …, otherwise)`.
fn case(scope: Scope<'_>, arguments: &[Expression]) -> Datum {
    let Some((value, rest)) = arguments.split_first() else { return Datum::Null };
    let value = scope.value(value);
    let (pairs, otherwise) = rest.as_chunks::<2>();
    for [when, then] in pairs {
        if equal(&value, &scope.value(when)) {
            return scope.value(then);
        }
    }
    otherwise.first().map_or(Datum::Null, |otherwise| scope.value(otherwise))
}

/// Whether an expression is a text field or a text: those are empty rather than null.
fn is_text(expression: Option<&Expression>) -> bool {
    use super::kind::Kind;
    expression.is_some_and(|expression| Kind::of(expression) == Ok(Kind::Text))
}

/// Characters, from a number that may be none or negative.
fn count(number: Option<f64>) -> usize {
    number.and_then(whole).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// Where one text starts in another, counted from 1 in characters; 0 when it does not.
fn find(wanted: &str, text: &str, start: usize) -> f64 {
    let skipped = start.max(1) - 1;
    let from = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    let found = text.get(from..).and_then(|rest| Some(rest.get(..rest.find(wanted)?)?.chars().count()));
    found.and_then(|at| u32::try_from(at + skipped + 1).ok()).map_or(0.0, f64::from)
}

/// The greatest or least of all arguments that have a value.
fn extreme(scope: Scope<'_>, arguments: &[Expression], of: fn(f64, f64) -> f64) -> Option<f64> {
    arguments.iter().filter_map(|argument| scope.value(argument).number()).reduce(of)
}

fn date(year: Option<f64>, month: Option<f64>, day: Option<f64>) -> Datum {
    let part = |number: Option<f64>| number.and_then(whole);
    let month = part(month).and_then(|month| u8::try_from(month).ok()).and_then(|m| Month::try_from(m).ok());
    let year = part(year).and_then(|year| i32::try_from(year).ok());
    let day = part(day).and_then(|day| u8::try_from(day).ok());
    let date = year.zip(month).zip(day);
    date.and_then(|((year, month), day)| Date::from_calendar_date(year, month, day).ok())
        .map_or(Datum::Null, Datum::Date)
}

fn calendar(datum: &Datum) -> Option<Date> {
    match datum {
        Datum::Date(date) => Some(*date),
        _ => None,
    }
}

/// `2026-01-31 10:20:30`, in UTC.
fn moment(text: &str) -> Datum {
    let iso = format!("{}Z", text.trim().trim_end_matches('Z').replacen(' ', "T", 1));
    Timestamp::parse(&iso).map_or(Datum::Null, Datum::Moment)
}

fn changed(scope: Scope<'_>, field: Option<&Expression>) -> bool {
    match (field, scope.before) {
        (Some(Expression::Field(path)), Some(before)) => {
            !equal(&scope.field(path, before), &scope.field(path, scope.row))
        }
        _ => false,
    }
}
