//! Validation rules: every rule that a record breaks is told, in the order of the rules.

use crate::data::{Refusal, Row, Store};
use crate::formula::Scope;
use crate::schema::ObjectIndex;

/// Refuses a record for which the formula of a rule is true. `before` is the record as it was, `None` for a new one.
pub(crate) fn check(
    store: &Store,
    object: ObjectIndex,
    row: &Row,
    before: Option<&Row>,
) -> Result<(), Refusal> {
    let scope = Scope { store, object, row, before };
    let broken = store.schema.formulas().rules(object).iter().filter(|rule| scope.holds(&rule.invalid));
    let mut refusals = broken.map(|rule| {
        let fields: Vec<&str> = rule.field.iter().map(String::as_str).collect();
        Refusal::record("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message.as_str(), &fields)
    });
    match refusals.next() {
        None => Ok(()),
        Some(first) => Err(first.and(refusals.collect())),
    }
}
