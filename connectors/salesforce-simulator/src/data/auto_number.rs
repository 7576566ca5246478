//! Auto-numbers: display formats such as `INV-{YYYY}-{0000}`, and how far each field has counted.
//!
//! A number that was given out is never given out again, even if its record was deleted since, or not stored after all
//! (but after a kill: a number that nobody has seen is free again).

use std::collections::{BTreeMap, HashMap};

use crate::schema::{Flag, ObjectIndex, Schema};
use crate::timestamp::Timestamp;

/// The last number of every auto-number field, by object and field.
#[derive(Debug, Default)]
pub(crate) struct AutoNumbers(HashMap<(ObjectIndex, usize), u64>);

impl AutoNumbers {
    /// The next number of a field, in its display format. It is no lower than the field's first one.
    pub(crate) fn next(
        &mut self,
        (field, first): ((ObjectIndex, usize), u64),
        format: &str,
        now: Timestamp,
    ) -> String {
        let last = self.0.entry(field).or_default();
        *last = first.max(*last + 1);
        let date = now.event();
        let (before, digits, behind) = parts(format);
        format!("{}{last:0digits$}{}", dated(before, &date), dated(behind, &date))
    }

    /// Takes note of a number given out earlier.
    pub(crate) fn seen(&mut self, field: (ObjectIndex, usize), format: &str, text: &str) {
        let (before, _, behind) = parts(format);
        // Dates differ from record to record, but not in their length.
        let around = |part: &str| dated(part, "2026-01-01").len();
        let number = text.get(around(before)..text.len().saturating_sub(around(behind)));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            self.goes_on_after(field, number);
        }
    }

    /// The last numbers by object and field, for the data file.
    pub(crate) fn counted(&self, schema: &Schema) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut counted: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for ((object, at), last) in &self.0 {
            let object = schema.object(*object);
            if let Some(field) = object.fields.get(*at).filter(|field| !field.is(Flag::Gone)) {
                counted.entry(object.name.clone()).or_default().insert(field.name.clone(), *last);
            }
        }
        counted
    }

    /// Takes note of what [`AutoNumbers::counted`] gave.
    pub(crate) fn go_on(&mut self, schema: &Schema, counted: &BTreeMap<String, BTreeMap<String, u64>>) {
        let fields = counted.iter().flat_map(|(object, fields)| {
            let object = schema.find(object);
            fields.iter().filter_map(move |(field, last)| {
                let object = object?;
                Some(((object, schema.object(object).field(field)?), *last))
            })
        });
        for (field, last) in fields {
            self.goes_on_after(field, last);
        }
    }

    fn goes_on_after(&mut self, field: (ObjectIndex, usize), number: u64) {
        let last = self.0.entry(field).or_default();
        *last = (*last).max(number);
    }
}

/// What stands before the number, how many digits it has at least, and what stands behind it.
fn parts(format: &str) -> (&str, usize, &str) {
    let Some(at) = format.find("{0") else { return (format, 1, "") };
    let (before, rest) = format.split_at(at);
    let (digits, behind) = rest.split_once('}').unwrap_or((rest, ""));
    (before, digits.len().saturating_sub(1), behind)
}

/// Fills in `{YYYY}`, `{YY}`, `{MM}` and `{DD}`.
fn dated(text: &str, date: &str) -> String {
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default();
    text.replace("{YYYY}", part(0, 4))
        .replace("{YY}", part(2, 4))
        .replace("{MM}", part(5, 7))
        .replace("{DD}", part(8, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_on_from_the_highest_that_was_seen() {
        let now = Timestamp::parse("2026-03-04T10:20:30Z").unwrap();
        let mut numbers = AutoNumbers::default();
        assert_eq!(numbers.next(((0, 1), 1), "INV-{0000}", now), "INV-0001");
        numbers.seen((0, 1), "INV-{0000}", "INV-12345");
        numbers.seen((0, 1), "INV-{0000}", "INV-0007");
        assert_eq!(numbers.next(((0, 1), 1), "INV-{0000}", now), "INV-12346");
        assert_eq!(numbers.next(((1, 1), 1000), "{00000000}", now), "00001000");
        numbers.seen((0, 2), "{YYYY}{MM}-{00}/{DD}", "202512-08/31");
        assert_eq!(numbers.next(((0, 2), 1), "{YYYY}{MM}-{00}/{DD}", now), "202603-09/04");
    }
}
