//! The condition of a query and whether a row meets it.
//!
//! WHERE compares fields of rows, HAVING values of groups: what stands on the left is `T`. What depends on the moment
//! (date literals) or on other rows (semi-joins) is worked out once, by [`Filter::bound`], before a sweep.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::date_function::DateFunction;
use super::date_literal::DateLiteral;
use super::path::Path;
use super::pattern::Pattern;
use super::query::Query;
use super::run::Run;
use super::value_order::Collation;
use crate::data::{Row, Store, Value};
use crate::schema::{FieldType, Schema};
use crate::timestamp::Timestamp;

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Filter<T = Term> {
    /// All of them.
    And(Vec<Filter<T>>),
    /// One of them.
    Or(Vec<Filter<T>>),
    /// Not this.
    Not(Box<Filter<T>>),
    /// A value against another.
    Compare { left: T, collation: Collation, comparison: Comparison, right: Value },
    /// A date against a date literal; bound, it is a `Between`.
    Relative { left: T, comparison: Comparison, literal: DateLiteral, dates: bool },
    /// A date against a range, `to` not in it.
    Between { left: T, comparison: Comparison, from: Value, to: Value },
    /// A value against a set, by [`Collation::key`]; `null` says whether a missing value is in it.
    In { left: T, collation: Collation, keys: HashSet<String>, null: bool, negated: bool },
    /// A text against a pattern.
    Like { left: T, pattern: Pattern },
    /// Values of a multi-select picklist against choices, of which one must be there wholly.
    Includes { left: T, choices: Vec<Vec<String>>, negated: bool },
    /// An id against the column of a sub-select; bound, it is an `In`.
    Joined { left: T, rows: Box<Query>, column: Path, negated: bool },
}

/// A field, or a date function of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) path: Path,
    pub(crate) function: Option<DateFunction>,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Term {
    /// Its value in a row.
    pub(crate) fn value<'a>(&self, store: &'a Store, row: &'a Row) -> Cow<'a, Value> {
        let value = self.path.value(store, row);
        match self.function {
            Some(function) => Cow::Owned(function.apply(&value)),
            None => value,
        }
    }

    /// The type of its values.
    pub(crate) fn kind(&self, schema: &Schema) -> FieldType {
        self.function.map_or_else(|| self.path.definition(schema).kind, DateFunction::gives)
    }

    /// How its values are compared.
    pub(crate) fn collation(&self, schema: &Schema) -> Collation {
        Collation::of(self.path.definition(schema))
    }

    /// Whether it is a plain field of the queried object.
    pub(crate) fn own_field(&self) -> Option<usize> {
        (self.function.is_none() && self.path.hops.is_empty()).then_some(self.path.field)
    }
}

impl Filter {
    /// Whether a row meets the condition, at the moment the row was last written: what PushTopics ask of changes.
    pub(crate) fn matches(&self, store: &Store, row: &Row) -> bool {
        if self.is_bound() {
            return self.holds(&|term| term.value(store, row));
        }
        let object = store.schema.of_id(row.id());
        let stamp = object.and_then(|object| store.schema.object(object).system.modstamp);
        let now = match stamp.map(|at| row.value(at)) {
            Some(Value::Time(time)) => *time,
            _ => Timestamp::default(),
        };
        // Nobody in particular asks.
        let run = Run { store, now, user: "", deleted: false };
        let bound = self.bound(now, &|rows, column| rows.column(run, column));
        bound.holds(&|term| term.value(store, row))
    }

    /// Fields of the queried object itself that the condition looks at.
    pub(crate) fn fields(&self) -> Vec<usize> {
        let mut terms = Vec::new();
        self.each(&mut |term: &Term| terms.push(term.path.clone()));
        terms.into_iter().filter(|path| path.hops.is_empty()).map(|path| path.field).collect()
    }
}

impl<T: Clone> Filter<T> {
    /// Whether it holds for values that `value` gives. Only of a bound condition.
    pub(crate) fn holds<'v>(&self, value: &dyn Fn(&T) -> Cow<'v, Value>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.holds(value)),
            Self::Or(any) => any.iter().any(|filter| filter.holds(value)),
            Self::Not(filter) => !filter.holds(value),
            Self::Compare { left, collation, comparison, right } => {
                let left = value(left);
                comparison.holds(collation.order(&left, right), left.is_null() && right.is_null())
            }
            Self::Between { left, comparison, from, to } => {
                let left = value(left);
                let order = |edge: &Value| Collation::Exact.order(&left, edge);
                comparison.holds(
                    match (order(from), order(to)) {
                        (Some(Ordering::Less), _) => Some(Ordering::Less),
                        (Some(_), Some(Ordering::Less)) => Some(Ordering::Equal),
                        (from, _) => from.map(|_| Ordering::Greater),
                    },
                    false,
                )
            }
            Self::In { left, collation, keys, null, negated } => {
                let within = collation.key(&value(left)).map_or(*null, |key| keys.contains(&key));
                within != *negated
            }
            Self::Like { left, pattern } => value(left).as_text().is_some_and(|text| pattern.matches(text)),
            Self::Includes { left, choices, negated } => {
                let value = value(left);
                let chosen: Vec<String> =
                    value.as_text().unwrap_or_default().split(';').map(str::to_lowercase).collect();
                let includes = choices.iter().any(|all| all.iter().all(|one| chosen.contains(one)));
                includes != *negated
            }
            // Bound before.
            Self::Relative { .. } | Self::Joined { .. } => false,
        }
    }

    /// The condition as it stands at a moment; `join` gives the ids that a sub-select finds.
    pub(crate) fn bound(&self, now: Timestamp, join: &dyn Fn(&Query, &Path) -> HashSet<String>) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.bound(now, join)).collect();
        match self {
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            Self::Not(part) => Self::Not(Box::new(part.bound(now, join))),
            Self::Relative { left, comparison, literal, dates } => {
                let (from, to) = literal.range(now);
                let edge = |time: Timestamp| {
                    if *dates { DateFunction::DayOnly.apply(&Value::Time(time)) } else { Value::Time(time) }
                };
                Self::Between { left: left.clone(), comparison: *comparison, from: edge(from), to: edge(to) }
            }
            Self::Joined { left, rows, column, negated } => Self::In {
                left: left.clone(),
                collation: Collation::Exact,
                keys: join(rows, column),
                null: false,
                negated: *negated,
            },
            other => other.clone(),
        }
    }

    /// Conditions that must all hold: the parts of an outermost AND, or the condition itself.
    pub(crate) fn conjuncts(&self) -> &[Self] {
        match self {
            Self::And(all) => all,
            other => std::slice::from_ref(other),
        }
    }

    fn is_bound(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_bound),
            Self::Not(part) => part.is_bound(),
            Self::Relative { .. } | Self::Joined { .. } => false,
            _ => true,
        }
    }

    fn each(&self, visit: &mut dyn FnMut(&T)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each(visit)),
            Self::Not(part) => part.each(visit),
            Self::Compare { left, .. }
            | Self::Relative { left, .. }
            | Self::Between { left, .. }
            | Self::In { left, .. }
            | Self::Like { left, .. }
            | Self::Includes { left, .. }
            | Self::Joined { left, .. } => visit(left),
        }
    }
}

impl Comparison {
    /// Whether it holds for two values of this order; `None` when one is missing, `both` when both are.
    fn holds(self, order: Option<Ordering>, both: bool) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal) || both,
            Self::Unequal => !(order == Some(Ordering::Equal) || both),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}
