//! A row of a job as its file has it. What CSV would change is no cell: its record goes another way.

use std::collections::HashMap;

use csv::{Terminator, WriterBuilder};
use orgstream_salesforce::{NULL_CELL, Row};
use serde_json::Value as Json;

/// Characters that org B takes in one cell of a job.
const CELL: usize = 131_072;

/// The columns of a job, each with its place.
#[derive(Debug, Default)]
pub(super) struct Columns(HashMap<String, usize>);

impl Columns {
    /// In this order.
    pub(super) fn new(names: Vec<String>) -> Self {
        Self(names.into_iter().enumerate().map(|(place, name)| (name, place)).collect())
    }

    /// The line of a row; `None` where a field is no column, or a job would write another value than the row has.
    pub(super) fn line(&self, row: &Row) -> Option<Vec<u8>> {
        let mut cells = vec![String::new(); self.0.len()];
        for (name, value) in row {
            let (place, value) = match value {
                Json::Object(parent) => {
                    let (key, value) = only(parent)?;
                    (self.0.get(&parent_column(name, key))?, value)
                }
                value => (self.0.get(name)?, value),
            };
            cells[*place] = cell(value)?;
        }
        Some(line(cells.iter().map(String::as_str)))
    }
}

/// The column of parents that are named by a value.
pub(super) fn parent_column(relationship: &str, key: &str) -> String {
    format!("{relationship}.{key}")
}

/// The value by which a parent is named. Where its object has to be said too, a row goes another way.
pub(super) fn only(parent: &Row) -> Option<(&String, &Json)> {
    parent.iter().next().filter(|_| parent.len() == 1)
}

/// A cell that writes `value`.
fn cell(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(NULL_CELL.to_owned()),
        // An empty cell would leave the field as it is; an empty text empties it.
        Json::String(text) if text.is_empty() => Some(NULL_CELL.to_owned()),
        Json::String(text) => is_taken_as_it_is(text).then(|| text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// Blanks alone may count as an empty cell, and what clears a field may do so in any case and between blanks.
fn is_taken_as_it_is(text: &str) -> bool {
    let bare = text.trim();
    !bare.is_empty() && !bare.eq_ignore_ascii_case(NULL_CELL) && text.len() <= CELL
}

/// A line of CSV.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes every line");
    writer.into_inner().expect("memory takes every line")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Json) -> Option<String> {
        let columns = Columns::new(vec!["Key".to_owned(), "Name".to_owned()]);
        let Json::Object(row) = json!({ "Key": "k", "Name": value }) else { panic!("it is an object") };
        columns.line(&row).map(|line| String::from_utf8(line).unwrap())
    }

    #[test]
    fn a_cell_writes_what_its_value_says_or_is_none() {
        for (value, line) in [
            (json!(null), "k,#N/A\n"),
            (json!(""), "k,#N/A\n"),
            (json!(" a \"b\"\n"), "k,\" a \"\"b\"\"\n\"\n"),
            (json!(true), "k,true\n"),
            (json!(1.25), "k,1.25\n"),
        ] {
            assert_eq!(written(&value).as_deref(), Some(line), "{value}");
        }
        for value in [
            json!("#N/A"),
            json!("#n/a"),
            json!(" #N/a\t"),
            json!("  "),
            json!("\n"),
            json!([1]),
            json!("x".repeat(CELL + 1)),
        ] {
            assert_eq!(written(&value), None, "{value}");
        }
    }

    #[test]
    fn a_field_without_a_column_is_no_row() {
        let Json::Object(row) = json!({ "Other": 1 }) else { panic!("it is an object") };
        assert_eq!(Columns::new(vec!["Key".to_owned()]).line(&row), None);
    }
}
