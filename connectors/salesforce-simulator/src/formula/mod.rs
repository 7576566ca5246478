//! Salesforce's formula language, as validation rules and formula fields use it.
//!
//! A formula is read and checked once, when its object is: an unknown field or function, a wrong number of
//! arguments and a wrong type are errors that name the object and the rule. What is left to fail when it is
//! evaluated is the lack of a value, and that has a meaning in every place.
//!
//! # Layout, in reading order
//!
//! - `lexer`, `expression`, `parser`: from text to a tree
//! - `function`, `kind`: what functions there are, and of what type things are
//! - `datum`, `evaluate`, `call`: what a tree is worth for a row
//! - `formulas`: all formulas of an org

mod call;
mod datum;
mod evaluate;
mod expression;
mod formulas;
mod function;
mod kind;
mod lexer;
mod parser;

pub(crate) use datum::round;
pub(crate) use evaluate::Scope;
pub(crate) use formulas::Formulas;

#[cfg(test)]
mod tests;
