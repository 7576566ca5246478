//! The words of a formula. Comments are left out, letter case is kept.

/// A word and the character it starts at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    /// A field with the way to it, a function, `TRUE`, `FALSE`, `NULL`.
    Name(String),
    /// An operator, a parenthesis or a comma.
    Symbol(&'static str),
    End,
}

/// Longer ones first.
const SYMBOLS: [&str; 22] = [
    "==", "<>", "!=", "<=", ">=", "&&", "||", "(", ")", ",", "+", "-", "*", "/", "^", "&", "=", "<", ">",
    "!", "{", "}",
];

/// Cuts a formula into words; the last one is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, String> {
    let mut rest = text;
    let mut words = Vec::new();
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").ok_or("Syntax error. Missing '*/'")?.1;
            continue;
        }
        let Some(first) = rest.chars().next() else {
            words.push(Lexeme { token: Token::End, at });
            return Ok(words);
        };
        let (token, behind) = match first {
            '0'..='9' | '.' => number(rest)?,
            '"' | '\'' => quoted(rest, first)?,
            c if c.is_alphabetic() || c == '_' || c == '$' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || "_$.:".contains(c)));
                let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
                (Token::Name(name.to_owned()), behind)
            }
            _ => symbol(rest).ok_or_else(|| format!("Syntax error. Unexpected '{first}'"))?,
        };
        words.push(Lexeme { token, at });
        rest = behind;
    }
}

fn number(text: &str) -> Result<(Token, &str), String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, behind) = text.split_at(end);
    let number = digits.parse().map_err(|_| format!("Syntax error. {digits} is not a number"))?;
    Ok((Token::Number(number), behind))
}

/// Text between quotes; `\"`, `\'`, `\\`, `\n`, `\r` and `\t` stand for one character.
fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(value), text.get(at + 1..).unwrap_or_default()));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 'r')) => value.push('\r'),
            Some((_, 't')) => value.push('\t'),
            Some((_, escaped)) => value.push(escaped),
            None => break,
        }
    }
    Err(format!("Syntax error. Missing '{quote}'"))
}

fn symbol(text: &str) -> Option<(Token, &str)> {
    SYMBOLS.iter().find_map(|symbol| Some((Token::Symbol(symbol), text.strip_prefix(symbol)?)))
}
