//! From the text of a query to its tokens, each with the place it starts at.

use super::mistake::{illegal, malformed};
use crate::data::Refusal;

/// The longest query an org reads, in characters.
const LONGEST: usize = 100_000;

const SYMBOLS: [&str; 11] = ["!=", "<=", ">=", "<>", "(", ")", ",", "=", "<", ">", "*"];

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// How many characters stand before it.
    pub(crate) at: usize,
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
    /// `( ) , = != < <= > >= *`; `<>` is `!=`.
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
    if chars.len() > LONGEST {
        let what = format!("SOQL statements cannot be longer than {LONGEST} characters.");
        return Err(Refusal::new(400, "MALFORMED_QUERY", what));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at).copied() {
        let rest = chars.get(at..).unwrap_or_default();
        let (kind, length) = if first.is_whitespace() {
            at += 1;
            continue;
        } else if first == '\'' {
            quoted(text, rest, at)?
        } else if first.is_ascii_digit()
            || (matches!(first, '-' | '+' | '.') && rest.get(1).is_some_and(char::is_ascii_digit))
        {
            let word: String =
                rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "+-.:".contains(**c)).collect();
            let length = word.len();
            (TokenKind::Number(word), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let word: String =
                rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "_.:".contains(**c)).collect();
            let length = word.len();
            (TokenKind::Word(word), length)
        } else if first == ':' {
            return Err(malformed(text, at, "Bind variables only allowed in Apex code"));
        } else {
            symbol(rest).ok_or_else(|| illegal(text, at, &format!("unexpected token: '{first}'")))?
        };
        found.push(Token { kind, at });
        at += length;
    }
    Ok(found)
}

/// Text in quotes, and how many characters it takes.
fn quoted(query: &str, rest: &[char], start: usize) -> Result<(TokenKind, usize), Refusal> {
    let unclosed = || illegal(query, start + rest.len(), "mismatched character '<EOF>' expecting '''");
    let mut text = String::new();
    let mut at = 1;
    loop {
        match rest.get(at).copied().ok_or_else(unclosed)? {
            '\'' => return Ok((TokenKind::Text(text), at + 1)),
            '\\' => {
                at += 1;
                match rest.get(at).copied().ok_or_else(unclosed)? {
                    'n' | 'N' => text.push('\n'),
                    'r' | 'R' => text.push('\r'),
                    't' | 'T' => text.push('\t'),
                    'b' | 'B' => text.push('\u{8}'),
                    'f' | 'F' => text.push('\u{c}'),
                    same @ ('\'' | '"') => text.push(same),
                    // These keep their backslash: LIKE tells them from the wildcards by it. See `unescaped`.
                    kept @ ('\\' | '%' | '_') => text.extend(['\\', kept]),
                    'u' | 'U' => {
                        let digits = rest.get(at + 1..at + 5).unwrap_or_default().iter().collect::<String>();
                        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                        let c = code.and_then(char::from_u32).ok_or_else(|| {
                            illegal(query, start + at, "no viable alternative at character 'u'")
                        })?;
                        text.push(c);
                        at += 4;
                    }
                    other => {
                        let what = format!("no viable alternative at character '{other}'");
                        return Err(illegal(query, start + at, &what));
                    }
                }
            }
            other => text.push(other),
        }
        at += 1;
    }
}

/// Quoted text as a value: the backslashes that the tokens keep for LIKE are taken out.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

fn symbol(rest: &[char]) -> Option<(TokenKind, usize)> {
    let two: String = rest.iter().take(2).collect();
    let symbol = SYMBOLS.into_iter().find(|symbol| two.starts_with(symbol))?;
    Some((TokenKind::Symbol(if symbol == "<>" { "!=" } else { symbol }), symbol.len()))
}
