//! WHERE: conditions whose fields may be compared as they are, and the limits of semi-joins.

use std::collections::HashSet;

use super::Resolver;
use crate::data::{Refusal, Value};
use crate::schema::FieldType;
use crate::soql::filter::{Comparison, Filter, Term};
use crate::soql::lexer::unescaped;
use crate::soql::literal::{Meaning, meaning};
use crate::soql::mistake::{malformed, pointed};
use crate::soql::path::Path;
use crate::soql::pattern::Pattern;
use crate::soql::query::{Column, Columns};
use crate::soql::scope::{Scope, Use};
use crate::soql::syntax::{Condition, Literal, LiteralKind, Operand, Operator, Statement};
use crate::soql::value_order::Collation;

/// A query may have so many semi-joins.
const MOST_JOINS: usize = 2;

/// Where in WHERE a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Top,
    Or,
    Brackets,
}

/// The left side of a comparison.
pub(super) struct Left<T> {
    pub(super) of: T,
    pub(super) name: String,
    pub(super) kind: FieldType,
    pub(super) collation: Collation,
    pub(super) at: usize,
}

impl Resolver<'_> {
    pub(super) fn filter(&self, condition: &Condition) -> Result<Filter, Refusal> {
        let mut joins = 0;
        self.part(condition, Within::Top, &mut joins)
    }

    fn part(&self, condition: &Condition, within: Within, joins: &mut usize) -> Result<Filter, Refusal> {
        let mut all = |parts: &[Condition], within| {
            parts.iter().map(|part| self.part(part, within, joins)).collect::<Result<Vec<_>, _>>()
        };
        match condition {
            Condition::And(parts) => {
                let inner = if within == Within::Top { Within::Top } else { Within::Brackets };
                // An AND in brackets within the outermost AND is nested, even though it means the same.
                let parts = parts.iter().map(|part| {
                    let nested = matches!(part, Condition::And(_) | Condition::Not(_));
                    self.part(part, if nested { Within::Brackets } else { inner }, joins)
                });
                Ok(Filter::And(parts.collect::<Result<_, _>>()?))
            }
            Condition::Or(parts) => Ok(Filter::Or(all(parts, Within::Or)?)),
            Condition::Not(part) => Ok(Filter::Not(Box::new(self.part(part, Within::Brackets, joins)?))),
            Condition::Compare { left, operator, right } => {
                let at = left.at();
                let term = self.scope.term(left, Use::Filter)?;
                let field = term.path.definition(self.scope.schema);
                let left = Left {
                    name: field.name.clone(),
                    kind: term.kind(self.scope.schema),
                    collation: term.collation(self.scope.schema),
                    at,
                    of: term,
                };
                match right {
                    Operand::Rows(rows) => {
                        *joins += 1;
                        self.joined(left, *operator, rows, within, *joins)
                    }
                    _ => compare(left, *operator, right, self.scope.text),
                }
            }
        }
    }

    fn joined(
        &self,
        left: Left<Term>,
        operator: Operator,
        rows: &Statement,
        within: Within,
        nth: usize,
    ) -> Result<Filter, Refusal> {
        let (schema, text) = (self.scope.schema, self.scope.text);
        let wrong = |what: &str| malformed(text, left.at, what);
        match within {
            Within::Top => {}
            Within::Or => return Err(wrong("Semi join sub-selects are not allowed with the 'OR' operator")),
            Within::Brackets => {
                return Err(wrong(
                    "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested \
                     WHERE expressions.",
                ));
            }
        }
        if nth > MOST_JOINS {
            return Err(wrong("Cannot have more than 2 semi join sub-selects"));
        }
        if !matches!(operator, Operator::In | Operator::NotIn) {
            return Err(malformed(text, left.at, &format!("unexpected token: '{}'", operator.symbol())));
        }
        if !left.kind.is_id() || left.of.own_field().is_none() {
            return Err(wrong(&format!(
                "The left operand field in the where expression for outer query should be an id field, cannot use: '{}'",
                left.name
            )));
        }
        let Some((from, _)) = rows.from.first() else { return Err(wrong("unexpected token: '<EOF>'")) };
        let object = Scope::find(schema, text, from)?;
        if object == self.scope.object {
            return Err(wrong("The inner and outer selects should not be on the same object type"));
        }
        if has_join(rows.filter.as_ref()) {
            return Err(wrong("Nesting of semi join sub-selects is not supported"));
        }
        let bare =
            rows.order.is_empty() && rows.limit.is_none() && rows.offset.is_none() && rows.group.is_none();
        if !bare || rows.purpose.is_some() {
            return Err(wrong(
                "Semi join sub-selects support neither ORDER BY, LIMIT, OFFSET, GROUP BY nor FOR",
            ));
        }
        let inner = Resolver { scope: Scope::new(schema, text, object, &rows.from)?, level: self.level };
        let query = inner.query(rows)?;
        let column = match &query.columns {
            Columns::Rows(columns) => match columns.as_slice() {
                [Column::Field(path)] => path.clone(),
                _ => return Err(wrong("Semi join sub-selects can only query one field, which is an id")),
            },
            _ => return Err(wrong("Semi join sub-selects can only query one field, which is an id")),
        };
        let selected = column.definition(schema);
        if !selected.kind.is_id() || !column.hops.is_empty() {
            return Err(wrong(&format!("The inner select field '{}' must be of an id type", selected.name)));
        }
        if !self.same_target(&left.of.path, &column) {
            return Err(wrong(&format!(
                "The selected field '{}' in the subquery and the left operand field in the where expression in the \
                 outer query '{}' should point to the same object type",
                selected.name, left.name
            )));
        }
        Ok(Filter::Joined {
            left: left.of,
            rows: Box::new(query),
            column,
            negated: operator == Operator::NotIn,
        })
    }

    /// Whether ids of both fields can be ids of the same object.
    fn same_target(&self, left: &Path, right: &Path) -> bool {
        let schema = self.scope.schema;
        let targets = |path: &Path| -> Vec<String> {
            let field = path.definition(schema);
            if field.kind == FieldType::Id {
                vec![path.of.name(schema).to_owned()]
            } else {
                field.reference_to.clone()
            }
        };
        let right = targets(right);
        targets(left).iter().any(|target| right.contains(target))
    }
}

/// A comparison with values, for WHERE and HAVING alike.
pub(super) fn compare<T: Clone>(
    left: Left<T>,
    operator: Operator,
    right: &Operand,
    text: &str,
) -> Result<Filter<T>, Refusal> {
    check_operator(&left, operator, text)?;
    let value = |literal: &Literal| meaning((&left.name, left.kind), literal, text, left.at);
    match right {
        Operand::One(literal) if operator == Operator::Like => match &literal.kind {
            LiteralKind::Text(pattern) => {
                let pattern = Pattern::new(pattern, left.collation == Collation::Exact);
                Ok(Filter::Like { left: left.of, pattern })
            }
            LiteralKind::Null => Err(malformed(text, literal.at.0, "unexpected token: 'NULL'")),
            _ => value(literal).and(Err(malformed(text, literal.at.0, "unexpected token"))),
        },
        Operand::One(literal) => {
            let comparison = comparison(operator);
            Ok(match value(literal)? {
                Meaning::Value(right) => {
                    Filter::Compare { left: left.of, collation: left.collation, comparison, right }
                }
                Meaning::Days(literal) => {
                    let dates = left.kind == FieldType::Date;
                    Filter::Relative { left: left.of, comparison, literal, dates }
                }
            })
        }
        Operand::List(literals) if matches!(operator, Operator::Includes | Operator::Excludes) => {
            let choice = |literal: &Literal| match &literal.kind {
                LiteralKind::Text(text) => {
                    Ok(unescaped(text).split(';').map(|one| one.trim().to_lowercase()).collect())
                }
                _ => value(literal).map(|_| Vec::new()),
            };
            let choices = literals.iter().map(choice).collect::<Result<_, _>>()?;
            Ok(Filter::Includes { left: left.of, choices, negated: operator == Operator::Excludes })
        }
        Operand::List(literals) => {
            let mut keys = HashSet::new();
            let mut null = false;
            let mut days = Vec::new();
            for literal in literals {
                match value(literal)? {
                    Meaning::Value(Value::Null) => null = true,
                    Meaning::Value(value) => keys.extend(left.collation.key(&value)),
                    Meaning::Days(literal) => days.push(literal),
                }
            }
            let negated = operator == Operator::NotIn;
            let (collation, dates) = (left.collation, left.kind == FieldType::Date);
            if days.is_empty() {
                return Ok(Filter::In { left: left.of, collation, keys, null, negated });
            }
            let mut any = vec![Filter::In { left: left.of.clone(), collation, keys, null, negated: false }];
            let within = |literal| {
                let comparison = Comparison::Equal;
                Filter::Relative { left: left.of.clone(), comparison, literal, dates }
            };
            any.extend(days.into_iter().map(within));
            let any = Filter::Or(any);
            Ok(if negated { Filter::Not(Box::new(any)) } else { any })
        }
        Operand::Rows(_) => Err(malformed(text, left.at, "semi joins are not supported in a HAVING clause")),
    }
}

fn check_operator<T>(left: &Left<T>, operator: Operator, text: &str) -> Result<(), Refusal> {
    let fits = match operator {
        Operator::Equal | Operator::Unequal | Operator::In | Operator::NotIn => true,
        Operator::Like => left.kind.is_text() && left.kind != FieldType::Multipicklist,
        Operator::Includes | Operator::Excludes => left.kind == FieldType::Multipicklist,
        _ => !matches!(left.kind, FieldType::Boolean | FieldType::Multipicklist),
    };
    if fits {
        return Ok(());
    }
    let what = match operator {
        Operator::Includes | Operator::Excludes => {
            "includes or excludes operator only valid on multipicklist field".to_owned()
        }
        _ => format!("invalid operator on {} field", left.kind.name()),
    };
    Err(pointed("INVALID_QUERY_FILTER_OPERATOR", text, left.at, &what))
}

fn comparison(operator: Operator) -> Comparison {
    match operator {
        Operator::Unequal => Comparison::Unequal,
        Operator::Less => Comparison::Less,
        Operator::AtMost => Comparison::AtMost,
        Operator::Greater => Comparison::Greater,
        Operator::AtLeast => Comparison::AtLeast,
        _ => Comparison::Equal,
    }
}

fn has_join(condition: Option<&Condition>) -> bool {
    match condition {
        Some(Condition::And(parts) | Condition::Or(parts)) => parts.iter().any(|part| has_join(Some(part))),
        Some(Condition::Not(part)) => has_join(Some(part)),
        Some(Condition::Compare { right, .. }) => matches!(right, Operand::Rows(_)),
        None => false,
    }
}
