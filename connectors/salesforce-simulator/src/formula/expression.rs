//! A formula as a tree. Operators of one rank stand side by side in a list, so that the tree is only as deep as its
//! parentheses, which the parser limits.

use regex_lite::Regex;

use super::datum::Datum;
use super::function::Function;
use crate::schema::{FieldType, ObjectIndex};

/// A formula or a part of one.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Literal(Datum),
    Field(FieldPath),
    Not(Box<Expression>),
    Minus(Box<Expression>),
    /// The first operand, and what is done with the ones behind it, from left to right.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Call(Function, Vec<Expression>),
    /// `REGEX(text, "pattern")`: the pattern was compiled when the formula was read.
    Matches(Box<Expression>, Regex),
}

/// A field of the record or of one of its parents.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldPath {
    /// Reference fields to follow.
    pub(crate) hops: Vec<usize>,
    /// The object the field is in.
    pub(crate) object: ObjectIndex,
    /// The field.
    pub(crate) field: usize,
    /// Its type.
    pub(crate) kind: FieldType,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Concatenate,
    Plus,
    Minus,
    Times,
    Divide,
    Power,
}

impl Operator {
    /// The operator that a symbol stands for.
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "||" => Self::Or,
            "&&" => Self::And,
            "=" | "==" => Self::Equal,
            "<>" | "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            "&" => Self::Concatenate,
            "+" => Self::Plus,
            "-" => Self::Minus,
            "*" => Self::Times,
            "/" => Self::Divide,
            "^" => Self::Power,
            _ => return None,
        })
    }

    /// Which operators bind more: those of a higher rank.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal | Self::Unequal => 2,
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => 3,
            Self::Concatenate => 4,
            Self::Plus | Self::Minus => 5,
            Self::Times | Self::Divide => 6,
            Self::Power => 7,
        }
    }

    /// As error texts write it.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Concatenate => "&",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }
}

impl Expression {
    /// Every field in it.
    pub(super) fn fields(&self) -> Vec<&FieldPath> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Field(path) => vec![path],
            Self::Not(inner) | Self::Minus(inner) | Self::Matches(inner, _) => inner.fields(),
            Self::Chain(first, rest) => first
                .fields()
                .into_iter()
                .chain(rest.iter().flat_map(|(_, operand)| operand.fields()))
                .collect(),
            Self::Call(_, arguments) => arguments.iter().flat_map(Self::fields).collect(),
        }
    }

    /// Whether a function that only validation rules know is in it; its name.
    pub(super) fn of_rules_only(&self) -> Option<&'static str> {
        match self {
            Self::Literal(_) | Self::Field(_) => None,
            Self::Not(inner) | Self::Minus(inner) | Self::Matches(inner, _) => inner.of_rules_only(),
            Self::Chain(first, rest) => {
                first.of_rules_only().or_else(|| rest.iter().find_map(|(_, operand)| operand.of_rules_only()))
            }
            Self::Call(function, arguments) => {
                let own = function.of_rules_only().then(|| function.name());
                own.or_else(|| arguments.iter().find_map(Self::of_rules_only))
            }
        }
    }
}
