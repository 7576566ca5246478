//! Whether org B has what the rules of references speak of.

use std::collections::BTreeMap;

use orgstream_salesforce::{ApiError, Describe, Disposition, FieldKind, Org, SalesforceId};

use crate::config::SinkObject;
use crate::matching::is_matched_by;
use crate::rules::{Fallback, FindRule, ReferenceRule};

/// Ids of a file that are named one by one.
const NAMED: usize = 20;

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
    faults.extend(file_faults(rule, objects, org).await?);
    if let Some(Fallback::Id(id)) = rule.fallback
        && !is_there(org, objects, id).await?
    {
        faults.push(format!("the default {id} is no record of {} that the user sees", objects.join(" or ")));
    }
    Ok(faults)
}

/// What is wrong with the ids that are given, by how they begin: those of other objects, in order of their lines.
async fn file_faults(rule: &FindRule, objects: &[String], org: &Org) -> Result<Vec<String>, ApiError> {
    if rule.ids.is_empty() {
        return Ok(Vec::new());
    }
    let prefixes = org.key_prefixes().await?;
    let is_one =
        |id: &SalesforceId| prefixes.get(id.key_prefix()).is_some_and(|object| objects.contains(object));
    // The prefixes of custom objects differ from org to org.
    let may_be_one = |id: &SalesforceId| is_one(id) || id.key_prefix().starts_with('a');
    let mut wrong = BTreeMap::new();
    for (source, target) in &rule.ids {
        let line = rule.lines.get(source).copied().unwrap_or_default();
        for (id, fits) in [(source, may_be_one(source)), (target, is_one(target))] {
            if !fits {
                wrong.insert(
                    (line, *id),
                    format!("`file` line {line}: {id} is no id of {}", objects.join(" or ")),
                );
            }
        }
    }
    let more = wrong.len().saturating_sub(NAMED);
    let mut faults: Vec<String> = wrong.into_values().take(NAMED).collect();
    if more > 0 {
        faults.push(format!("`file` has {more} more ids of other objects"));
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
