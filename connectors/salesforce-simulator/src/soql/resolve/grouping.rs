//! GROUP BY, aggregate functions and HAVING.

use super::conditions::{Left, compare};
use super::{Resolver, last_name, picklist};
use crate::data::Refusal;
use crate::schema::FieldType;
use crate::soql::filter::{Filter, Term};
use crate::soql::group::{Aggregate, AggregateFunction, Grouping, Measure};
use crate::soql::mistake::malformed;
use crate::soql::query::OrderBy;
use crate::soql::scope::Use;
use crate::soql::syntax::{Condition, Expression, Name, Selected, Statement, Subtotals};

/// GROUP BY takes so many fields with subtotals.
const MOST_SUBTOTALED: usize = 3;

impl Resolver<'_> {
    /// Whether the query shows groups.
    pub(super) fn groups(statement: &Statement) -> bool {
        statement.group.is_some()
            || statement.select.iter().any(|selected| {
                matches!(selected, Selected::Expression { expression: Expression::Call { function, .. }, .. }
                    if AggregateFunction::named(&function.text).is_some())
            })
    }

    pub(super) fn grouping(&self, statement: &Statement) -> Result<Grouping, Refusal> {
        let text = self.scope.text;
        if let (None, Some(limit)) = (&statement.group, &statement.limit) {
            let what = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
            return Err(malformed(text, limit.at.0, what));
        }
        let by = statement.group.as_ref().map(|group| group.by.as_slice()).unwrap_or_default();
        let subtotals = statement.group.as_ref().map_or(Subtotals::None, |group| group.subtotals);
        if let (true, Some(fourth)) = (subtotals != Subtotals::None, by.get(MOST_SUBTOTALED)) {
            let what = format!("Cannot group by more than {MOST_SUBTOTALED} fields in ROLLUP or CUBE");
            return Err(malformed(text, fourth.at(), &what));
        }
        let key = |expression: &Expression| {
            let term = self.scope.term(expression, Use::Group)?;
            let collation = term.collation(self.scope.schema);
            Ok((term, collation))
        };
        let keys = by.iter().map(key).collect::<Result<Vec<_>, Refusal>>()?;
        let mut grouping = Grouping {
            keys,
            subtotals,
            aggregates: Vec::new(),
            shown: Vec::new(),
            having: None,
            order: Vec::new(),
            limit: None,
            offset: 0,
        };
        self.shown_of_groups(statement, &mut grouping)?;
        if let Some(having) = &statement.having {
            grouping.having = Some(self.having(having, statement, &mut grouping)?);
        }
        for ordered in &statement.order {
            let measure = self.measure(&ordered.by, statement, &mut grouping, "Ordered field must")?;
            let left = self.left(&measure, &grouping, ordered.by.at());
            let picklist = match &measure {
                Measure::Key(at) => grouping
                    .keys
                    .get(*at)
                    .filter(|(term, _)| term.function.is_none())
                    .map(|(term, _)| picklist(term.path.definition(self.scope.schema))),
                _ => None,
            };
            grouping.order.push(OrderBy {
                by: measure,
                collation: left.collation,
                picklist: picklist.unwrap_or_default(),
                descending: ordered.descending,
                nulls_last: ordered.nulls_last,
            });
        }
        Ok(grouping)
    }

    fn shown_of_groups(&self, statement: &Statement, grouping: &mut Grouping) -> Result<(), Refusal> {
        let text = self.scope.text;
        let mut unnamed = 0;
        for selected in &statement.select {
            let (expression, alias) = match selected {
                Selected::Expression { expression, alias } => (expression, alias),
                Selected::Children(children) => {
                    let at = children.from.first().map_or(0, |(name, _)| name.at.0);
                    let what = "Aggregate queries cannot have sub-selects of children";
                    return Err(malformed(text, at, what));
                }
                Selected::TypeOf { reference, .. } => {
                    return Err(malformed(
                        text,
                        reference.at.0,
                        "TYPEOF is not allowed in aggregate queries",
                    ));
                }
            };
            let measure = self.measure(expression, statement, grouping, "Field must")?;
            let name = match (alias, expression) {
                (Some(alias), _) => alias.text.clone(),
                (None, Expression::Field(name)) => last_name(self.scope.schema, &self.scope.path(name)?),
                (None, Expression::Call { .. }) => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            };
            if grouping.shown.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
                return Err(malformed(text, expression.at(), &format!("duplicate alias: {name}")));
            }
            grouping.shown.push((name, measure));
        }
        Ok(())
    }

    /// What an expression means for a group. `subject` begins the message when it means nothing.
    fn measure(
        &self,
        expression: &Expression,
        statement: &Statement,
        grouping: &mut Grouping,
        subject: &str,
    ) -> Result<Measure, Refusal> {
        if let Expression::Call { function, argument } = expression {
            if let Some(known) = AggregateFunction::named(&function.text) {
                return self.aggregate(known, function, argument.as_deref(), grouping);
            }
            if function.text.eq_ignore_ascii_case("GROUPING")
                && let Some(key) = argument.as_deref()
            {
                let term = self.scope.term(key, Use::Group)?;
                let at = grouping.keys.iter().position(|(known, _)| *known == term);
                return at.map(Measure::LeftOut).ok_or_else(|| self.ungrouped(key, subject));
            }
        }
        // An alias of the SELECT list can be ordered by and compared in HAVING.
        if let Expression::Field(name) = expression
            && let Some((_, measure)) =
                grouping.shown.iter().find(|(shown, _)| shown.eq_ignore_ascii_case(&name.text))
            && has_alias(statement, name)
        {
            return Ok(measure.clone());
        }
        let term = match expression {
            Expression::Field(name) => Term { path: self.scope.path(name)?, function: None },
            Expression::Call { .. } => self.scope.term(expression, Use::Group)?,
        };
        let at = grouping.keys.iter().position(|(known, _)| *known == term);
        at.map(Measure::Key).ok_or_else(|| self.ungrouped(expression, subject))
    }

    fn aggregate(
        &self,
        function: AggregateFunction,
        name: &Name,
        argument: Option<&Expression>,
        grouping: &mut Grouping,
    ) -> Result<Measure, Refusal> {
        let Some(argument) = argument else { return Err(self.scope.not_here(name)) };
        let of = match argument {
            Expression::Field(field) => Term { path: self.scope.path(field)?, function: None },
            Expression::Call { function: inner, .. } => return Err(self.scope.not_here(inner)),
        };
        let kind = of.kind(self.scope.schema);
        if !aggregates(function, kind) {
            let field = &of.path.definition(self.scope.schema).name;
            let what = format!("field {field} does not support aggregate operator {}", function.name());
            return Err(malformed(self.scope.text, name.at.0, &what));
        }
        let collation = of.collation(self.scope.schema);
        let aggregate = Aggregate { function, of, collation, whole: kind == FieldType::Int };
        let known = grouping.aggregates.iter().position(|other| *other == aggregate);
        Ok(Measure::Aggregate(known.unwrap_or_else(|| {
            grouping.aggregates.push(aggregate);
            grouping.aggregates.len() - 1
        })))
    }

    fn having(
        &self,
        condition: &Condition,
        statement: &Statement,
        grouping: &mut Grouping,
    ) -> Result<Filter<Measure>, Refusal> {
        let mut all = |parts: &[Condition]| {
            parts.iter().map(|part| self.having(part, statement, grouping)).collect::<Result<Vec<_>, _>>()
        };
        match condition {
            Condition::And(parts) => all(parts).map(Filter::And),
            Condition::Or(parts) => all(parts).map(Filter::Or),
            Condition::Not(part) => Ok(Filter::Not(Box::new(self.having(part, statement, grouping)?))),
            Condition::Compare { left, operator, right } => {
                let measure = self.measure(left, statement, grouping, "Field must")?;
                compare(self.left(&measure, grouping, left.at()), *operator, right, self.scope.text)
            }
        }
    }

    /// A measure as the left side of a comparison.
    fn left(&self, measure: &Measure, grouping: &Grouping, at: usize) -> Left<Measure> {
        let schema = self.scope.schema;
        let whole = |name: &str| (name.to_owned(), FieldType::Int, super::Collation::Exact);
        let (name, kind, collation) = match measure {
            Measure::LeftOut(_) => whole("GROUPING"),
            Measure::Key(at) => match grouping.keys.get(*at) {
                Some((term, collation)) => (last_name(schema, &term.path), term.kind(schema), *collation),
                None => whole(""),
            },
            Measure::Aggregate(at) => match grouping.aggregates.get(*at) {
                Some(aggregate) => {
                    let kind = match aggregate.function {
                        AggregateFunction::Count | AggregateFunction::CountDistinct => FieldType::Int,
                        AggregateFunction::Avg => FieldType::Double,
                        _ => aggregate.of.kind(schema),
                    };
                    (last_name(schema, &aggregate.of.path), kind, aggregate.collation)
                }
                None => whole(""),
            },
        };
        Left { of: measure.clone(), name, kind, collation, at }
    }

    fn ungrouped(&self, expression: &Expression, subject: &str) -> Refusal {
        let name = match expression {
            Expression::Field(name) => &name.text,
            Expression::Call { function, .. } => &function.text,
        };
        let what = format!("{subject} be grouped or aggregated: {name}");
        malformed(self.scope.text, expression.at(), &what)
    }
}

/// Whether a function takes values of this type.
fn aggregates(function: AggregateFunction, kind: FieldType) -> bool {
    let number = kind == FieldType::Int || kind.is_decimal();
    match function {
        AggregateFunction::Avg | AggregateFunction::Sum => number,
        _ => {
            number
                || kind.is_id()
                || matches!(kind, FieldType::Date | FieldType::Datetime)
                || (kind.is_text() && !matches!(kind, FieldType::Multipicklist | FieldType::Encryptedstring))
        }
    }
}

fn has_alias(statement: &Statement, name: &Name) -> bool {
    statement.select.iter().any(|selected| {
        matches!(selected, Selected::Expression { alias: Some(alias), .. } if alias.text.eq_ignore_ascii_case(&name.text))
    })
}
