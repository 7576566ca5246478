//! The records of org A that the sink's filter keeps from org B.

use std::collections::HashSet;

use orgstream_api::{EventScope, Expression, Headers, Scope, Struct, Value};
use orgstream_salesforce::{Describe, Org, Row, SalesforceId, to_value};

use super::comparison::VerifyError;
use crate::config::Object;

/// Rows that are read at once.
const ROWS: usize = 2_000;

/// Those of `ids` for which a condition of the object does not hold. One that cannot be told from a row, because it asks
/// for the event or for the place in Kafka, keeps nobody out.
pub(super) async fn outside(
    org: &Org,
    describe: &Describe,
    object: &Object,
    ids: &[String],
) -> Result<HashSet<String>, VerifyError> {
    let conditions = &object.rules.filter;
    let mut outside = HashSet::new();
    if conditions.is_empty() {
        return Ok(outside);
    }
    let names = named(describe, conditions.iter().map(AsRef::as_ref));
    for ids in ids.chunks(ROWS) {
        let asked: Vec<_> = ids.iter().filter_map(|id| SalesforceId::parse(id).ok()).collect();
        let rows = org.retrieve(&object.name, &asked, &names).await?;
        for (id, row) in asked.iter().zip(rows) {
            let Some(row) = row else { continue };
            let value = value(describe, &row);
            let scope = scope(describe, id, &value);
            if conditions.iter().any(|condition| condition.holds(&scope) == Ok(false)) {
                outside.insert(id.as_str().to_owned());
            }
        }
    }
    Ok(outside)
}

/// The fields of org A that the conditions name; all where one may look at any.
fn named<'a>(describe: &Describe, conditions: impl Iterator<Item = &'a dyn Expression>) -> Vec<String> {
    let asked: Option<Vec<Vec<&str>>> = conditions.map(Expression::fields).collect();
    let is_asked =
        |name: &str| asked.as_ref().is_none_or(|asked| asked.iter().any(|fields| fields.contains(&name)));
    let fields = describe.fields.iter().map(|field| field.name.as_str());
    fields.filter(|name| *name == "Id" || is_asked(name)).map(str::to_owned).collect()
}

fn value(describe: &Describe, row: &Row) -> Struct {
    let mut value = Struct::new(describe.schema());
    for (name, json) in row {
        if let Some(known) = describe.field(name).and_then(|field| to_value(field, json).ok()) {
            value.set(name, known);
        }
    }
    value.set("_ObjectType", Value::String(describe.object.clone()));
    value
}

fn scope<'a>(describe: &'a Describe, id: &'a SalesforceId, value: &'a Struct) -> Scope<'a> {
    static NO_HEADERS: std::sync::LazyLock<Headers> = std::sync::LazyLock::new(Headers::default);
    let event = EventScope {
        kind: None,
        object: &describe.object,
        id: Some(id.as_str()),
        replay_id: None,
        channel: None,
        time: 0,
        carried: &Vec::new,
    };
    Scope { value, key: None, headers: &NO_HEADERS, event, at: None }
}
