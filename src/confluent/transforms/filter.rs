//! `Filter` with its predicate: what it holds of is dropped.

use super::{Changed, Transform, literal};
use crate::confluent::document::Value;
use crate::confluent::kind::Kind;
use crate::confluent::part::Making;

pub(super) fn filter(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>) {
    let Some(predicate) = transform.get(making, "predicate").map(str::to_owned) else {
        return transform.refuse(making, "without `predicate` it would drop every record");
    };
    let negated = transform.get(making, "negate").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let option = |name: &str| format!("predicates.{predicate}.{name}");
    let class = making.settings.given.get(&option("type")).unwrap_or_default().to_owned();
    let named = making.settings.list("predicates").contains(&predicate);
    match class.rsplit('.').next() {
        _ if !named => {
            let message = format!("`predicates` does not name `{predicate}`");
            making.settings.refuse(&transform.option("predicate"), message);
        }
        Some("HasHeaderKey") => {
            let Some(name) = making.settings.given.get(&option("name")).map(str::to_owned) else {
                let property = option("name");
                let message =
                    format!("Missing required configuration \"{property}\" which has no default value.");
                return making.settings.refuse(&property, message);
            };
            let has = format!("{} in headers", literal(&name));
            let passes = if negated { has } else { format!("!({has})") };
            pass(making, transform, changed, passes);
        }
        Some("RecordIsTombstone") if negated => {
            making
                .settings
                .refuse(&option("type"), "only tombstones would be left, and nothing can be written of them");
        }
        Some("RecordIsTombstone") if changed.kind == Kind::Sink => {
            making.put(changed.half, "on_null", "skip", &option("type"));
        }
        Some("RecordIsTombstone") => {
            making.settings.ignore(&transform.property, "a source writes no tombstones");
        }
        Some("TopicNameMatches") => {
            let message = "a pipeline has topics of its own: name those that are read in `topics`, or the one that is written in \
                           `kafka.topic`";
            making.settings.refuse(&option("type"), message);
        }
        _ => {
            let message = format!(
                "`{class}` is no predicate that is known; in a file, `filter` is an expression, such as `value.LeadSource != \"Test\"`"
            );
            making.settings.refuse(&option("type"), message);
        }
    }
}

/// Only what `expression` holds of goes on.
fn pass(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>, expression: String) {
    if changed.kind == Kind::PlatformEvent {
        return transform.refuse(making, "messages of a channel always pass; they are about no record");
    }
    let both = match changed.half.get("filter") {
        Some(Value::Text(before)) => format!("({before}) && ({expression})"),
        _ => expression,
    };
    making.put(changed.half, "filter", both, &transform.property);
    making.settings.differs(&transform.property, "deletions always pass a filter");
}
