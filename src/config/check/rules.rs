//! Which records of an object are written, and what their fields hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::Expression;
use orgstream_salesforce_sink::{FieldRule, OnLeave, Rules, TooLong, ValueMap};

use super::{Report, is_api_name};
use crate::config::raw;

/// The word for all values that are not named.
const OTHERS: &str = "*";

/// What the sink says of all its objects.
#[derive(Default)]
pub(super) struct Defaults {
    filter: Option<Arc<dyn Expression>>,
    on_leave: OnLeave,
}

/// What the sink of `pipeline` says of all its objects.
pub(super) fn defaults(pipeline: &str, sink: &raw::Sink, report: &mut Report<'_>) -> Defaults {
    let at = |key| ["pipelines", pipeline, "sink", key];
    let filter = sink.filter.as_deref().and_then(|text| expression(text, &at("filter"), report));
    Defaults { filter, on_leave: leaving(sink.on_leave, sink.operation, &at("on_leave"), report) }
}

/// The rules of the object `name`. Takes them out of what the file says of it.
pub(super) fn rules(
    pipeline: &str,
    name: &str,
    raw: &mut raw::Object,
    operation: Option<raw::Operation>,
    defaults: &Defaults,
    report: &mut Report<'_>,
) -> Rules {
    let at = |key| ["pipelines", pipeline, "objects", name, key];
    let of_sink = |key| ["pipelines", pipeline, "objects", name, "sink", key];
    let own = raw.sink.take().unwrap_or_default();
    let own_filter = own.filter.as_deref().and_then(|text| expression(text, &of_sink("filter"), report));
    let on_leave = match own.on_leave {
        None => defaults.on_leave,
        said => leaving(said, operation, &of_sink("on_leave"), report),
    };
    let when = own.when.as_deref().and_then(|text| expression(text, &of_sink("when"), report));
    let filter: Vec<_> = defaults.filter.iter().cloned().chain(own_filter).collect();
    if own.on_leave.is_some() && filter.is_empty() && own.filter.is_none() {
        report.fault(&of_sink("on_leave"), format!("{name} has no filter that a record could leave"));
    }
    if raw.ignore_reference_fields == Some(true)
        && report.has(&["pipelines", pipeline, "objects", name], "references")
    {
        let message = "no reference is written, so `references` says nothing; take one of the two out";
        report.fault(&at("ignore_reference_fields"), message);
    }
    Rules {
        when,
        filter,
        on_leave,
        fields: fields(&at("fields"), raw, report),
        values: raw
            .values
            .take()
            .unwrap_or_default()
            .into_iter()
            .map(|(field, raw::Values(values))| {
                let values = values.into_iter().map(|(value, raw::Renamed(renamed))| (value, renamed));
                map(&at("values"), field, values.collect(), report)
            })
            .collect(),
        too_long: match raw.too_long {
            None | Some(raw::TooLong::Reject) => TooLong::Reject,
            Some(raw::TooLong::Truncate) => TooLong::Truncate,
        },
        ignore_references: raw.ignore_reference_fields.unwrap_or(false),
    }
}

fn leaving(
    said: Option<raw::OnLeave>,
    operation: Option<raw::Operation>,
    path: &[&str],
    report: &mut Report<'_>,
) -> OnLeave {
    match said {
        None | Some(raw::OnLeave::Keep) => OnLeave::Keep,
        Some(raw::OnLeave::Delete) => {
            if !matches!(operation, None | Some(raw::Operation::Sync)) {
                let message =
                    "`delete` goes with operation `sync` alone: a fixed operation does nothing else";
                report.fault(path, message);
            }
            OnLeave::Delete
        }
    }
}

fn fields(path: &[&str], raw: &mut raw::Object, report: &mut Report<'_>) -> Vec<FieldRule> {
    let mut rules = Vec::new();
    for (name, raw::Computed(text)) in raw.fields.take().unwrap_or_default() {
        let at: Vec<_> = path.iter().copied().chain([name.as_str()]).collect();
        let is = |known: &String| known.eq_ignore_ascii_case(&name);
        if !is_api_name(&name) {
            report.fault(&at, format!("`{name}` is not the API name of a field"));
        } else if name.eq_ignore_ascii_case("Id") {
            report.fault(&at, "the target gives its records their ids; `external_id` holds the source's");
        } else if raw.external_id.as_ref().is_some_and(is) {
            report.fault(&at, "is the external id, which holds the record's own id");
        } else if raw.ignore_fields.iter().flatten().any(is) {
            report.fault(&at, "is one of `ignore_fields` as well, which are never written");
        } else if let Some(value) = expression(&text, &at, report) {
            rules.push(FieldRule { name, value });
        }
    }
    rules
}

fn map(
    path: &[&str],
    field: String,
    mut values: BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> ValueMap {
    let at: Vec<_> = path.iter().copied().chain([field.as_str()]).collect();
    if !is_api_name(&field) {
        report.fault(&at, format!("`{field}` is not the API name of a field"));
    }
    if report.is_empty(&at) {
        report.fault(&at, "names no value; write the source's values, each with the target's behind it");
    }
    let others = values.remove(OTHERS);
    ValueMap { field, values, others }
}

pub(super) fn expression(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<Arc<dyn Expression>> {
    crate::expression::read_of_sink(text).map_err(|message| report.fault(path, message)).ok()
}
