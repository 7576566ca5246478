//! What a formula is worth for a row.
//!
//! Nothing is nothing: a calculation without a value has none, a comparison with it is false, and only two nothings
//! are equal. Empty text and no text are the same.

use std::cmp::Ordering;

use super::call;
use super::datum::{Datum, days_between};
use super::expression::{Expression, FieldPath, Operator};
use crate::data::{Row, Store};
use crate::schema::ObjectIndex;

/// What a formula looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) store: &'a Store,
    /// The object of the record.
    pub(crate) object: ObjectIndex,
    /// The record as it is, or as it is about to be.
    pub(crate) row: &'a Row,
    /// The record as it was; `None` for a new one.
    pub(crate) before: Option<&'a Row>,
}

impl Scope<'_> {
    /// Whether a condition is true.
    pub(crate) fn holds(self, condition: &Expression) -> bool {
        self.value(condition).truth()
    }

    /// The value of an expression.
    pub(crate) fn value(self, expression: &Expression) -> Datum {
        match expression {
            Expression::Literal(datum) => datum.clone(),
            Expression::Field(path) => self.field(path, self.row),
            Expression::Not(inner) => Datum::Bool(!self.value(inner).truth()),
            Expression::Minus(inner) => {
                self.value(inner).number().map_or(Datum::Null, |number| Datum::Number(-number))
            }
            Expression::Chain(first, rest) => self.chain(first, rest),
            Expression::Matches(text, regex) => Datum::Bool(regex.is_match(&self.value(text).text())),
            Expression::Call(function, arguments) => call::call(self, *function, arguments),
        }
    }

    /// The value of a field of a row or of one of its parents; nothing when a parent is missing.
    pub(super) fn field(self, path: &FieldPath, row: &Row) -> Datum {
        let (mut object, mut here) = (self.object, row);
        for hop in &path.hops {
            match here.value(*hop).as_text().and_then(|id| self.store.row(id)) {
                Some(parent) => (object, here) = parent,
                None => return Datum::Null,
            }
        }
        // A parent may be of another object than the one that has this field.
        if object != path.object {
            return Datum::Null;
        }
        Datum::of(path.kind, &self.store.value(object, here, path.field))
    }

    fn chain(self, first: &Expression, rest: &[(Operator, Expression)]) -> Datum {
        let mut left = self.value(first);
        for (operator, operand) in rest {
            // What decides alone is not asked further: `a && b` with a false `a` never looks at `b`.
            left = match (operator, left.truth()) {
                (Operator::And, false) => Datum::Bool(false),
                (Operator::Or, true) => Datum::Bool(true),
                (Operator::And | Operator::Or, _) => Datum::Bool(self.value(operand).truth()),
                _ => operate(*operator, &left, &self.value(operand)),
            };
        }
        left
    }
}

fn operate(operator: Operator, left: &Datum, right: &Datum) -> Datum {
    let ordered = |fits: fn(Ordering) -> bool| Datum::Bool(order(left, right).is_some_and(fits));
    match operator {
        Operator::Equal => Datum::Bool(equal(left, right)),
        Operator::Unequal => Datum::Bool(!equal(left, right)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::AtMost => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::AtLeast => ordered(Ordering::is_ge),
        Operator::Concatenate => Datum::Text(left.text() + &right.text()),
        Operator::Plus => match (left, right) {
            (Datum::Text(_), _) | (_, Datum::Text(_)) => Datum::Text(left.text() + &right.text()),
            (Datum::Date(_) | Datum::Moment(_), Datum::Number(days)) => left.later(*days),
            (Datum::Number(days), Datum::Date(_) | Datum::Moment(_)) => right.later(*days),
            _ => numbers(left, right, |a, b| a + b),
        },
        Operator::Minus => match (left, right) {
            (Datum::Date(_) | Datum::Moment(_), Datum::Number(days)) => left.later(-days),
            (Datum::Date(_) | Datum::Moment(_), _) => {
                days_between(left, right).map_or(Datum::Null, Datum::Number)
            }
            _ => numbers(left, right, |a, b| a - b),
        },
        Operator::Times => numbers(left, right, |a, b| a * b),
        Operator::Divide => numbers(left, right, |a, b| a / b),
        Operator::Power => numbers(left, right, f64::powf),
        // Both are decided in the chain, where the right side may not be looked at.
        Operator::And | Operator::Or => Datum::Bool(false),
    }
}

/// A calculation; division by zero and other things without a result give nothing.
fn numbers(left: &Datum, right: &Datum, work: impl Fn(f64, f64) -> f64) -> Datum {
    let result = left.number().zip(right.number()).map(|(left, right)| work(left, right));
    result.filter(|number| number.is_finite()).map_or(Datum::Null, Datum::Number)
}

/// Whether two values are equal; text with its letter case.
pub(super) fn equal(left: &Datum, right: &Datum) -> bool {
    (left.blank() && right.blank()) || order(left, right).map_or(left == right, Ordering::is_eq)
}

fn order(left: &Datum, right: &Datum) -> Option<Ordering> {
    match (left, right) {
        (Datum::Number(left), Datum::Number(right)) => left.partial_cmp(right),
        (Datum::Date(left), Datum::Date(right)) => Some(left.cmp(right)),
        (Datum::Moment(left), Datum::Moment(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
