//! From tokens to a query as it is written. What is not SOQL is refused where it stands, as real orgs do.
//!
//! Nesting is counted, so that no text can exhaust the stack.

mod conditions;
mod select;

use super::lexer::{Token, TokenKind, tokens};
use super::mistake::malformed;
use super::syntax::{Count, Expression, Group, Name, Ordered, Spot, Statement, Subtotals};
use crate::data::Refusal;

/// Brackets, functions and sub-selects may be within each other so many times.
const DEEPEST: usize = 100;

/// Words that are never an alias.
const RESERVED: [&str; 26] = [
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE",
    "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH", "ORDER", "OFFSET", "FOR",
    "ALL", "UPDATE",
];

/// Reads a query.
pub(crate) fn parse(text: &str) -> Result<Statement, Refusal> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0 };
    let statement = parser.statement()?;
    match parser.peek() {
        None => Ok(statement),
        Some(token) if token.is("ALL") && parser.follows(1, "ROWS") => {
            Err(malformed(text, token.at, "ALL ROWS not allowed in this context"))
        }
        Some(token) => Err(parser.unexpected(token)),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn statement(&mut self) -> Result<Statement, Refusal> {
        self.expect("SELECT")?;
        let select = self.select()?;
        self.expect("FROM")?;
        let mut statement = Statement { select, from: self.from()?, ..Statement::default() };
        if self.accept("USING") {
            self.expect("SCOPE")?;
            statement.scope = Some(self.name()?);
        }
        if self.accept("WHERE") {
            statement.filter = Some(self.condition()?);
        }
        if self.accept("WITH") {
            let mode = self.name()?;
            if !["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"]
                .iter()
                .any(|m| mode.text.eq_ignore_ascii_case(m))
            {
                return Err(malformed(self.text, mode.at.0, &format!("unexpected token: '{}'", mode.text)));
            }
            statement.with = Some(mode);
        }
        if self.accept("GROUP") {
            self.expect("BY")?;
            statement.group = Some(self.group()?);
            if self.accept("HAVING") {
                statement.having = Some(self.condition()?);
            }
        }
        if self.accept("ORDER") {
            self.expect("BY")?;
            statement.order = self.list(Self::ordered)?;
        }
        if self.accept("LIMIT") {
            statement.limit = Some(self.count()?);
        }
        if self.accept("OFFSET") {
            statement.offset = Some(self.count()?);
        }
        if self.accept("FOR") {
            let purpose = self.name()?;
            if !["VIEW", "REFERENCE", "UPDATE"].iter().any(|word| purpose.text.eq_ignore_ascii_case(word)) {
                return Err(malformed(
                    self.text,
                    purpose.at.0,
                    &format!("unexpected token: '{}'", purpose.text),
                ));
            }
            statement.purpose = Some(purpose);
        }
        Ok(statement)
    }

    fn from(&mut self) -> Result<Vec<(Name, Option<Name>)>, Refusal> {
        self.list(|parser| {
            let name = parser.name()?;
            let alias = parser.peek().is_some_and(is_alias);
            Ok((name, if alias { Some(parser.name()?) } else { None }))
        })
    }

    fn group(&mut self) -> Result<Group, Refusal> {
        let opens = |parser: &Self| parser.symbol_follows(1, "(");
        let subtotals = match self.peek() {
            Some(token) if token.is("ROLLUP") && opens(self) => Subtotals::Rollup,
            Some(token) if token.is("CUBE") && opens(self) => Subtotals::Cube,
            _ => Subtotals::None,
        };
        if subtotals == Subtotals::None {
            return Ok(Group { by: self.list(Self::expression)?, subtotals });
        }
        self.at += 2;
        let by = self.list(Self::expression)?;
        self.expect_symbol(")")?;
        Ok(Group { by, subtotals })
    }

    fn ordered(&mut self) -> Result<Ordered, Refusal> {
        let by = self.expression()?;
        let descending = self.accept("DESC");
        if !descending {
            self.accept("ASC");
        }
        let nulls_last = self.accept("NULLS") && {
            let last = self.accept("LAST");
            if !last {
                self.expect("FIRST")?;
            }
            last
        };
        Ok(Ordered { by, descending, nulls_last })
    }

    /// A field, or a function of one.
    fn expression(&mut self) -> Result<Expression, Refusal> {
        let name = self.name()?;
        if !self.accept_symbol("(") {
            return Ok(Expression::Field(name));
        }
        self.deeper(name.at.0)?;
        let argument = if self.symbol_follows(0, ")") { None } else { Some(Box::new(self.expression()?)) };
        self.expect_symbol(")")?;
        self.depth -= 1;
        Ok(Expression::Call { function: name, argument })
    }

    fn count(&mut self) -> Result<Count, Refusal> {
        let token = self.next()?;
        match &token.kind {
            TokenKind::Number(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Count { rows: text.parse().unwrap_or(usize::MAX), at: Spot(token.at) })
            }
            _ => Err(self.unexpected(token)),
        }
    }

    fn name(&mut self) -> Result<Name, Refusal> {
        let token = self.next()?;
        match &token.kind {
            TokenKind::Word(text) => Ok(Name { text: text.clone(), at: Spot(token.at) }),
            _ => Err(self.unexpected(token)),
        }
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
        let mut all = vec![one(self)?];
        while self.accept_symbol(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn deeper(&mut self, at: usize) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal {
                code: "QUERY_TOO_COMPLICATED".to_owned(),
                ..malformed(self.text, at, "Query is nested too deeply")
            });
        }
        Ok(())
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token, Refusal> {
        let token = self.tokens.get(self.at).ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(token)
    }

    /// Whether the token after so many more is this keyword.
    fn follows(&self, after: usize, keyword: &str) -> bool {
        self.tokens.get(self.at + after).is_some_and(|token| token.is(keyword))
    }

    fn symbol_follows(&self, after: usize, symbol: &'static str) -> bool {
        self.tokens.get(self.at + after).is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found = self.follows(0, keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), Refusal> {
        let token = self.next()?;
        if token.is(keyword) { Ok(()) } else { Err(self.unexpected(token)) }
    }

    fn accept_symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.symbol_follows(0, symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &'static str) -> Result<(), Refusal> {
        let token = self.next()?;
        if token.kind == TokenKind::Symbol(symbol) { Ok(()) } else { Err(self.unexpected(token)) }
    }

    fn unexpected(&self, token: &Token) -> Refusal {
        malformed(self.text, token.at, &format!("unexpected token: '{}'", token.shown()))
    }

    fn ended(&self) -> Refusal {
        malformed(self.text, self.text.chars().count(), "unexpected token: '<EOF>'")
    }
}

fn is_alias(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Word(word) if !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)))
}
