//! The list of what a query selects.

use super::{Parser, is_alias};
use crate::data::Refusal;
use crate::soql::lexer::TokenKind;
use crate::soql::mistake::malformed;
use crate::soql::syntax::{Expression, Name, Selected};

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Vec<Selected>, Refusal> {
        // Real orgs name both words when nothing is between them.
        if let Some(from) = self.peek().filter(|token| token.is("FROM"))
            && !self.symbol_follows(1, ",")
            && self.at == 1
        {
            return Err(malformed(self.text, from.at, "unexpected token: 'SELECT FROM'"));
        }
        self.list(Self::selected)
    }

    fn selected(&mut self) -> Result<Selected, Refusal> {
        if let Some(token) = self.peek().filter(|token| token.kind == TokenKind::Symbol("(")) {
            self.at += 1;
            self.deeper(token.at)?;
            let children = self.statement()?;
            self.expect_symbol(")")?;
            self.depth -= 1;
            return Ok(Selected::Children(Box::new(children)));
        }
        match self.peek() {
            Some(token) if token.is("FROM") => return Err(self.unexpected(token)),
            Some(token) if token.is("TYPEOF") && !self.symbol_follows(1, ",") => {
                self.at += 1;
                return self.type_of();
            }
            _ => {}
        }
        let expression = self.expression()?;
        let alias = match self.peek() {
            // Only what is followed by more columns or by FROM can be an alias: anything else is a misspelt keyword.
            Some(token) if is_alias(token) => {
                if !(self.symbol_follows(1, ",") || self.follows(1, "FROM")) {
                    return Err(self.unexpected(token));
                }
                Some(self.name()?)
            }
            _ => None,
        };
        Ok(Selected::Expression { expression, alias })
    }

    fn type_of(&mut self) -> Result<Selected, Refusal> {
        let reference = self.name()?;
        let mut when = Vec::new();
        while self.accept("WHEN") {
            let object = self.name()?;
            self.expect("THEN")?;
            when.push((object, self.fields()?));
        }
        let otherwise = if self.accept("ELSE") { self.fields()? } else { Vec::new() };
        self.expect("END")?;
        Ok(Selected::TypeOf { reference, when, otherwise })
    }

    fn fields(&mut self) -> Result<Vec<Name>, Refusal> {
        self.list(|parser| match parser.expression()? {
            Expression::Field(name) => Ok(name),
            Expression::Call { function, .. } => {
                let what = format!("unexpected token: '{}'", function.text);
                Err(malformed(parser.text, function.at.0, &what))
            }
        })
    }
}
