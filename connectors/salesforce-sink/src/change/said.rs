//! What a change says of fields in place of what its record carries: computed values, values by another name, text that
//! was cut.

use std::sync::Arc;

use orgstream_api::{Rejection, Scope, Value};

use super::{Carried, Change, is_always_known};
use crate::object_rules::FieldRule;

/// Values by the field of org B.
#[derive(Debug, Default)]
pub(crate) struct Said {
    values: Vec<(String, Value)>,
    /// How many texts were cut.
    cut: usize,
}

/// What a record says of the fields that an expression names.
#[derive(Debug, PartialEq, Eq)]
enum Inputs<'a> {
    /// It has a value for each, or names none: the expression decides its field.
    Known,
    /// It says nothing of any of them, and so nothing of the computed field.
    Silent,
    /// It says something of others, but not of this one.
    Partly(&'a str),
}

impl Said {
    /// The value that is said of the field `name`.
    pub(super) fn of(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(said, _)| said == name).map(|(_, value)| value)
    }

    /// How many texts were cut.
    pub(crate) fn cut(&self) -> usize {
        self.cut
    }

    /// So many texts more were cut.
    pub(super) fn add_cut(&mut self, texts: usize) {
        self.cut += texts;
    }

    /// The fields of which something is said.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, _)| name.as_str())
    }

    /// Of what is said what is said of `names`.
    pub(super) fn only(&self, names: &[&str]) -> Self {
        let values = self.values.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self { values: values.cloned().collect(), cut: 0 }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        match self.values.iter_mut().find(|(said, _)| said == name) {
            Some((_, said)) => *said = value,
            None => self.values.push((name.to_owned(), value)),
        }
    }
}

/// The computed fields that a change decides.
///
/// # Errors
/// An expression without a value for the record, or one that needs what the record does not carry.
pub(super) fn computed(change: &Change, scope: &Scope<'_>) -> Result<Said, Rejection> {
    let mut said = Said::default();
    for rule in &change.target.rules.fields {
        match inputs(rule, change) {
            Inputs::Silent => {}
            Inputs::Partly(missing) => return Err(partly(rule, missing)),
            Inputs::Known => {
                let value = rule.value.result(scope).map_err(|error| Rejection {
                    code: "FIELD_NOT_COMPUTED".to_owned(),
                    message: format!("field `{}` cannot be computed for the record: {error}", rule.name),
                    fields: vec![rule.name.clone()],
                })?;
                said.set(&rule.name, value);
            }
        }
    }
    Ok(said)
}

/// Gives values the names that they have in org B, and cuts what is too long there.
pub(super) fn adapt(change: &mut Change) {
    let target = Arc::clone(&change.target);
    for field in target.columns.iter().filter(|field| target.rules.adapts(field)) {
        let adapted = change.carried(&field.name).and_then(|value| target.rules.adapted(field, value));
        if let Some(adapted) = adapted {
            change.said.cut += usize::from(adapted.is_cut);
            change.said.set(&field.name, Value::String(adapted.text));
        }
    }
}

fn inputs<'a>(rule: &'a FieldRule, change: &Change) -> Inputs<'a> {
    let Some(named) = rule.value.fields() else { return Inputs::Known };
    let named: Vec<&str> = named.into_iter().filter(|name| !is_always_known(name)).collect();
    let is_carried = |name: &&str| change.carries(name);
    let schema = change.value.schema();
    match &change.carried {
        // A name that its source does not know is a mistake, which the expression says.
        Carried::Named(_) if named.iter().any(|name| schema.position(name).is_none()) => Inputs::Known,
        _ if named.is_empty() => Inputs::Known,
        _ if !named.iter().any(is_carried) => Inputs::Silent,
        // A null of theirs may be one, and nothing tells it from what is not known.
        Carried::NotNull | Carried::All => Inputs::Known,
        Carried::Named(_) => {
            named.into_iter().find(|name| !is_carried(name)).map_or(Inputs::Known, Inputs::Partly)
        }
    }
}

fn partly(rule: &FieldRule, missing: &str) -> Rejection {
    Rejection {
        code: "FIELD_NOT_COMPUTED".to_owned(),
        message: format!(
            "field `{}` is computed by {:?} from fields of which the record carries some, but not `{missing}`; have the \
             source read whole rows (`hydrate: true`)",
            rule.name, rule.value
        ),
        fields: vec![rule.name.clone()],
    }
}
