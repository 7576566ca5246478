//! Preconditions of calls that read or change one record: dates on every object, entity tags on Account only.
//!
//! Dates have whole seconds, as the stamps of rows have.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::resource::Resource;
use crate::data::{Refusal, Row, Value};
use crate::schema::ObjectIndex;
use crate::server::Answer;
use crate::timestamp::Timestamp;

/// The only object whose records have entity tags.
const TAGGED: &str = "Account";

/// `GET` and `HEAD`: 304 for what the client has already, 412 for what it does not want any more.
pub(crate) fn of_reading(
    resource: &Resource<'_>,
    object: ObjectIndex,
    row: &Row,
) -> Result<Option<Answer>, Refusal> {
    let call = resource.call;
    if call.headers.is_empty() {
        return Ok(None);
    }
    let date = |name: &str| call.header(name).and_then(Timestamp::parse_http);
    let modified = modified(resource, object, row);
    if call.header("if-match").is_some_and(|tags| !tagged(resource, object, row, tags))
        || date("if-unmodified-since").is_some_and(|since| modified > since)
    {
        return Err(failed());
    }
    if call.header("if-none-match").is_some_and(|tags| tagged(resource, object, row, tags))
        || date("if-modified-since").is_some_and(|since| modified <= since)
    {
        return Ok(Some(validators(resource, object, row, Answer::empty(304))));
    }
    Ok(None)
}

/// `PATCH`: 412 unless the record is as the client thinks. A date or tag that is none is refused.
pub(crate) fn of_writing(resource: &Resource<'_>, object: ObjectIndex, row: &Row) -> Result<(), Refusal> {
    let call = resource.call;
    for name in ["if-match", "if-none-match"] {
        if let Some(tags) = call.header(name) {
            if tags != "*" && !tags.contains('"') {
                return Err(invalid(name, tags));
            }
            if tagged(resource, object, row, tags) == (name == "if-none-match") {
                return Err(failed());
            }
        }
    }
    if let Some(text) = call.header("if-unmodified-since") {
        let since = Timestamp::parse_http(text).ok_or_else(|| invalid("if-unmodified-since", text))?;
        if modified(resource, object, row) > since {
            return Err(failed());
        }
    }
    Ok(())
}

/// The headers that a later precondition refers to.
pub(crate) fn validators(resource: &Resource<'_>, object: ObjectIndex, row: &Row, answer: Answer) -> Answer {
    if resource.schema.object(object).name != TAGGED {
        return answer;
    }
    let modified = modified(resource, object, row).http();
    answer.with("etag", tag(resource, object, row)).with("last-modified", modified)
}

/// Whether one of these tags is the record's; `*` is any record's. Other objects ignore tags.
fn tagged(resource: &Resource<'_>, object: ObjectIndex, row: &Row, tags: &str) -> bool {
    resource.schema.object(object).name == TAGGED
        && (tags.trim() == "*" || tags.replace("-gzip\"", "\"").contains(&tag(resource, object, row)))
}

fn tag(resource: &Resource<'_>, object: ObjectIndex, row: &Row) -> String {
    let stored = resource.schema.object(object).visible_fields().map(|(at, _)| row.value(at));
    let content: String = stored.map(|value| value.to_json(Timestamp::rest).to_string() + ",").collect();
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, content.as_bytes());
    format!("\"{}\"", BASE64_STANDARD.encode(hash))
}

fn modified(resource: &Resource<'_>, object: ObjectIndex, row: &Row) -> Timestamp {
    let system = resource.schema.object(object).system;
    match system.modstamp.or(system.modified_date).map(|at| row.value(at)) {
        Some(Value::Time(time)) => *time,
        _ => Timestamp::default(),
    }
}

fn failed() -> Refusal {
    Refusal::new(412, "PRECONDITION_FAILED", "One or more conditions in the request header was not satisfied")
}

fn invalid(name: &str, value: &str) -> Refusal {
    Refusal::new(400, "INVALID_HTTP_HEADER", format!("invalid value of the header {name}: {value}"))
}
