//! Whether org B has what the rules of references speak of.

use orgstream_salesforce::{ApiError, Describe, Disposition, FieldKind, Org, SalesforceId};

use crate::config::SinkObject;
use crate::matching::is_matched_by;
use crate::rules::{Fallback, FindRule, ReferenceRule};

/// What is wrong with the rules of an object, and what to do.
pub(crate) async fn faults(
    object: &SinkObject,
    describe: &Describe,
    org: &Org,
) -> Result<Vec<String>, ApiError> {
    let mut faults = Vec::new();
    for (name, rule) in &object.references.fields {
        let field = describe.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let Some(field) = field.filter(|field| field.kind == FieldKind::Reference) else {
            faults.push(format!(
                "`references` of {} speaks of `{name}`, which is no reference field of it: take it out, or write the field's \
                 API name",
                object.name
            ));
            continue;
        };
        if let ReferenceRule::Find(rule) = rule {
            let found = find_faults(rule, &field.reference_to, org).await?;
            faults.extend(
                found.into_iter().map(|fault| format!("`references` of {}.{name}: {fault}", object.name)),
            );
        }
    }
    Ok(faults)
}

async fn find_faults(rule: &FindRule, objects: &[String], org: &Org) -> Result<Vec<String>, ApiError> {
    let mut faults = Vec::new();
    if let Some(by) = &rule.by
        && !is_matched_by(org, objects, by).await?
    {
        faults.push(format!("none of {} has a text field `{by}` that the user sees", objects.join(", ")));
    }
    if let Some(Fallback::Id(id)) = rule.fallback
        && !is_there(org, objects, id).await?
    {
        faults.push(format!("the default {id} is no record of {} that the user sees", objects.join(" or ")));
    }
    Ok(faults)
}

/// Whether a record of one of the objects has this id.
async fn is_there(org: &Org, objects: &[String], id: SalesforceId) -> Result<bool, ApiError> {
    let prefixes = org.key_prefixes().await?;
    let of = prefixes.get(id.key_prefix()).filter(|object| objects.contains(object));
    let Some(object) = of else { return Ok(false) };
    match org.retrieve(object, &[id], &[]).await {
        Ok(rows) => Ok(rows.iter().any(Option::is_some)),
        Err(error) => match error.disposition() {
            Disposition::Reject | Disposition::Gone => Ok(false),
            _ => Err(error),
        },
    }
}
