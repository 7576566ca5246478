//! Queries: text to tokens, tokens to a query that knows its fields, and the rows it finds.

mod filter;
mod lexer;
mod literal;
mod parser;
mod path;
mod query;
mod run;

pub(crate) use filter::Filter;
pub(crate) use lexer::{Token, TokenKind, tokens};
pub(crate) use path::Path;
pub(crate) use query::{Columns, Query};
pub(crate) use run::{find, record};
