//! Schemas of Avro that stand in the file: the text itself, or the path of a file.

use super::Report;
use crate::codec::InlineSchema;
use crate::config::substitute::Surroundings;
use crate::config::text_file::read_text;

/// The schema that stands at `path` or lies in the file named there.
pub(super) fn avro_schema(
    given: &str,
    path: &[&str],
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<InlineSchema> {
    let is_text = given.trim_start().starts_with(['{', '[', '"']);
    let (text, place) = if is_text {
        (given.to_owned(), "the text".to_owned())
    } else {
        let file = from.resolve(given);
        let place = format!("`{}`", file.display());
        match read_text(&file) {
            Ok(text) => (text, place),
            Err(wrong) => {
                report.fault(path, format!("{place} {wrong}"));
                return None;
            }
        }
    };
    let wrong = match InlineSchema::parse(&text) {
        Ok(schema) => return Some(schema),
        Err(wrong) => wrong,
    };
    report.fault(path, format!("{place} is no schema of Avro that can be used: {wrong}"));
    None
}
