//! The JSON body of a call, and what the parser says of one that it cannot read.
//!
//! The texts and positions are those of the Jackson parser, which counts the column behind the character at fault.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value as Json};

use crate::data::{Refusal, json_token};
use crate::server::Call;

/// Media types that bring a body the org reads.
const JSON: &str = "application/json";

/// The body as this type.
pub(crate) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    check_type(call)?;
    if call.body.is_empty() {
        return Err(parser_error("The HTTP entity body is required, but this request has no entity body."));
    }
    serde_json::from_slice(&call.body).map_err(|error| unreadable(&call.body, &error))
}

/// The body as a JSON object.
pub(crate) fn object(call: &Call) -> Result<Map<String, Json>, Refusal> {
    match read(call)? {
        Json::Object(object) => Ok(object),
        other => Err(misfit("SObject", &other)),
    }
}

/// A part of the body that is missing or has the wrong type.
pub(crate) fn misfit(wanted: &str, found: &Json) -> Refusal {
    let (token, text) = json_token(found);
    parser_error(format!(
        "Cannot deserialize instance of {wanted} from {token} value {text} or request may be missing a required field \
         at [line:1, column:1]"
    ))
}

/// A key that the body must not have.
pub(crate) fn unrecognized(key: &str) -> Refusal {
    parser_error(format!("Unrecognized field \"{key}\" at [line:1, column:1]"))
}

/// `JSON_PARSER_ERROR`.
pub(crate) fn parser_error(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "JSON_PARSER_ERROR", message)
}

/// A body without a type is taken for JSON.
fn check_type(call: &Call) -> Result<(), Refusal> {
    let given = call.header("content-type").unwrap_or(JSON);
    let media = given.split(';').next().unwrap_or_default().trim();
    if media.is_empty() || media.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    let message = format!("Content-Type header specified in HTTP request is not supported: {given}");
    Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message))
}

fn unreadable(body: &[u8], error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    let place = format!("at [line:{line}, column:{}]", column + 1);
    if error.classify() == Category::Eof {
        let open = if first(body) == Some(b'[') { "ARRAY" } else { "OBJECT" };
        return parser_error(format!(
            "Unexpected end-of-input: expected close marker for {open} (from [line:1, column:0]) {place}"
        ));
    }
    let text = error.to_string();
    let wanted = if text.starts_with("key must be a string") || text.starts_with("trailing comma") {
        "was expecting double-quote to start field name"
    } else if text.starts_with("expected `,` or `}`") {
        "was expecting comma to separate OBJECT entries"
    } else if text.starts_with("expected `,` or `]`") {
        "was expecting comma to separate ARRAY entries"
    } else if text.starts_with("expected `:`") {
        "was expecting a colon to separate field name and value"
    } else {
        "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
    };
    match character(body, line, column) {
        Some(found) => parser_error(format!(
            "Unexpected character ('{found}' (code {})): {wanted} {place}",
            u32::from(found)
        )),
        None => parser_error(format!("{text} {place}")),
    }
}

fn first(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// The character at a line and column, both counted from 1, columns in bytes.
fn character(body: &[u8], line: usize, column: usize) -> Option<char> {
    let line = body.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?;
    let rest = line.get(column.checked_sub(1)?..)?;
    String::from_utf8_lossy(rest).chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_body_is_answered_with_the_character_and_its_place() {
        for (body, message) in [
            (
                "{\"Name\":\"Acme\",}",
                "Unexpected character ('}' (code 125)): was expecting double-quote to start field name at [line:1, column:17]",
            ),
            (
                "{\n\"a\" 1}",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value at [line:2, column:6]",
            ),
            (
                "{\"a\":x}",
                "Unexpected character ('x' (code 120)): expected a valid value (number, String, array, object, 'true', 'false' or 'null') at [line:1, column:7]",
            ),
            (
                "{\"a\":[1 2]}",
                "Unexpected character ('2' (code 50)): was expecting comma to separate ARRAY entries at [line:1, column:10]",
            ),
        ] {
            let error = serde_json::from_str::<Json>(body).unwrap_err();
            assert_eq!(unreadable(body.as_bytes(), &error).message, message);
        }
        let cut = serde_json::from_str::<Json>("{\"a\":1").unwrap_err();
        assert!(
            unreadable(b"{\"a\":1", &cut)
                .message
                .starts_with("Unexpected end-of-input: expected close marker for OBJECT")
        );
    }
}
