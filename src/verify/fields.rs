//! Which fields of an object are compared.

use orgstream_salesforce::{Describe, DescribeField, FieldKind};

use super::report::LeftOut;
use crate::config::Object;

/// A field that is compared, as both orgs describe it.
#[derive(Debug, Clone)]
pub(super) struct ComparedField {
    /// As org A describes it.
    pub(super) source: DescribeField,
    /// As org B describes it.
    pub(super) sink: DescribeField,
}

/// The fields that org A shows and org B lets be written, and those among them that are left out.
pub(super) fn compared_fields(
    source: &Describe,
    sink: &Describe,
    object: &Object,
    objects: &[Object],
) -> (Vec<ComparedField>, Vec<LeftOut>) {
    let mut fields = Vec::new();
    let mut left_out = Vec::new();
    for ours in &source.fields {
        let theirs = sink.field(&ours.name);
        let Some(theirs) = theirs.filter(|field| field.createable && field.updateable) else {
            continue;
        };
        match reason_to_leave_out(ours, theirs, object, objects) {
            Some(reason) => left_out.push(LeftOut { field: ours.name.clone(), reason }),
            None => fields.push(ComparedField { source: ours.clone(), sink: theirs.clone() }),
        }
    }
    (fields, left_out)
}

fn reason_to_leave_out(
    source: &DescribeField,
    sink: &DescribeField,
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
    if sink.kind == FieldKind::Base64 {
        return Some("a file".to_owned());
    }
    let outside = |parent: &String| !objects.iter().any(|object| object.name == *parent);
    if sink.kind == FieldKind::Reference && source.reference_to.iter().all(outside) {
        let parents = source.reference_to.join(" or ");
        return Some(format!("refers to {parents}, outside the pipeline"));
    }
    None
}
