//! WHERE and HAVING.
//!
//! AND, OR and NOT do not mix without brackets: a row of ANDs, a row of ORs, or one NOT.

use super::Parser;
use crate::data::Refusal;
use crate::soql::date_literal::DateLiteral;
use crate::soql::lexer::{Token, TokenKind};
use crate::soql::syntax::{Condition, Literal, LiteralKind, Operand, Operator, Spot};

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Result<Condition, Refusal> {
        if let Some(not) = self.peek().filter(|token| token.is("NOT")) {
            self.at += 1;
            self.deeper(not.at)?;
            let inner = self.simple()?;
            self.depth -= 1;
            return Ok(Condition::Not(Box::new(inner)));
        }
        let mut parts = vec![self.simple()?];
        for (word, join) in
            [("AND", Condition::And as fn(Vec<Condition>) -> Condition), ("OR", Condition::Or)]
        {
            while self.accept(word) {
                parts.push(self.simple()?);
            }
            if parts.len() > 1 {
                return Ok(join(parts));
            }
        }
        parts.pop().ok_or_else(|| self.ended())
    }

    fn simple(&mut self) -> Result<Condition, Refusal> {
        match self.peek() {
            Some(token) if token.kind == TokenKind::Symbol("(") => {
                self.at += 1;
                self.deeper(token.at)?;
                let inner = self.condition()?;
                self.expect_symbol(")")?;
                self.depth -= 1;
                return Ok(inner);
            }
            Some(token) if token.is("NOT") || token.is("AND") || token.is("OR") => {
                return Err(self.unexpected(token));
            }
            _ => {}
        }
        let left = self.expression()?;
        let operator = self.operator()?;
        let right = match operator {
            Operator::In | Operator::NotIn | Operator::Includes | Operator::Excludes => self.several()?,
            _ => Operand::One(self.literal()?),
        };
        Ok(Condition::Compare { left, operator, right })
    }

    fn operator(&mut self) -> Result<Operator, Refusal> {
        let token = self.next()?;
        let word = [
            ("LIKE", Operator::Like),
            ("IN", Operator::In),
            ("INCLUDES", Operator::Includes),
            ("EXCLUDES", Operator::Excludes),
        ];
        Ok(match &token.kind {
            TokenKind::Symbol("=") => Operator::Equal,
            TokenKind::Symbol("!=") => Operator::Unequal,
            TokenKind::Symbol("<") => Operator::Less,
            TokenKind::Symbol("<=") => Operator::AtMost,
            TokenKind::Symbol(">") => Operator::Greater,
            TokenKind::Symbol(">=") => Operator::AtLeast,
            _ if token.is("NOT") => {
                self.expect("IN")?;
                Operator::NotIn
            }
            _ => match word.into_iter().find(|(word, _)| token.is(word)) {
                Some((_, operator)) => operator,
                None => return Err(self.unexpected(token)),
            },
        })
    }

    fn several(&mut self) -> Result<Operand, Refusal> {
        let Some(open) = self.peek() else { return Err(self.ended()) };
        self.expect_symbol("(")?;
        let operand = if self.follows(0, "SELECT") {
            self.deeper(open.at)?;
            let rows = self.statement()?;
            self.depth -= 1;
            Operand::Rows(Box::new(rows))
        } else {
            Operand::List(self.list(Self::literal)?)
        };
        self.expect_symbol(")")?;
        Ok(operand)
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        let token = self.next()?;
        let kind = match &token.kind {
            TokenKind::Text(text) => LiteralKind::Text(text.clone()),
            TokenKind::Number(text) => LiteralKind::Number(text.clone()),
            TokenKind::Word(word) => self.word(token, word)?,
            TokenKind::Symbol(_) => return Err(self.unexpected(token)),
        };
        Ok(Literal { kind, at: Spot(token.at) })
    }

    fn word(&self, token: &Token, word: &str) -> Result<LiteralKind, Refusal> {
        Ok(match word.to_ascii_uppercase().as_str() {
            "NULL" => LiteralKind::Null,
            "TRUE" => LiteralKind::Bool(true),
            "FALSE" => LiteralKind::Bool(false),
            upper if DateLiteral::parse(upper).is_some() || is_money(upper) => {
                LiteralKind::Word(upper.to_owned())
            }
            _ => return Err(self.unexpected(token)),
        })
    }
}

/// `USD5000.25`: a currency and an amount.
fn is_money(text: &str) -> bool {
    let (code, amount) = text.split_at_checked(3).unwrap_or_default();
    code.bytes().all(|b| b.is_ascii_uppercase())
        && amount.starts_with(|c: char| c.is_ascii_digit())
        && amount.parse::<f64>().is_ok()
}
