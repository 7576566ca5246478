//! From text to a tree, with the fields and functions found. Errors are worded as Salesforce words them.

use regex_lite::Regex;

use super::datum::Datum;
use super::expression::{Expression, FieldPath, Operator};
use super::function::Function;
use super::lexer::{Lexeme, Token, lex};
use crate::schema::{ObjectIndex, Schema};

/// Characters that a formula may have, as in Salesforce.
const MAX_LENGTH: usize = 3_900;
/// Parentheses within parentheses; far beyond what anybody writes, far below what a stack bears.
const MAX_DEPTH: usize = 60;
/// Parents of parents that a field may be away, as in Salesforce.
const MAX_HOPS: usize = 10;

/// Reads a formula of an object.
pub(super) fn parse(schema: &Schema, object: ObjectIndex, text: &str) -> Result<Expression, String> {
    if text.chars().count() > MAX_LENGTH {
        return Err(format!("Formula is too long. Maximum length is {MAX_LENGTH} characters."));
    }
    let mut parser = Parser { schema, object, words: lex(text)?, next: 0, depth: 0 };
    let expression = parser.operands(0)?;
    match parser.take() {
        Token::End => Ok(expression),
        token => Err(format!("Syntax error. Extra {}", shown(&token))),
    }
}

struct Parser<'a> {
    schema: &'a Schema,
    object: ObjectIndex,
    words: Vec<Lexeme>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    /// Operands joined by operators of at least this rank.
    fn operands(&mut self, rank: u8) -> Result<Expression, String> {
        let mut left = self.operand()?;
        while let Some(operator) = self.operator().filter(|operator| operator.rank() >= rank) {
            let own = operator.rank();
            let mut rest = Vec::new();
            // Operators of one rank make one chain; those that bind more have been taken by the operand.
            while let Some(operator) = self.operator().filter(|operator| operator.rank() == own) {
                self.next += 1;
                rest.push((operator, self.operands(own + 1)?));
            }
            left = Expression::Chain(Box::new(left), rest);
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("Formula is nested more than {MAX_DEPTH} levels deep"));
        }
        let operand = match self.take() {
            Token::Number(number) => Expression::Literal(Datum::Number(number)),
            Token::Text(text) => Expression::Literal(Datum::Text(text)),
            Token::Symbol("!") => Expression::Not(Box::new(self.operand()?)),
            Token::Symbol("-") => Expression::Minus(Box::new(self.operand()?)),
            Token::Symbol("+") => self.operand()?,
            Token::Symbol("(") => {
                let inner = self.operands(0)?;
                self.expect(")")?;
                inner
            }
            Token::Name(name) if self.peek() == &Token::Symbol("(") => self.call(&name)?,
            Token::Name(name) => self.name(&name)?,
            token => return Err(format!("Syntax error. Found {}", shown(&token))),
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn name(&self, name: &str) -> Result<Expression, String> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "TRUE" => Expression::Literal(Datum::Bool(true)),
            "FALSE" => Expression::Literal(Datum::Bool(false)),
            "NULL" => Expression::Literal(Datum::Null),
            _ => Expression::Field(resolve(self.schema, self.object, name)?),
        })
    }

    fn call(&mut self, name: &str) -> Result<Expression, String> {
        let function =
            Function::of(name).ok_or_else(|| format!("Unknown function {name}. Check spelling."))?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        if self.peek() != &Token::Symbol(")") {
            loop {
                arguments.push(self.operands(0)?);
                if self.peek() != &Token::Symbol(",") {
                    break;
                }
                self.next += 1;
            }
        }
        self.expect(")")?;
        function.check_count(arguments.len())?;
        match (function, arguments.as_slice()) {
            (Function::Regex, [text, Expression::Literal(Datum::Text(pattern))]) => {
                let wrong = |error| format!("REGEX(): {error}");
                // The whole text has to match.
                let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(wrong)?;
                Ok(Expression::Matches(Box::new(text.clone()), regex))
            }
            (Function::Regex, _) => Err("the pattern of REGEX() must be a text literal here".to_owned()),
            _ => Ok(Expression::Call(function, arguments)),
        }
    }

    fn peek(&self) -> &Token {
        self.words.get(self.next).map_or(&Token::End, |word| &word.token)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn operator(&self) -> Option<Operator> {
        match self.peek() {
            Token::Symbol(symbol) => Operator::of(symbol),
            _ => None,
        }
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), String> {
        if self.peek() == &Token::Symbol(symbol) {
            self.next += 1;
            return Ok(());
        }
        let at = self.words.get(self.next).map_or(0, |word| word.at);
        Err(format!("Syntax error. Missing '{symbol}' at character {}", at + 1))
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => number.to_string(),
        Token::Text(text) => format!("\"{text}\""),
        Token::Name(name) => name.clone(),
        Token::Symbol(symbol) => format!("'{symbol}'"),
        Token::End => "the end of the formula".to_owned(),
    }
}

/// Finds the field that a dotted name means. A parent of several objects may be told with its object
/// (`Owner:User.Username`); without it the first object that has the field is meant.
fn resolve(schema: &Schema, object: ObjectIndex, name: &str) -> Result<FieldPath, String> {
    let unknown = || format!("Field {name} does not exist. Check spelling.");
    let mut parts: Vec<&str> = name.split('.').collect();
    let last = parts.pop().ok_or_else(unknown)?;
    if parts.len() > MAX_HOPS {
        return Err(format!("{name}: no more than {MAX_HOPS} parents in a row"));
    }
    let mut objects = vec![object];
    let mut hops = Vec::new();
    for part in parts {
        let (relationship, only) =
            part.split_once(':').map_or((part, None), |(name, only)| (name, Some(only)));
        let here = *objects.first().ok_or_else(unknown)?;
        let at = schema.object(here).relationship(relationship).ok_or_else(unknown)?;
        let field = schema.object(here).fields.get(at).ok_or_else(unknown)?;
        hops.push(at);
        objects = field
            .reference_to
            .iter()
            .filter(|to| only.is_none_or(|only| to.eq_ignore_ascii_case(only)))
            .filter_map(|to| schema.find(to))
            .collect();
    }
    let found = objects.into_iter().find_map(|object| Some((object, schema.object(object).field(last)?)));
    let (object, field) = found.ok_or_else(unknown)?;
    let kind = schema.object(object).fields.get(field).ok_or_else(unknown)?.kind;
    if kind.is_compound() {
        return Err(format!("Field {name} may not be used in this type of formula"));
    }
    Ok(FieldPath { hops, object, field, kind })
}
