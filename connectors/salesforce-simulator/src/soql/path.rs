//! A field of the queried object or of one of its parents: `Name`, `Account.Owner.Name`.

use crate::data::{Refusal, Row, Store, Value};
use crate::schema::{Field, ObjectIndex, Schema};

/// A field and the way to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    /// Reference fields to follow, each with the object it leads to.
    pub(crate) hops: Vec<(usize, ObjectIndex)>,
    /// The object the field is in.
    pub(crate) object: ObjectIndex,
    /// The field.
    pub(crate) field: usize,
}

impl Path {
    /// Finds the field that a dotted name means in a query of `object`.
    pub(crate) fn resolve(
        schema: &Schema,
        object: ObjectIndex,
        text: &str,
        query: &str,
        column: usize,
    ) -> Result<Self, Refusal> {
        let mut parts: Vec<&str> = text.split('.').collect();
        let name = parts.pop().unwrap_or_default();
        let mut here = object;
        let mut hops = Vec::new();
        for (nth, part) in parts.iter().enumerate() {
            let definition = schema.object(here);
            match definition.relationship(part) {
                Some(at) => {
                    let targets = definition.fields.get(at).map(|field| field.reference_to.as_slice());
                    let target = targets.unwrap_or_default().iter().rev().find_map(|to| schema.find(to));
                    let target =
                        target.ok_or_else(|| no_relationship(part, &definition.name, query, column))?;
                    hops.push((at, target));
                    here = target;
                }
                None if nth == 0 && part.eq_ignore_ascii_case(&definition.name) => {}
                None => return Err(no_relationship(part, &definition.name, query, column)),
            }
        }
        let definition = schema.object(here);
        let field = definition.field(name).ok_or_else(|| no_column(name, &definition.name, query, column))?;
        Ok(Self { hops, object: here, field })
    }

    /// The definition of the field.
    pub(crate) fn definition<'a>(&self, schema: &'a Schema) -> &'a Field {
        &schema.object(self.object).fields[self.field]
    }

    /// Its value in a row; null when a parent on the way is missing.
    pub(crate) fn value<'a>(&self, store: &'a Store, row: &'a Row) -> &'a Value {
        let mut row = row;
        for (reference, target) in &self.hops {
            let parent = row.value(*reference).as_text().and_then(|id| store.table(*target).row(id));
            match parent {
                Some(parent) => row = parent,
                None => return &Value::Null,
            }
        }
        row.value(self.field)
    }
}

/// The field error of queries, with a caret under the column.
pub(crate) fn no_column(name: &str, object: &str, query: &str, column: usize) -> Refusal {
    pointed(
        query,
        column,
        &format!(
            "No such column '{name}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
             appropriate names."
        ),
    )
}

fn no_relationship(name: &str, object: &str, query: &str, column: usize) -> Refusal {
    pointed(
        query,
        column,
        &format!(
            "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
             WSDL or the describe call for the appropriate names. ({object})"
        ),
    )
}

/// `INVALID_FIELD` with the query and a caret.
pub(crate) fn pointed(query: &str, column: usize, what: &str) -> Refusal {
    let caret = " ".repeat(column.saturating_sub(1));
    let message = format!("\n{query}\n{caret}^\nERROR at Row:1:Column:{column}\n{what}");
    Refusal::new(400, "INVALID_FIELD", message)
}
