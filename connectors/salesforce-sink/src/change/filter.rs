//! Whether a record is one of those that the sink writes.

use orgstream_api::{Expression, ExpressionError, Rejection, Scope};

use super::{Carried, Change};

/// Whether all conditions of the change's object hold.
///
/// # Errors
/// A condition that cannot be decided rejects the record: to write it may be to show what nobody is to see, and not to
/// write it would lose it.
pub(super) fn holds(change: &Change, scope: &Scope<'_>) -> Result<bool, Rejection> {
    for condition in &change.target.rules.filter {
        if let Some(unknown) = unknown(condition.as_ref(), change) {
            return Err(undecided(condition.as_ref(), unknown));
        }
        match condition.holds(scope) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(failed(condition.as_ref(), &error)),
        }
    }
    Ok(true)
}

/// A field that the condition names and the record does not carry, so that its null says nothing.
fn unknown<'a>(condition: &'a dyn Expression, change: &Change) -> Option<&'a str> {
    let Carried::Named(marks) = &change.carried else { return None };
    let schema = change.value.schema();
    let is_unknown = |name: &str| schema.position(name).is_some_and(|place| !marks[place]);
    condition.fields()?.into_iter().find(|name| !super::is_always_known(name) && is_unknown(name))
}

fn undecided(condition: &dyn Expression, field: &str) -> Rejection {
    Rejection {
        code: "FILTER_UNDECIDED".to_owned(),
        message: format!(
            "the filter {condition:?} asks for `{field}`, which the record does not carry, so nobody knows whether it is \
             to be written; have the source read whole rows (`hydrate: true`)"
        ),
        fields: vec![field.to_owned()],
    }
}

fn failed(condition: &dyn Expression, error: &ExpressionError) -> Rejection {
    Rejection {
        code: "FILTER_FAILED".to_owned(),
        message: format!("the filter cannot be evaluated for the record: {error}"),
        fields: condition.fields().unwrap_or_default().into_iter().map(str::to_owned).collect(),
    }
}
