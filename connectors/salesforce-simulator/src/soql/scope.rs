//! The names that mean something in one query: its object, its aliases, and the fields behind them.

use std::collections::HashMap;

use super::date_function::DateFunction;
use super::filter::Term;
use super::mistake::{invalid_field, malformed, no_object};
use super::path::{Of, Path};
use super::syntax::{Expression, Name};
use crate::data::Refusal;
use crate::schema::{Flag, ObjectIndex, Right, Schema, Trait};

/// Where names are looked up.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) text: &'a str,
    pub(crate) object: ObjectIndex,
    /// Alias in lower case to the parents it stands for.
    aliases: HashMap<String, Vec<String>>,
}

/// What a field is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Filter,
    Sort,
    Group,
}

impl<'a> Scope<'a> {
    /// The scope of a query of `object`; `from` is its FROM.
    pub(crate) fn new(
        schema: &'a Schema,
        text: &'a str,
        object: ObjectIndex,
        from: &[(Name, Option<Name>)],
    ) -> Result<Self, Refusal> {
        let mut scope = Self { schema, text, object, aliases: HashMap::new() };
        for (nth, (name, alias)) in from.iter().enumerate() {
            let parents: Vec<String> = if nth == 0 {
                Vec::new()
            } else {
                scope.parts(&name.text).iter().map(|p| (*p).to_owned()).collect()
            };
            let mut here = Of::Object(object);
            for part in &parents {
                let hop = here.parent(schema, part);
                here = hop.ok_or_else(|| super::mistake::no_children(text, name.at.0, part))?.to;
            }
            if let Some(alias) = alias {
                scope.aliases.insert(alias.text.to_ascii_lowercase(), parents);
            }
        }
        Ok(scope)
    }

    /// The object of a name, if the user may query it.
    pub(crate) fn find(schema: &Schema, text: &str, name: &Name) -> Result<ObjectIndex, Refusal> {
        let unknown = || no_object(text, name.at.0, &name.text);
        let found = schema.named(&name.text, unknown)?;
        let object = schema.object(found);
        if object.is(Trait::Queryable) && object.may(Right::Read) { Ok(found) } else { Err(unknown()) }
    }

    /// The parts of a dotted name, aliases and the object's own name resolved.
    pub(crate) fn parts<'n>(&'n self, name: &'n str) -> Vec<&'n str> {
        let mut parts: Vec<&str> = name.split('.').collect();
        if let (Some(first), true) = (parts.first().copied(), parts.len() > 1) {
            let object = self.schema.object(self.object);
            if let Some(parents) = self.aliases.get(&first.to_ascii_lowercase()) {
                parts.splice(..1, parents.iter().map(String::as_str));
            } else if first.eq_ignore_ascii_case(&object.name) && object.relationship(first).is_none() {
                parts.remove(0);
            }
        }
        parts
    }

    /// The field that a name means.
    pub(crate) fn path(&self, name: &Name) -> Result<Path, Refusal> {
        Path::resolve(self.schema, Of::Object(self.object), &self.parts(&name.text), self.text, name.at.0)
    }

    /// The field, or date function of one, that an expression means.
    pub(crate) fn term(&self, expression: &Expression, used: Use) -> Result<Term, Refusal> {
        let (function, name) = match expression {
            Expression::Field(name) => (None, name),
            Expression::Call { function, argument } => {
                let known = DateFunction::named(&function.text).zip(argument.as_deref());
                let (known, argument) = known.ok_or_else(|| self.not_here(function))?;
                (Some((known, function)), self.converted(argument)?)
            }
        };
        let path = self.path(name)?;
        let field = path.definition(self.schema);
        if let Some((known, function)) = function
            && !known.takes(field.kind)
        {
            let what = format!("field {} does not support function {}", field.name, function.text);
            return Err(malformed(self.text, function.at.0, &what));
        }
        let (flag, word) = match used {
            Use::Filter => (Flag::NoFilter, "filtered"),
            Use::Sort => (Flag::NoSort, "sorted"),
            // Days can be grouped by, moments cannot: a function of a moment can.
            Use::Group if function.is_some() => (Flag::Gone, "grouped"),
            Use::Group => (Flag::NoGroup, "grouped"),
        };
        // Text too long to be compared cannot be ordered or grouped by either.
        if field.is(flag) || field.is(Flag::NoFilter) || field.kind.is_compound() {
            let what = format!("field '{}' can not be {word} in a query call", field.name);
            return Err(invalid_field(self.text, name.at.0, &what));
        }
        Ok(Term { path, function: function.map(|(known, _)| known) })
    }

    /// A function that does not belong there.
    pub(crate) fn not_here(&self, function: &Name) -> Refusal {
        malformed(self.text, function.at.0 + function.text.len(), "unexpected token: '('")
    }

    /// The field within `convertTimezone(…)`, which changes nothing: the user's time zone is UTC.
    fn converted<'n>(&self, argument: &'n Expression) -> Result<&'n Name, Refusal> {
        match argument {
            Expression::Field(name) => Ok(name),
            Expression::Call { function, argument } => match argument.as_deref() {
                Some(Expression::Field(name)) if function.text.eq_ignore_ascii_case("convertTimezone") => {
                    Ok(name)
                }
                _ => Err(self.not_here(function)),
            },
        }
    }
}
