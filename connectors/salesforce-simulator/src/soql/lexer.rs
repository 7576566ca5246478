//! From the text of a query to its tokens, each with the column it starts at.

use crate::data::Refusal;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Column of its first character, from 1.
    pub(crate) column: usize,
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// Keyword, name or dotted path.
    Word(String),
    /// Text in single quotes, escapes resolved.
    Text(String),
    /// Number, date or point in time, as written.
    Number(String),
    /// `( ) , = != < <= > >=`.
    Symbol(&'static str),
}

impl Token {
    /// Whether it is this keyword, in any letter case.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(&self.kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// As an error message shows it.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            TokenKind::Word(text) | TokenKind::Text(text) | TokenKind::Number(text) => text.clone(),
            TokenKind::Symbol(symbol) => (*symbol).to_owned(),
        }
    }
}

/// All tokens of a query.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at).copied() {
        let column = at + 1;
        let rest = chars.get(at..).unwrap_or_default();
        let (kind, length) = if first.is_whitespace() {
            at += 1;
            continue;
        } else if first == '\'' {
            quoted(rest).ok_or_else(|| malformed("unexpected end of string", column))?
        } else if first.is_ascii_digit()
            || (matches!(first, '-' | '+') && rest.get(1).is_some_and(char::is_ascii_digit))
        {
            let word: String =
                rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "+-.:".contains(**c)).collect();
            let length = word.len();
            (TokenKind::Number(word), length)
        } else if first.is_alphabetic() || first == '_' {
            let word: String =
                rest.iter().take_while(|c| c.is_alphanumeric() || "_.:".contains(**c)).collect();
            let length = word.chars().count();
            (TokenKind::Word(word), length)
        } else {
            symbol(rest).ok_or_else(|| malformed(&format!("unexpected token: '{first}'"), column))?
        };
        found.push(Token { kind, column });
        at += length;
    }
    Ok(found)
}

/// A query that cannot be read.
pub(crate) fn malformed(what: &str, column: usize) -> Refusal {
    Refusal::new(400, "MALFORMED_QUERY", format!("\nERROR at Row:1:Column:{column}\n{what}"))
}

fn quoted(rest: &[char]) -> Option<(TokenKind, usize)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        match rest.get(at)? {
            '\'' => return Some((TokenKind::Text(text), at + 1)),
            '\\' => {
                at += 1;
                let escaped = match rest.get(at)? {
                    'n' | 'N' => '\n',
                    'r' | 'R' => '\r',
                    't' | 'T' => '\t',
                    'b' | 'B' => '\u{8}',
                    'f' | 'F' => '\u{c}',
                    // `\%` and `\_` keep their backslash: LIKE tells them from the wildcards by it.
                    wildcard @ ('%' | '_') => {
                        text.push('\\');
                        *wildcard
                    }
                    other => *other,
                };
                text.push(escaped);
            }
            other => text.push(*other),
        }
        at += 1;
    }
}

fn symbol(rest: &[char]) -> Option<(TokenKind, usize)> {
    let two: String = rest.iter().take(2).collect();
    for symbol in ["!=", "<=", ">=", "<>", "(", ")", ",", "=", "<", ">"] {
        if two.starts_with(symbol) {
            let kind = TokenKind::Symbol(if symbol == "<>" { "!=" } else { symbol });
            return Some((kind, symbol.len()));
        }
    }
    None
}
