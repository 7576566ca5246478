//! From tokens to a query. What the simulator does not know is refused as Salesforce refuses a mistake, never
//! ignored.

use super::filter::{Comparison, Filter, key};
use super::lexer::{Token, TokenKind, malformed, tokens};
use super::literal;
use super::path::{Path, pointed};
use super::query::{Columns, OrderBy, Query};
use crate::data::{Refusal, Value};
use crate::schema::{Flag, ObjectIndex, Schema};

impl Query {
    /// Reads a query against a schema.
    pub(crate) fn parse(schema: &Schema, text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        Parser { schema, text, tokens: &tokens, at: 0, object: 0 }.query()
    }
}

struct Parser<'a> {
    schema: &'a Schema,
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    object: ObjectIndex,
}

/// A selected column before its object is known.
enum Selected<'a> {
    Field(&'a Token),
    Count(Option<&'a Token>),
}

impl<'a> Parser<'a> {
    fn query(mut self) -> Result<Query, Refusal> {
        self.expect("SELECT")?;
        let selected = self.selected()?;
        self.expect("FROM")?;
        self.object = self.from()?;
        let columns = self.columns(&selected)?;
        let filter = if self.accept("WHERE") { Some(self.disjunction()?) } else { None };
        if let Some(field) = filter.as_ref().and_then(|filter| filter.unfilterable(self.schema)) {
            return Err(pointed(
                self.text,
                1,
                &format!("field '{}' can not be filtered in a query call", field.name),
            ));
        }
        let order = if self.accept("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.accept("LIMIT") { Some(self.number()?) } else { None };
        let offset = if self.accept("OFFSET") { self.number()? } else { 0 };
        // FOR VIEW, FOR REFERENCE and FOR UPDATE change nothing that a REST client can see.
        if self.accept("FOR") {
            self.next()?;
        }
        match self.peek() {
            None => Ok(Query { object: self.object, columns, filter, order, limit, offset }),
            Some(token) => Err(unexpected(token)),
        }
    }

    fn selected(&mut self) -> Result<Vec<Selected<'a>>, Refusal> {
        let mut selected = Vec::new();
        loop {
            let token = self.next()?;
            if token.is("COUNT") && self.accept_symbol("(") {
                let field = if self.peek_symbol(")") { None } else { Some(self.next()?) };
                self.expect_symbol(")")?;
                selected.push(Selected::Count(field));
            } else if matches!(token.kind, TokenKind::Word(_)) && !token.is("FROM") {
                selected.push(Selected::Field(token));
            } else {
                return Err(unexpected(token));
            }
            if !self.accept_symbol(",") {
                return Ok(selected);
            }
        }
    }

    fn from(&mut self) -> Result<ObjectIndex, Refusal> {
        let token = self.next()?;
        let TokenKind::Word(name) = &token.kind else { return Err(unexpected(token)) };
        self.schema.find(name).ok_or_else(|| {
            let what = format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to \
                 append the '__c' after the entity name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            );
            Refusal { code: "INVALID_TYPE".to_owned(), ..pointed(self.text, token.column, &what) }
        })
    }

    fn columns(&self, selected: &[Selected<'_>]) -> Result<Columns, Refusal> {
        match selected {
            [Selected::Count(None)] => Ok(Columns::Count),
            [Selected::Count(Some(token))] => self.path(token).map(Columns::CountOf),
            fields => fields
                .iter()
                .map(|selected| match selected {
                    Selected::Field(token) => self.path(token),
                    Selected::Count(_) => Err(malformed("Grouped query not supported by the sandbox org", 1)),
                })
                .collect::<Result<_, _>>()
                .map(Columns::Fields),
        }
    }

    fn disjunction(&mut self) -> Result<Filter, Refusal> {
        let first = self.conjunction()?;
        let mut any = vec![first];
        while self.accept("OR") {
            any.push(self.conjunction()?);
        }
        Ok(single_or(any, Filter::Or))
    }

    fn conjunction(&mut self) -> Result<Filter, Refusal> {
        let mut all = vec![self.condition()?];
        while self.accept("AND") {
            all.push(self.condition()?);
        }
        Ok(single_or(all, Filter::And))
    }

    fn condition(&mut self) -> Result<Filter, Refusal> {
        if self.accept("NOT") {
            return Ok(Filter::Not(Box::new(self.condition()?)));
        }
        if self.accept_symbol("(") {
            let inner = self.disjunction()?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        let token = self.next()?;
        let path = self.path(token)?;
        let operator = self.next()?;
        if let TokenKind::Symbol(symbol) = operator.kind {
            let comparison = Comparison::of(symbol).ok_or_else(|| unexpected(operator))?;
            let value = self.literal(&path)?;
            return Ok(Filter::Compare { path, comparison, value });
        }
        if operator.is("LIKE") {
            let token = self.next()?;
            let TokenKind::Text(pattern) = &token.kind else { return Err(unexpected(token)) };
            return Ok(Filter::Like { path, pattern: pattern.to_lowercase().chars().collect() });
        }
        let negated = operator.is("NOT");
        if negated {
            self.expect("IN")?;
        } else if !operator.is("IN") {
            return Err(unexpected(operator));
        }
        self.set(path, negated)
    }

    fn set(&mut self, path: Path, negated: bool) -> Result<Filter, Refusal> {
        self.expect_symbol("(")?;
        let mut keys = std::collections::HashSet::new();
        let mut null = false;
        loop {
            match self.literal(&path)? {
                Value::Null => null = true,
                value => {
                    keys.extend(key(path.definition(self.schema), &value));
                }
            }
            if !self.accept_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Ok(Filter::In { path, keys, null, negated })
    }

    fn order(&mut self) -> Result<Vec<OrderBy>, Refusal> {
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            let token = self.next()?;
            let path = self.path(token)?;
            if path.definition(self.schema).is(Flag::NoSort) {
                let what = format!("field '{}' can not be sorted in a query call", token.shown());
                return Err(pointed(self.text, token.column, &what));
            }
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
            order.push(OrderBy { path, descending, nulls_last });
            if !self.accept_symbol(",") {
                return Ok(order);
            }
        }
    }

    fn path(&self, token: &Token) -> Result<Path, Refusal> {
        match &token.kind {
            TokenKind::Word(text) => Path::resolve(self.schema, self.object, text, self.text, token.column),
            _ => Err(unexpected(token)),
        }
    }

    fn literal(&mut self, path: &Path) -> Result<Value, Refusal> {
        let token = self.next()?;
        literal::value(path.definition(self.schema), token, self.text)
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        let token = self.next()?;
        match &token.kind {
            TokenKind::Number(text) => text.parse().map_err(|_| unexpected(token)),
            _ => Err(unexpected(token)),
        }
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token, Refusal> {
        let token = self
            .tokens
            .get(self.at)
            .ok_or_else(|| malformed("unexpected token: '<EOF>'", self.text.len() + 1))?;
        self.at += 1;
        Ok(token)
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), Refusal> {
        let token = self.next()?;
        if token.is(keyword) { Ok(()) } else { Err(unexpected(token)) }
    }

    fn peek_symbol(&self, symbol: &'static str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    fn accept_symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.peek_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &'static str) -> Result<(), Refusal> {
        let token = self.next()?;
        if token.kind == TokenKind::Symbol(symbol) { Ok(()) } else { Err(unexpected(token)) }
    }
}

fn single_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            join(parts)
        }
        (_, None) => join(parts),
    }
}

fn unexpected(token: &Token) -> Refusal {
    malformed(&format!("unexpected token: '{}'", token.shown()), token.column)
}
