//! References out of the pipeline for which a rule says how their record of org B is found.

use std::sync::Arc;

use orgstream_api::Rejection;
use orgstream_salesforce::SalesforceId;

use crate::change::Change;
use crate::deliver::Item;
use crate::matching::{Found, Matcher, Sought, Wanted};
use crate::parents::Trouble;
use crate::references::{Blocked, Resolved};
use crate::rules::{Fallback, FindRule};
use crate::target::Reference;

/// One reference out of the pipeline that has a value and a rule.
pub(crate) struct Outside<'a> {
    /// The place of its change among the items.
    pub(crate) change: usize,
    /// The field.
    pub(crate) reference: &'a Reference,
    /// What the rule of the field says.
    pub(crate) rule: &'a Arc<FindRule>,
    /// The id in the org that the record comes from.
    pub(crate) id: SalesforceId,
}

/// Finds the records of all of them together, and settles each.
pub(crate) async fn settle(
    matcher: &Matcher,
    outside: &[Outside<'_>],
    items: &[Item],
    resolved: &mut [Resolved],
) -> Result<(), Trouble> {
    if outside.is_empty() {
        return Ok(());
    }
    let found = counterparts(matcher, outside, items).await?;
    let lost = outside.iter().zip(&found).filter(|(_, found)| matches!(found, Found::None(_)));
    let mut instead = in_place_of(matcher, lost.map(|(outside, _)| outside), items).await?.into_iter();
    for (outside, found) in outside.iter().zip(found) {
        let change = &items[outside.change].change;
        let own = &mut resolved[outside.change];
        match found {
            Found::One(id) => own.write(&outside.reference.field.name, &id),
            Found::Several(ids, what) => own.blocked = Some(ambiguous(outside, &ids, &what)),
            Found::None(why) => {
                let instead = instead.next().expect("one answer for each that is not found");
                replace(matcher, change, outside, &why, instead, own);
            }
        }
    }
    Ok(())
}

/// What both orgs say of each, where its rule says to ask them.
async fn counterparts(
    matcher: &Matcher,
    outside: &[Outside<'_>],
    items: &[Item],
) -> Result<Vec<Found>, Trouble> {
    let sought: Vec<Sought<'_>> = outside
        .iter()
        .filter_map(|outside| {
            let item = &items[outside.change];
            Some(Sought {
                org: &item.change.key.org,
                id: outside.id,
                by: outside.rule.by.as_deref()?,
                objects: &outside.reference.field.reference_to,
                // What was found before did not do.
                anew: item.papers.attempts.were_in_vain(),
            })
        })
        .collect();
    let mut answers = matcher.counterparts(&sought).await?.into_iter();
    let found = outside.iter().map(|outside| match outside.rule.by {
        Some(_) => answers.next().expect("one answer for each that is sought"),
        None => Found::None(format!("{} is not in `file`", outside.id)),
    });
    Ok(found.collect())
}

/// What the rules name for references whose record is not found, in order.
async fn in_place_of<'a>(
    matcher: &Matcher,
    lost: impl Iterator<Item = &'a Outside<'a>>,
    items: &[Item],
) -> Result<Vec<Option<Found>>, Trouble> {
    let lost: Vec<&Outside<'_>> = lost.collect();
    let wanted: Vec<Wanted<'_>> = lost
        .iter()
        .filter_map(|outside| match (&outside.rule.fallback, &outside.rule.by) {
            (Some(Fallback::Value(value)), Some(by)) => Some(Wanted {
                value,
                by,
                objects: &outside.reference.field.reference_to,
                from: &items[outside.change].change.target.object,
            }),
            _ => None,
        })
        .collect();
    let mut answers = matcher.holders_of(&wanted).await?.into_iter();
    let instead = lost.iter().map(|outside| match (&outside.rule.fallback, &outside.rule.by) {
        (Some(Fallback::Id(id)), _) => Some(Found::One(*id)),
        (Some(Fallback::Value(_)), Some(_)) => answers.next(),
        _ => None,
    });
    Ok(instead.collect())
}

/// What becomes of a reference whose record is not found, `why` says where.
fn replace(
    matcher: &Matcher,
    change: &Change,
    outside: &Outside<'_>,
    why: &str,
    instead: Option<Found>,
    own: &mut Resolved,
) {
    let name = &outside.reference.field.name;
    let field = format!("{}.{name}", change.target.object);
    match instead {
        Some(Found::One(id)) => {
            own.write(name, &id);
            own.defaulted += 1;
            if matcher.is_news(&format!("{field} {}", outside.id)) {
                tracing::info!(%field, parent = %outside.id, why, default = %id, "A reference gets the default of its rule.");
            }
        }
        Some(Found::Several(ids, what)) => own.blocked = Some(ambiguous(outside, &ids, &what)),
        None | Some(Found::None(_)) if outside.reference.is_required() => {
            own.waits(Rejection {
                code: "REQUIRED_PARENT_MISSING".to_owned(),
                message: format!(
                    "`{name}` is required, and {why}{}; make the record, name it in `file`, or give the rule a `default`",
                    and_no_default(instead)
                ),
                fields: vec![name.clone()],
            }, Vec::new());
        }
        None | Some(Found::None(_)) => {
            own.leave_out(name);
            if matcher.is_news(&format!("{field} {}", outside.id)) {
                tracing::warn!(
                    %field, parent = %outside.id, why = format!("{why}{}", and_no_default(instead)),
                    "A reference is left out, here and wherever it points at the same record: make that record in the target \
                     org, name it in `file`, or give the rule a `default`."
                );
            }
        }
    }
}

fn and_no_default(instead: Option<Found>) -> String {
    match instead {
        Some(Found::None(why)) => format!(", and for the default {why}"),
        _ => String::new(),
    }
}

fn ambiguous(outside: &Outside<'_>, ids: &[SalesforceId], what: &str) -> Blocked {
    let name = &outside.reference.field.name;
    let ids: Vec<&str> = ids.iter().map(SalesforceId::as_str).collect();
    Blocked::Never(Rejection {
        code: "AMBIGUOUS_REFERENCE".to_owned(),
        message: format!(
            "`{name}` points at {}, and {what}: {}; nobody can tell which is meant. Name the right one for {} in `file`, or \
             match by a field that only one of them has",
            outside.id,
            ids.join(", "),
            outside.id
        ),
        fields: vec![name.clone()],
    })
}
