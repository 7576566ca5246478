//! What the target org is told beside the records, and what is done where it has deleted one.

use std::collections::BTreeMap;

use orgstream_salesforce::{Assignment, SalesforceId, WriteOptions};
use orgstream_salesforce_sink::DeletedTarget;

use super::Report;
use crate::config::raw;

/// How an assignment rule's id begins.
const RULE: &str = "01Q";

/// Characters of a client's name.
const LONGEST_CLIENT: usize = 100;

/// What the sink of `pipeline` tells its org.
pub(super) fn options(
    pipeline: &str,
    sink: &raw::Sink,
    assignment_of: BTreeMap<String, Assignment>,
    report: &mut Report<'_>,
) -> WriteOptions {
    let at = |key| ["pipelines", pipeline, "sink", key];
    let default = WriteOptions::default();
    let client = match &sink.client {
        None => default.client,
        Some(client) => {
            if !is_client(client) {
                let message = "is a name of at most 100 letters, digits, `.`, `_`, `-` and `/`";
                report.fault(&at("client"), message);
            }
            client.clone()
        }
    };
    let assignment = sink.assignment_rules.as_deref().map(|text| match word(text) {
        Some(assignment) => assignment,
        None => {
            let is_rule = rule(text).is_some();
            let hint = if is_rule { "; the rule of an object stands in `objects.NAME.sink`" } else { "" };
            report.fault(&at("assignment_rules"), format!("`{text}` is neither `off` nor `active`{hint}"));
            Assignment::Off
        }
    });
    WriteOptions {
        client,
        allow_duplicates: sink.allow_duplicates.unwrap_or(false),
        assignment: assignment.unwrap_or_default(),
        assignment_of,
    }
}

/// What assignment rules do with the records of each object that says so.
pub(super) fn assignment_of<'a>(
    pipeline: &str,
    objects: impl Iterator<Item = (&'a String, &'a raw::Object)>,
    report: &mut Report<'_>,
) -> BTreeMap<String, Assignment> {
    let mut own = BTreeMap::new();
    for (object, raw) in objects {
        let Some(text) = raw.sink.as_ref().and_then(|sink| sink.assignment_rules.as_deref()) else {
            continue;
        };
        let at = ["pipelines", pipeline, "objects", object.as_str(), "sink", "assignment_rules"];
        if !WriteOptions::can_assign(object) {
            report.fault(&at, format!("{object} has none: accounts, cases and leads have assignment rules"));
            continue;
        }
        match word(text).or_else(|| rule(text).map(Assignment::Rule)) {
            Some(assignment) => {
                own.insert(object.clone(), assignment);
            }
            None => report.fault(
                &at,
                format!("`{text}` is neither `off` nor `active` nor the id of an assignment rule, which begins with {RULE}"),
            ),
        }
    }
    own
}

/// What is done with changes of records that the org has deleted.
pub(super) fn on_deleted_target(raw: Option<raw::DeletedTarget>) -> DeletedTarget {
    match raw {
        None | Some(raw::DeletedTarget::Undelete) => DeletedTarget::Undelete,
        Some(raw::DeletedTarget::Recreate) => DeletedTarget::Recreate,
        Some(raw::DeletedTarget::Reject) => DeletedTarget::Reject,
        Some(raw::DeletedTarget::Skip) => DeletedTarget::Skip,
    }
}

fn word(text: &str) -> Option<Assignment> {
    match text {
        "off" => Some(Assignment::Off),
        "active" => Some(Assignment::Active),
        _ => None,
    }
}

fn rule(text: &str) -> Option<SalesforceId> {
    SalesforceId::parse(text).ok().filter(|id| id.key_prefix() == RULE)
}

fn is_client(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    !text.is_empty() && text.len() <= LONGEST_CLIENT && text.chars().all(is_plain)
}
