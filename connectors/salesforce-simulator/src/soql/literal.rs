//! Literals: what a token means when it is compared with a field of a certain type.

use super::lexer::{Token, TokenKind};
use super::path::pointed;
use crate::data::{Refusal, Value};
use crate::ids;
use crate::schema::{Field, FieldType};
use crate::timestamp::{Timestamp, is_date};

/// The value a token stands for beside this field.
pub(crate) fn value(field: &Field, token: &Token, query: &str) -> Result<Value, Refusal> {
    if token.is("null") {
        return Ok(Value::Null);
    }
    let found = match (&token.kind, field.kind) {
        (TokenKind::Text(text), kind) if kind.is_id() => return id(text, token, query),
        (TokenKind::Text(text), kind) if kind.is_text() => Some(Value::text(text)),
        (TokenKind::Word(_), FieldType::Boolean) if token.is("true") => Some(Value::Bool(true)),
        (TokenKind::Word(_), FieldType::Boolean) if token.is("false") => Some(Value::Bool(false)),
        (TokenKind::Number(text), FieldType::Int) => text.parse().ok().map(Value::Int),
        (TokenKind::Number(text), kind) if kind.is_decimal() => text.parse().ok().map(Value::Double),
        (TokenKind::Number(text), FieldType::Date) if is_date(text) => Some(Value::text(text)),
        (TokenKind::Number(text), FieldType::Datetime) => Timestamp::parse(text).map(Value::Time),
        _ => None,
    };
    found.ok_or_else(|| wrong(field, token, query))
}

fn id(text: &str, token: &Token, query: &str) -> Result<Value, Refusal> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    ids::normalize(text).map(Value::text).ok_or_else(|| {
        let refusal = pointed(query, token.column, &format!("invalid ID field: {text}"));
        Refusal { code: "INVALID_QUERY_FILTER_OPERATOR".to_owned(), ..refusal }
    })
}

fn wrong(field: &Field, token: &Token, query: &str) -> Refusal {
    let (kind, quotes) = match field.kind {
        FieldType::Boolean => ("boolean", "should not be enclosed in quotes"),
        FieldType::Int => ("int", "should not be enclosed in quotes"),
        FieldType::Date => ("date", "should not be enclosed in quotes"),
        FieldType::Datetime => ("dateTime", "should not be enclosed in quotes"),
        kind if kind.is_decimal() => ("double", "should not be enclosed in quotes"),
        _ => ("string", "should be enclosed in quotes"),
    };
    let what =
        format!("value of filter criterion for field '{}' must be of type {kind} and {quotes}", field.name);
    pointed(query, token.column, &what)
}
