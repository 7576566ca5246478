//! Whether org B has what a write of org A's value would leave there.

use orgstream_api::Value;
use orgstream_salesforce::{DescribeField, to_json, to_value};
use orgstream_salesforce_sink::Rules;
use serde_json::Value as Json;

/// `None` when `found` is what org B should have; else both as text. `expected` is org A's value; the id of a
/// reference is to be translated before. `rules` are those of the object.
pub(super) fn difference(
    source: &DescribeField,
    sink: &DescribeField,
    rules: &Rules,
    expected: &Json,
    found: &Json,
) -> Option<(String, String)> {
    // What is compared is what org B would make of the write, since the orgs may describe a field differently.
    let written = to_value(source, expected)
        .map(|value| match rules.adapted(sink, &value) {
            Some(adapted) => Value::String(adapted.text),
            None => value,
        })
        .and_then(|value| to_json(sink, &value))
        .and_then(|json| to_value(sink, &json));
    let shown = (expected.to_string(), found.to_string());
    match (written, to_value(sink, found)) {
        (Ok(written), Ok(found)) if written == found => None,
        (Ok(_), Ok(_)) => Some(shown),
        (Err(error), _) | (_, Err(error)) => Some((format!("{} ({error})", shown.0), shown.1)),
    }
}
