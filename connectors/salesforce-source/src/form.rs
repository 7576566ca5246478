//! The fields that the records of an object have, where the file says otherwise than the org: renamed, computed, left out.
//!
//! A field keeps its place under another name, and what is computed stands behind the object's own fields unless it takes
//! the name of one of them. The schema is known before the first record.

use std::sync::Arc;

use orgstream_api::record::field;
use orgstream_api::{EventType, Expression, ExpressionError, Field, Schema, Scope, Struct, Type, Value};
use orgstream_salesforce::Describe;

use crate::config::{FieldRule, FieldSource};
use crate::described::{Carried, names};

/// The form of an object's records.
#[derive(Debug)]
pub(crate) struct Form {
    schema: Arc<Schema>,
    /// Where the values come from, in the order of the schema, `_ObjectType` and `_EventType` left out.
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The object's field at this place.
    Field(usize),
    Computed {
        expression: Arc<dyn Expression>,
        kind: Type,
        /// The places of the fields that it needs; `None`: of all.
        needs: Option<Vec<usize>>,
    },
}

impl Form {
    /// The form that `rules` make of an object.
    ///
    /// # Errors
    /// A rule names a field that the object does not have, or a name stands twice.
    pub(crate) fn new(describe: &Describe, rules: &[FieldRule]) -> Result<Self, String> {
        let own = describe.schema();
        let place = |name: &str| {
            let found = own.fields().iter().position(|known| known.name.eq_ignore_ascii_case(name));
            found.ok_or_else(|| format!("{} has no field `{name}` that the user may read", describe.object))
        };
        let whole = own.fields().iter().take(describe.fields.len()).cloned().enumerate();
        let mut columns: Vec<(Field, Content)> =
            whole.map(|(place, field)| (field, Content::Field(place))).collect();
        let mut computed = Vec::new();
        for rule in rules {
            let replaces = match &rule.source {
                Some(FieldSource::Field(from)) => Some(place(from)?),
                // A computed field may take the place of one of the object.
                Some(FieldSource::Expression(..)) => place(&rule.name).ok(),
                None => Some(place(&rule.name)?),
            };
            let at = columns.iter().position(|(_, content)| match content {
                Content::Field(place) => Some(*place) == replaces,
                Content::Computed { .. } => false,
            });
            let column = match &rule.source {
                None => None,
                Some(FieldSource::Field(_)) => {
                    let place = replaces.ok_or_else(|| rule.name.clone())?;
                    let field = Field { name: rule.name.clone(), ..own.fields()[place].clone() };
                    Some((field, Content::Field(place)))
                }
                Some(FieldSource::Expression(expression, kind)) => {
                    let needs = expression.fields().map(|names| names.into_iter().map(place).collect());
                    let needs = needs.transpose()?;
                    let content =
                        Content::Computed { expression: Arc::clone(expression), kind: kind.clone(), needs };
                    Some((Field::optional(&rule.name, kind.clone()), content))
                }
            };
            match (at, column) {
                (Some(at), Some(column)) => columns[at] = column,
                (Some(at), None) => {
                    columns.remove(at);
                }
                (None, Some(column)) => computed.push(column),
                (None, None) => return Err(format!("`{}` is left out twice", rule.name)),
            }
        }
        columns.append(&mut computed);
        let mut fields: Vec<_> = columns.iter().map(|(field, _)| field.clone()).collect();
        fields.extend(own.fields().iter().skip(describe.fields.len()).cloned());
        let schema = Schema::new(own.name(), fields);
        let twice =
            schema.fields().iter().enumerate().find(|(at, field)| schema.position(&field.name) != Some(*at));
        if let Some((_, field)) = twice {
            return Err(format!("records of {} would have two fields `{}`", describe.object, field.name));
        }
        let columns = columns.into_iter().map(|(field, content)| Column { name: field.name, content });
        Ok(Self { schema: Arc::new(schema), columns: columns.collect() })
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The record's value in this form, and its `carried` header. Nothing is computed of what an event does not carry, or
    /// of a deleted record. `failed` is told of what could not be computed; such a field is null and not carried.
    pub(crate) fn apply(
        &self,
        scope: &Scope<'_>,
        carried: &Carried,
        failed: &mut dyn FnMut(&ExpressionError),
    ) -> (Struct, String) {
        let is_carried = |place: &usize| match carried {
            Carried::All => true,
            Carried::Some(places) => places.contains(place),
        };
        let deleted = scope.event.kind == Some(EventType::Deleted);
        let mut value = Struct::new(Arc::clone(&self.schema));
        let mut names_of = Vec::with_capacity(self.columns.len());
        for Column { name, content } in &self.columns {
            let content = match content {
                Content::Field(place) => is_carried(place).then(|| scope.value.values()[*place].clone()),
                Content::Computed { expression, kind, needs } => {
                    let known = match needs {
                        Some(needs) => needs.iter().all(is_carried),
                        None => *carried == Carried::All,
                    };
                    let computed = (known && !deleted).then(|| expression.value(scope, kind));
                    computed.and_then(|computed| computed.map_err(|error| failed(&error)).ok())
                }
            };
            let Some(content) = content else { continue };
            value.set(name, content);
            names_of.push(name.as_str());
        }
        for name in [field::OBJECT_TYPE, field::EVENT_TYPE] {
            value.set(name, scope.value.value(name).cloned().unwrap_or(Value::Null));
        }
        (value, names(names_of.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn describe() -> Describe {
        serde_json::from_value(json!({"name": "Contact", "fields": [
            {"name": "Id", "type": "id"},
            {"name": "Email", "type": "email"},
            {"name": "Fax", "type": "phone"},
        ]}))
        .unwrap()
    }

    fn rule(name: &str, source: Option<FieldSource>) -> FieldRule {
        FieldRule { name: name.to_owned(), source }
    }

    fn from(name: &str) -> FieldSource {
        FieldSource::Field(name.to_owned())
    }

    fn fields(rules: &[FieldRule]) -> Result<Vec<String>, String> {
        let form = Form::new(&describe(), rules)?;
        Ok(form.schema.fields().iter().map(|field| field.name.clone()).collect())
    }

    #[test]
    fn fields_keep_their_places_under_other_names() {
        let rules = [rule("Mail", Some(from("email"))), rule("Fax", None)];
        assert_eq!(fields(&rules).unwrap(), ["Id", "Mail", "_ObjectType", "_EventType"]);
    }

    #[test]
    fn two_fields_may_change_their_names() {
        let rules = [rule("Fax", Some(from("Email"))), rule("Email", Some(from("Fax")))];
        assert_eq!(fields(&rules).unwrap(), ["Id", "Fax", "Email", "_ObjectType", "_EventType"]);
    }

    #[test]
    fn what_the_object_does_not_have_is_refused() {
        assert!(
            fields(&[rule("Mail", Some(from("Mial")))]).unwrap_err().contains("Contact has no field `Mial`")
        );
        assert!(fields(&[rule("Telex", None)]).unwrap_err().contains("no field `Telex`"));
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let error = fields(&[rule("Fax", Some(from("Email")))]).unwrap_err();
        assert!(error.contains("two fields `Fax`"), "{error}");
    }
}
