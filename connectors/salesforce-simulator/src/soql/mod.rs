//! Queries: text to tokens, tokens to a query as it is written, that to one that knows its fields, and the rows it finds.

mod date_function;
mod date_literal;
mod filter;
mod format;
mod group;
mod ids;
mod lexer;
mod literal;
mod mistake;
mod name_fields;
mod parser;
mod path;
mod pattern;
mod query;
mod resolve;
mod run;
mod scope;
mod show;
mod syntax;
mod value_order;

#[cfg(test)]
mod tests;

pub(crate) use filter::Filter;
pub(crate) use ids::Ids;
pub(crate) use lexer::{Token, TokenKind, tokens};
pub(crate) use query::{Columns, Query};
pub(crate) use run::Run;
pub(crate) use show::Show;
