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
/// Characters that a formula may have once every formula that it names is written out in it. A real org counts its own
/// translation to SQL, which is longer as a rule.
const MAX_COMPILED: usize = 15_000;

/// The formulas of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formulas {
    fields: HashMap<Place, Expression>,
    rules: HashMap<ObjectIndex, Vec<CheckedRule>>,
}

/// An object and a field of it.
type Place = (ObjectIndex, usize);

/// What a formula is with all that it builds upon: what bounds the time that its value takes.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    levels: usize,
    characters: usize,
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
                    .map_err(|reason| format!("{}, rule {}: {reason}", object.name, rule.name))?;
                let field = rule.field.as_deref().and_then(|name| object.fields.get(object.field(name)?));
                formulas.rules.entry(at).or_default().push(CheckedRule {
                    invalid,
                    message: rule.message.clone(),
                    field: field.map(|field| field.name.clone()),
                });
            }
        }
        formulas.check_extents(schema)?;
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

    fn check_extents(&self, schema: &Schema) -> Result<(), String> {
        let mut known = HashMap::new();
        for (at, object) in schema.objects().iter().enumerate() {
            for (place, field) in object.fields.iter().enumerate() {
                self.of_place(schema, (at, place), MAX_LEVELS, &mut known)
                    .map_err(|reason| format!("{}.{}: {reason}", object.name, field.name))?;
            }
            for (rule, checked) in object.validation_rules.iter().zip(self.rules(at)) {
                self.extent(schema, &checked.invalid, &rule.formula, MAX_LEVELS, &mut known)
                    .map_err(|reason| format!("{}: rule {}: {reason}", object.name, rule.name))?;
            }
        }
        Ok(())
    }

    /// The extent of a field: none where it has no formula. Each is worked out once, however often it is named.
    fn of_place(
        &self,
        schema: &Schema,
        place: Place,
        left: usize,
        known: &mut HashMap<Place, Extent>,
    ) -> Result<Extent, String> {
        let field = schema.object(place.0).fields.get(place.1);
        let text = field.and_then(|field| field.formula.as_deref());
        let (Some(expression), Some(text)) = (self.fields.get(&place), text) else {
            return Ok(Extent::default());
        };
        if let Some(extent) = known.get(&place) {
            return Ok(*extent);
        }
        let too_deep = || "the formula refers to itself, or to too many others in a row".to_owned();
        let below = left.checked_sub(1).ok_or_else(too_deep)?;
        let extent = self.extent(schema, expression, text, below, known)?;
        if extent.levels > MAX_LEVELS {
            return Err(too_deep());
        }
        known.insert(place, extent);
        Ok(extent)
    }

    /// The extent of a formula below which `left` levels may be.
    fn extent(
        &self,
        schema: &Schema,
        expression: &Expression,
        text: &str,
        left: usize,
        known: &mut HashMap<Place, Extent>,
    ) -> Result<Extent, String> {
        let mut whole = Extent { levels: 1, characters: text.chars().count() };
        for path in expression.fields() {
            let named = self.of_place(schema, (path.object, path.field), left, known)?;
            whole.levels = whole.levels.max(named.levels + 1);
            whole.characters += named.characters;
        }
        if whole.characters > MAX_COMPILED {
            let (size, most) = (grouped(whole.characters), grouped(MAX_COMPILED));
            return Err(format!(
                "Compiled formula is too big to execute ({size} characters). Maximum size is {most} characters"
            ));
        }
        Ok(whole)
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

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let mut text = number.to_string();
    let mut at = text.len();
    while at > 3 {
        at -= 3;
        text.insert(at, ',');
    }
    text
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
