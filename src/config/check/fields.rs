//! Fields of records that are renamed, computed or left out.

use std::collections::BTreeMap;

use orgstream_api::Type;
use orgstream_salesforce_source::{FieldRule, FieldSource};

use super::object_source::expression;
use super::{Report, is_api_name};
use crate::config::raw;

/// A fault that has been reported.
struct Reported;

/// The rules of the object at `path`, in the order of the file.
pub(super) fn fields(
    path: &[&str],
    raw: BTreeMap<String, raw::FieldRule>,
    report: &mut Report<'_>,
) -> Vec<FieldRule> {
    let order = report.keys(path);
    let mut raw: Vec<_> = raw.into_iter().collect();
    raw.sort_by_key(|(name, _)| order.iter().position(|known| known == name));
    let rule = |(name, raw): (String, raw::FieldRule)| {
        let at: Vec<_> = path.iter().copied().chain([name.as_str()]).collect();
        if let Some(reason) = refused_name(&name) {
            report.fault(&at, reason);
            return None;
        }
        let source = source(&at, raw, report).ok()?;
        Some(FieldRule { name, source })
    };
    raw.into_iter().filter_map(rule).collect()
}

fn refused_name(name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case("Id") || name.starts_with('_') {
        return Some(format!("`{name}` belongs to every record and stays as it is"));
    }
    (!is_api_name(name))
        .then(|| format!("`{name}` is not a field's name: letters, digits and `_`, a letter first"))
}

/// Where a field's value comes from, `None` leaving it out; what is wrong is reported.
fn source(
    at: &[&str],
    raw: raw::FieldRule,
    report: &mut Report<'_>,
) -> Result<Option<FieldSource>, Reported> {
    let key = |key| at.iter().copied().chain([key]).collect::<Vec<_>>();
    match (raw.from, raw.value, raw.kind) {
        (None, None, None) => Ok(None),
        (Some(from), None, None) => {
            if let Some(reason) = refused_name(&from) {
                report.fault(&key("from"), reason);
                return Err(Reported);
            }
            Ok(Some(FieldSource::Field(from)))
        }
        (None, Some(text), Some(kind)) => {
            let expression = expression(&text, &key("value"), report).ok_or(Reported)?;
            Ok(Some(FieldSource::Expression(expression, type_of(kind))))
        }
        (None, Some(_), None) => {
            report.fault(
                &key("type"),
                "this key is missing; a computed field has a type before the first record",
            );
            Err(Reported)
        }
        _ => {
            report.fault(
                at,
                "is either `from`, or `value` with its `type`, or nothing, which leaves the field out",
            );
            Err(Reported)
        }
    }
}

fn type_of(kind: raw::FieldType) -> Type {
    match kind {
        raw::FieldType::String => Type::String,
        raw::FieldType::Boolean => Type::Boolean,
        raw::FieldType::Int => Type::Int32,
        raw::FieldType::Long => Type::Int64,
        raw::FieldType::Double => Type::Float64,
        raw::FieldType::Date => Type::Date,
        raw::FieldType::Datetime => Type::Timestamp,
    }
}
