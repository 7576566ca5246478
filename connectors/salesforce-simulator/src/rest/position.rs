//! Where in a body a value stands that could not be read, as the JSON parser of a real org tells it: just behind it.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::data::Refusal;

/// The place that a refusal names as long as nobody knows the text.
const UNKNOWN: &str = "[line:1, column:1]";

/// The same refusal with the place of its value in this body.
pub(super) fn located(mut refusal: Refusal, body: &[u8]) -> Refusal {
    let place = std::str::from_utf8(body).ok().and_then(|body| place(body, refusal.way()));
    if let Some((line, column)) = place.filter(|_| !refusal.way().is_empty()) {
        refusal.message = refusal.message.replace(UNKNOWN, &format!("[line:{line}, column:{column}]"));
    }
    refusal
}

/// Line and column, from 1, behind the value at the end of this way. Of an object or a list only the first character
/// has been read when it turns out not to fit.
fn place(body: &str, way: &[String]) -> Option<(usize, usize)> {
    let mut here = body;
    for step in way {
        here = match step.parse::<usize>() {
            Ok(nth) => serde_json::from_str::<Vec<&RawValue>>(here).ok()?.get(nth)?.get(),
            Err(_) => member(here, step)?,
        };
    }
    let read = if here.starts_with(['{', '[']) { 1 } else { here.len() };
    // Raw values are slices of the body, so their distance is their place.
    let end = here.as_ptr().addr().checked_sub(body.as_ptr().addr())? + read;
    let before = body.get(..end)?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    Some((before.matches('\n').count() + 1, line.chars().count() + 1))
}

/// The value of a key, in whatever letter case it is.
fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    members.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.get())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_place_is_behind_the_value() {
        let body = "{\"a\":1,\n \"B\": {\"c\": [true, \"x\"]}}";
        let place =
            |way: &[&str]| super::place(body, &way.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(place(&["a"]), Some((1, 7)));
        assert_eq!(place(&["b"]), Some((2, 8)));
        assert_eq!(place(&["b", "c", "1"]), Some((2, 23)));
        assert_eq!(place(&["d"]), None);
    }
}
