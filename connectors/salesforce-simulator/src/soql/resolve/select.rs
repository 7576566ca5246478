//! What a query shows of each row.

use super::Resolver;
use crate::data::Refusal;
use crate::schema::{Field, FieldType};
use crate::soql::mistake::malformed;
use crate::soql::path::{Of, Path};
use crate::soql::query::{Column, Shown};
use crate::soql::scope::Scope;
use crate::soql::syntax::{Condition, Expression, Name, Operand, Operator, Selected, Statement};

/// `FIELDS(ALL)` shows at most so many rows.
const UNBOUNDED_ROWS: usize = 200;

impl Resolver<'_> {
    /// `SELECT COUNT()`, which shows no rows.
    pub(super) fn is_count(statement: &Statement) -> bool {
        statement.group.is_none()
            && matches!(statement.select.as_slice(), [Selected::Expression { expression: Expression::Call { function, argument: None }, .. }]
                if function.text.eq_ignore_ascii_case("COUNT"))
    }

    pub(super) fn columns(&self, statement: &Statement) -> Result<Vec<Column>, Refusal> {
        let mut columns = Vec::new();
        let mut named = Vec::new();
        for selected in &statement.select {
            match selected {
                Selected::Expression { expression: Expression::Field(name), alias } => {
                    if alias.is_some() {
                        return Err(malformed(
                            self.scope.text,
                            name.at.0,
                            "only aggregate expressions use field aliasing",
                        ));
                    }
                    let path = self.scope.path(name)?;
                    named.push((path.clone(), name.text.clone()));
                    columns.push(Column::Field(path));
                }
                Selected::Expression { expression: Expression::Call { function, argument }, alias } => {
                    let argument = match argument.as_deref() {
                        Some(Expression::Field(name)) => name,
                        Some(Expression::Call { function: inner, .. }) => {
                            return Err(self.scope.not_here(inner));
                        }
                        None => return Err(self.scope.not_here(function)),
                    };
                    if function.text.eq_ignore_ascii_case("FIELDS") {
                        for at in self.set_of_fields(argument, statement)? {
                            let path = Path::own(self.scope.object, at);
                            named.push((path.clone(), path.definition(self.scope.schema).name.clone()));
                            columns.push(Column::Field(path));
                        }
                    } else {
                        columns.push(self.shown(function, argument, alias.as_ref())?);
                    }
                }
                Selected::Children(children) => {
                    let (name, reference, query) = self.children(children)?;
                    columns.push(Column::Children { name, reference, query: Box::new(query) });
                }
                Selected::TypeOf { reference, when, otherwise } => {
                    columns.push(self.type_of(reference, when, otherwise)?);
                }
            }
        }
        let twice =
            named.iter().enumerate().find(|(at, (path, _))| named.iter().take(*at).any(|(p, _)| p == path));
        match twice {
            Some((_, (_, name))) => {
                Err(Refusal::new(400, "INVALID_FIELD", format!("duplicate field selected: {name}")))
            }
            None => Ok(columns),
        }
    }

    fn shown(&self, function: &Name, argument: &Name, alias: Option<&Name>) -> Result<Column, Refusal> {
        let path = self.scope.path(argument)?;
        let field = path.definition(self.scope.schema);
        let how = match function.text.to_ascii_lowercase().as_str() {
            "tolabel" => Shown::Label,
            "format" => Shown::Format,
            "convertcurrency" => {
                let what = "convertCurrency() needs multiple currencies, and this organization has one";
                return Err(malformed(self.scope.text, function.at.0, what));
            }
            _ => return Err(self.scope.not_here(function)),
        };
        if how == Shown::Format && !formatted(field) {
            let what = format!("field {} does not support FORMAT()", field.name);
            return Err(malformed(self.scope.text, function.at.0, &what));
        }
        Ok(Column::Shown { path, alias: alias.map(|alias| alias.text.clone()), how })
    }

    /// The fields of `FIELDS(ALL)` and so on.
    fn set_of_fields(&self, which: &Name, statement: &Statement) -> Result<Vec<usize>, Refusal> {
        let object = self.scope.schema.object(self.scope.object);
        let wanted: fn(&Field) -> bool = match which.text.to_ascii_uppercase().as_str() {
            "ALL" => |_| true,
            "CUSTOM" => Field::custom,
            "STANDARD" => |field| !field.custom(),
            _ => {
                let what = format!("unexpected token: '{}'", which.text);
                return Err(malformed(self.scope.text, which.at.0, &what));
            }
        };
        if !which.text.eq_ignore_ascii_case("STANDARD") && !bounded(statement) {
            let what = format!("The SOQL FIELDS function must have a LIMIT of at most {UNBOUNDED_ROWS}");
            return Err(malformed(self.scope.text, which.at.0, &what));
        }
        let fields: Vec<usize> =
            object.visible_fields().filter(|(_, field)| wanted(field)).map(|(at, _)| at).collect();
        if fields.is_empty() && statement.select.len() == 1 {
            let what = format!("{} has no custom fields to select", object.name);
            return Err(malformed(self.scope.text, which.at.0, &what));
        }
        Ok(fields)
    }

    fn type_of(
        &self,
        reference: &Name,
        when: &[(Name, Vec<Name>)],
        otherwise: &[Name],
    ) -> Result<Column, Refusal> {
        let (schema, text) = (self.scope.schema, self.scope.text);
        let parts = self.scope.parts(&reference.text);
        let hop = match parts.as_slice() {
            [only] => Of::Object(self.scope.object).parent(schema, only),
            _ => None,
        };
        let hop =
            hop.ok_or_else(|| crate::soql::mistake::no_parent(text, reference.at.0, &reference.text))?;
        if hop.to != Of::Any {
            let what = format!("Cannot use TYPEOF with non-polymorphic relationship '{}'", reference.text);
            return Err(malformed(text, reference.at.0, &what));
        }
        let fields = |of: Of, names: &[Name]| {
            let path = |name: &Name| {
                Path::resolve(schema, of, &name.text.split('.').collect::<Vec<_>>(), text, name.at.0)
            };
            names.iter().map(path).collect::<Result<Vec<_>, _>>()
        };
        let when = when
            .iter()
            .map(|(object, names)| {
                let at = Scope::find(schema, text, object)?;
                Ok((at, fields(Of::Object(at), names)?))
            })
            .collect::<Result<_, Refusal>>()?;
        Ok(Column::TypeOf { hop, when, otherwise: fields(Of::Any, otherwise)? })
    }
}

/// Whether FORMAT knows how people write such values.
fn formatted(field: &Field) -> bool {
    let kind = field.kind;
    kind.is_decimal() || matches!(kind, FieldType::Int | FieldType::Date | FieldType::Datetime)
}

/// Whether a query can find 200 rows at most, as far as its text says.
fn bounded(statement: &Statement) -> bool {
    let by_id = |condition: &Condition| match condition {
        Condition::Compare { left: Expression::Field(name), operator, right }
            if name.text.eq_ignore_ascii_case("Id") =>
        {
            match (operator, right) {
                (Operator::Equal, _) => true,
                (Operator::In, Operand::List(ids)) => ids.len() <= UNBOUNDED_ROWS,
                _ => false,
            }
        }
        _ => false,
    };
    let few_ids = match &statement.filter {
        Some(Condition::And(all)) => all.iter().any(by_id),
        Some(Condition::Or(any)) => any.len() <= UNBOUNDED_ROWS && any.iter().all(by_id),
        Some(other) => by_id(other),
        None => false,
    };
    few_ids || statement.limit.as_ref().is_some_and(|limit| limit.rows <= UNBOUNDED_ROWS)
}
