//! What a sink does with records that are refused, or that cannot be read.

use super::document::Map;
use super::part::Making;

/// Codes that no org answers: what a record itself is like. `behavior.on.api.errors` does not speak of them.
const OF_RECORDS: [&str; 9] = [
    "MALFORMED_HEADER",
    "MISSING_EVENT_TYPE",
    "MISSING_ID",
    "NO_EXTERNAL_ID",
    "NO_FIELDS",
    "TOO_LARGE_TO_WAIT",
    "UNKNOWN_EVENT_TYPE",
    "UNROUTABLE",
    "VALUE_NOT_WRITABLE",
];
/// Codes of converters, of which `errors.tolerance` speaks.
const OF_CONVERTERS: [&str; 2] = ["UNREADABLE_KEY", "UNREADABLE_VALUE"];
/// Codes of expressions that transforms became, of which `errors.tolerance` speaks too.
const OF_TRANSFORMS: [&str; 3] = ["FIELD_NOT_COMPUTED", "FILTER_FAILED", "FILTER_UNDECIDED"];

/// Puts `on_error` into `sink`.
pub(super) fn refusals(making: &mut Making<'_, '_>, sink: &mut Map) {
    let property = "behavior.on.api.errors";
    let refused = match making.settings.word(property).as_str() {
        "log" => "dead_letter",
        "ignore" => "skip",
        _ => "stop",
    };
    let on_error = sink.map("on_error");
    making.put(on_error, "default", refused, property);
    if refused != "stop" {
        for code in OF_RECORDS {
            making.put(on_error, code, "stop", property);
        }
        let nulls = "behavior.on.null.record";
        if making.settings.word(nulls) != "ignore" {
            making.put(on_error, "TOMBSTONE", "stop", nulls);
        }
    }
    if refused == "skip" {
        // Nobody knows whether such a record was written, so it is not passed over.
        making.put(on_error, "INSERT_UNDECIDED", "reject", property);
    }
    let tolerated = making.settings.word("errors.tolerance") == "all";
    let kept = making.settings.filled("errors.deadletterqueue.topic.name").is_some();
    let (unreadable, is_default) = match (tolerated, kept) {
        (false, _) => ("stop", refused == "stop"),
        (true, true) => ("reject", refused == "dead_letter"),
        (true, false) => ("skip", refused == "skip"),
    };
    if is_default {
        return;
    }
    let transforms = if making.settings.list("transforms").is_empty() { &[][..] } else { &OF_TRANSFORMS };
    for code in OF_CONVERTERS.iter().chain(transforms) {
        making.put(on_error, code, unreadable, "errors.tolerance");
    }
}
