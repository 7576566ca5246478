//! Which fields of an object are compared.

use orgstream_salesforce::{Describe, DescribeField, FieldKind};
use orgstream_salesforce_sink::{Operation, ReferenceRule};

use super::report::LeftOut;
use crate::config::Object;

/// What an org sets itself with every write, so that no two orgs agree on it, whoever may create it.
const LAST_CHANGE: [&str; 2] = ["LastModifiedDate", "LastModifiedById"];

/// A field that is compared, as both orgs describe it.
#[derive(Debug, Clone)]
pub(super) struct ComparedField {
    /// As org A describes it.
    pub(super) source: DescribeField,
    /// As org B describes it.
    pub(super) sink: DescribeField,
}

/// The fields that org A shows and `operation` writes in org B, and those that org B would take but are left out.
pub(super) fn compared_fields(
    source: &Describe,
    sink: &Describe,
    operation: Operation,
    object: &Object,
    objects: &[Object],
) -> (Vec<ComparedField>, Vec<LeftOut>) {
    let mut fields = Vec::new();
    let mut left_out = Vec::new();
    for ours in &source.fields {
        let theirs = sink.field(&ours.name);
        let Some(theirs) = theirs.filter(|field| field.createable || field.updateable) else {
            continue;
        };
        match reason_to_leave_out(ours, theirs, operation, object, objects) {
            Some(reason) => left_out.push(LeftOut { field: ours.name.clone(), reason }),
            None => fields.push(ComparedField { source: ours.clone(), sink: theirs.clone() }),
        }
    }
    (fields, left_out)
}

fn reason_to_leave_out(
    source: &DescribeField,
    sink: &DescribeField,
    operation: Operation,
    object: &Object,
    objects: &[Object],
) -> Option<String> {
    let name = source.name.as_str();
    if object.external_id.as_deref() == Some(name) {
        return Some("the external id".to_owned());
    }
    if object.ignore_fields.iter().any(|ignored| ignored == name) {
        return Some("ignored".to_owned());
    }
    if let Some(reason) = ruled(sink, object) {
        return Some(reason.to_owned());
    }
    if sink.kind == FieldKind::Base64 {
        return Some("a file".to_owned());
    }
    if LAST_CHANGE.contains(&name) {
        return Some("set by every write".to_owned());
    }
    let update = operation == Operation::Update;
    if update && !sink.updateable {
        return Some("taken from a new record only, and `update` makes none".to_owned());
    }
    if !update && !sink.createable {
        return Some("not taken from a new record, so no upsert writes it".to_owned());
    }
    match object.references.of(name) {
        ReferenceRule::LeaveOut if sink.kind == FieldKind::Reference => {
            return Some("left out by `references`".to_owned());
        }
        ReferenceRule::Find(_) => return Some("found by a rule of `references`".to_owned()),
        ReferenceRule::LeaveOut | ReferenceRule::Map => {}
    }
    let outside = |parent: &String| !objects.iter().any(|object| object.name == *parent);
    if sink.kind == FieldKind::Reference && source.reference_to.iter().all(outside) {
        let parents = source.reference_to.join(" or ");
        return Some(format!("refers to {parents}, outside the pipeline"));
    }
    None
}

/// Why the file's rules keep a field from being compared.
fn ruled(sink: &DescribeField, object: &Object) -> Option<&'static str> {
    let is = |name: &String| name.eq_ignore_ascii_case(&sink.name);
    if object.rules.fields.iter().any(|rule| is(&rule.name)) {
        return Some("computed");
    }
    (object.rules.ignore_references && sink.kind == FieldKind::Reference).then_some("a reference, ignored")
}
