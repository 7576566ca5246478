//! All formulas of an org, checked: those of its fields and those of its validation rules.

use std::borrow::Cow;
use std::collections::HashMap;

use super::evaluate::Scope;
use super::expression::Expression;
use super::kind::Kind;
use super::parser::parse;
use crate::data::{Row, Store, Value};
use crate::schema::{Field, FieldType, ObjectIndex, Schema};

/// How many formula fields may build upon each other.
const MAX_LEVELS: usize = 20;

/// The formulas of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formulas {
    fields: HashMap<(ObjectIndex, usize), Expression>,
    rules: HashMap<ObjectIndex, Vec<CheckedRule>>,
}

/// A validation rule that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedRule {
    /// True when the record is invalid.
    pub(crate) invalid: Expression,
    /// What the client is told.
    pub(crate) message: String,
    /// The field that the message is about, with its own letter case.
    pub(crate) field: Option<String>,
}

impl Formulas {
    /// Reads and checks every formula; the error names object and field or rule.
    pub(crate) fn of(schema: &Schema) -> Result<Self, String> {
        let mut formulas = Self::default();
        for (at, object) in schema.objects().iter().enumerate() {
            for (place, field) in object.fields.iter().enumerate() {
                let Some(text) = &field.formula else { continue };
                let expression = of_field(schema, at, field, text)
                    .map_err(|reason| format!("{}.{}: {reason}", object.name, field.name))?;
                formulas.fields.insert((at, place), expression);
            }
            for rule in &object.validation_rules {
                let invalid = of_rule(schema, at, &rule.formula)
                    .map_err(|reason| format!("{}: rule {}: {reason}", object.name, rule.name))?;
                let field = rule.field.as_deref().and_then(|name| object.fields.get(object.field(name)?));
                formulas.rules.entry(at).or_default().push(CheckedRule {
                    invalid,
                    message: rule.message.clone(),
                    field: field.map(|field| field.name.clone()),
                });
            }
        }
        for key in formulas.fields.keys() {
            formulas.check_levels(*key, MAX_LEVELS).map_err(|()| {
                let object = schema.object(key.0);
                let name = object.fields.get(key.1).map_or("", |field| field.name.as_str());
                format!(
                    "{}.{name}: the formula refers to itself, or to too many others in a row",
                    object.name
                )
            })?;
        }
        Ok(formulas)
    }

    /// The formula of a field, if it has one.
    pub(crate) fn field(&self, object: ObjectIndex, field: usize) -> Option<&Expression> {
        self.fields.get(&(object, field))
    }

    /// The validation rules of an object.
    pub(crate) fn rules(&self, object: ObjectIndex) -> &[CheckedRule] {
        self.rules.get(&object).map(Vec::as_slice).unwrap_or_default()
    }

    fn check_levels(&self, key: (ObjectIndex, usize), left: usize) -> Result<(), ()> {
        let Some(expression) = self.fields.get(&key) else { return Ok(()) };
        let below = left.checked_sub(1).ok_or(())?;
        expression
            .fields()
            .into_iter()
            .try_for_each(|path| self.check_levels((path.object, path.field), below))
    }
}

impl Store {
    /// The value of a field of a row: what is stored, or what its formula gives now.
    pub(crate) fn value<'a>(&self, object: ObjectIndex, row: &'a Row, at: usize) -> Cow<'a, Value> {
        match (self.schema.formulas().field(object, at), self.schema.object(object).fields.get(at)) {
            (Some(formula), Some(field)) => {
                let scope = Scope { store: self, object, row, before: None };
                Cow::Owned(scope.value(formula).into_value(field))
            }
            _ => Cow::Borrowed(row.value(at)),
        }
    }
}

fn of_field(schema: &Schema, object: ObjectIndex, field: &Field, text: &str) -> Result<Expression, String> {
    let expression = parse(schema, object, text)?;
    if let Some(name) = expression.of_rules_only() {
        return Err(format!("Function {name} may not be used in this type of formula"));
    }
    let wanted = match (field.kind, Kind::of_field(field.kind)) {
        (FieldType::String, Some(kind)) => kind,
        (_, Some(kind @ (Kind::Bool | Kind::Number | Kind::Date | Kind::Moment))) => kind,
        _ => return Err(format!("a formula cannot give a {}", field.kind.name())),
    };
    result(&expression, wanted)?;
    Ok(expression)
}

fn of_rule(schema: &Schema, object: ObjectIndex, text: &str) -> Result<Expression, String> {
    let expression = parse(schema, object, text)?;
    result(&expression, Kind::Bool)?;
    Ok(expression)
}

fn result(expression: &Expression, wanted: Kind) -> Result<(), String> {
    let kind = Kind::of(expression)?;
    if kind == Kind::Any || kind == wanted {
        return Ok(());
    }
    Err(format!(
        "Formula result is data type ({}), incompatible with expected data type ({}).",
        kind.name(),
        wanted.name()
    ))
}
