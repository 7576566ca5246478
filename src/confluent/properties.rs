//! Java's property files, as `java.util.Properties` reads them, with the line of each property.
//!
//! Kafka Connect reads them byte by byte as ISO-8859-1; so does this. Such text from an editor that writes UTF-8 is another text than
//! the editor showed, which [`Properties::foreign`] tells.

/// A property and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its value as Java reads it: white space before it is gone, white space behind it is still there.
    pub value: String,
    /// The line of the file that it begins in, from 1.
    pub line: usize,
}

/// A file's properties in its order; of one that stands there twice, both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// The properties.
    pub properties: Vec<Property>,
    /// Lines with bytes that are no ASCII, which mean other characters in ISO-8859-1 than in UTF-8.
    pub foreign: Vec<usize>,
}

/// An escape that Java refuses: `\u` without four hexadecimal digits behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`\\u` needs four hexadecimal digits behind it, such as `\\u00e9`")]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
}

impl Properties {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// The first line that Java refuses.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        // In ISO-8859-1 each byte is the character of its number.
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let mut read = Self::default();
        for (line, logical) in logical_lines(&text) {
            if !logical.is_ascii() {
                read.foreign.push(line);
            }
            let (name, value) = parted(&logical);
            let unescaped = |text| unescaped(text).ok_or(Malformed { line });
            read.properties.push(Property { name: unescaped(name)?, value: unescaped(value)?, line });
        }
        Ok(read)
    }
}

/// White space of property files; a line ends with `\n`, `\r` or both.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// The lines that hold something, continued ones put together, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, natural) in text.split('\n').enumerate() {
        let natural = natural.trim_start_matches(is_blank);
        // A comment cannot be continued, and inside a continued line `#` is text.
        if open.is_none() && (natural.is_empty() || natural.starts_with(['#', '!'])) {
            continue;
        }
        let slashes = natural.len() - natural.trim_end_matches('\\').len();
        let goes_on = slashes % 2 == 1;
        let piece = if goes_on { &natural[..natural.len() - 1] } else { natural };
        let (line, mut so_far) = open.take().unwrap_or((index + 1, String::new()));
        so_far.push_str(piece);
        if goes_on {
            open = Some((line, so_far));
        } else {
            lines.push((line, so_far));
        }
    }
    lines.extend(open);
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

/// Name and value of a logical line, both as they stand there.
fn parted(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        if escaped {
            escaped = false;
            return false;
        }
        escaped = c == '\\';
        is_blank(c) || matches!(c, '=' | ':')
    });
    let Some(end) = end else { return (line, "") };
    let behind = line[end..].trim_start_matches(is_blank);
    let behind = behind.strip_prefix(['=', ':']).unwrap_or(behind);
    (&line[..end], behind.trim_start_matches(is_blank))
}

/// `text` with the characters that its escapes stand for; `None` where Java refuses one.
fn unescaped(text: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::new();
    let mut characters = text.chars();
    let mut buffer = [0; 2];
    while let Some(c) = characters.next() {
        let c = if c == '\\' {
            match characters.next() {
                None => break,
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let whole = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                    units.push(u16::from_str_radix(&digits, 16).ok().filter(|_| whole)?);
                    continue;
                }
                Some(other) => other,
            }
        } else {
            c
        };
        units.extend_from_slice(c.encode_utf16(&mut buffer));
    }
    // A character beyond the first 65,536 is two escapes.
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let read = Properties::parse(text.as_bytes()).expect("it is well-formed");
        read.properties.into_iter().map(|property| (property.name, property.value)).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_end_at_the_first_separator() {
        for line in ["a=b", "a:b", "a b", "a = b", "a\t:  b", " a b", "a\u{c}=b"] {
            assert_eq!(pairs(line), owned(&[("a", "b")]), "{line}");
        }
        assert_eq!(pairs("a==b"), owned(&[("a", "=b")]));
        assert_eq!(pairs("a b=c"), owned(&[("a", "b=c")]));
        assert_eq!(pairs("a"), owned(&[("a", "")]));
        assert_eq!(pairs("=b"), owned(&[("", "b")]));
    }

    #[test]
    fn blanks_behind_a_value_are_part_of_it() {
        assert_eq!(pairs("a=b \nc=d\t"), owned(&[("a", "b "), ("c", "d\t")]));
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over_but_not_inside_a_continued_line() {
        assert_eq!(pairs("# a=1\n ! b=2\n\n   \nc=3\\\n# 4\n"), owned(&[("c", "3# 4")]));
        assert_eq!(pairs("# goes on \\\na=1"), owned(&[("a", "1")]));
    }

    #[test]
    fn a_line_goes_on_behind_an_odd_number_of_backslashes() {
        assert_eq!(pairs("a=1,\\\n   2,\\\r\n\t3"), owned(&[("a", "1,2,3")]));
        assert_eq!(pairs("a=1\\\\\nb=2"), owned(&[("a", "1\\"), ("b", "2")]));
        assert_eq!(pairs("a=1\\"), owned(&[("a", "1")]));
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(
            pairs(r"a\=\:\ b=\t\n\r\f\\\q\u00e9\ud83d\ude00"),
            owned(&[("a=: b", "\t\n\r\u{c}\\qé😀")])
        );
        assert_eq!(Properties::parse(b"a=1\nb=\\u12x4"), Err(Malformed { line: 2 }));
        assert_eq!(Properties::parse(b"a=\\u1"), Err(Malformed { line: 1 }));
    }

    #[test]
    fn bytes_are_latin_1_and_lines_with_more_than_ascii_are_told() {
        let read = Properties::parse(b"a=\xe9\nb=1\nc=\xc3\xa9").expect("well-formed");
        assert_eq!(read.properties[0].value, "é");
        assert_eq!(read.properties[2].value, "Ã©");
        assert_eq!(read.foreign, [1, 3]);
        assert_eq!(read.properties.iter().map(|property| property.line).collect::<Vec<_>>(), [1, 2, 3]);
    }

    /// A property as `java.util.Properties.store` writes it.
    fn stored(text: &str, is_name: bool) -> String {
        let mut out = String::new();
        for (index, unit) in text.encode_utf16().enumerate() {
            match char::from_u32(u32::from(unit)) {
                Some(' ') if is_name || index == 0 => out.push_str("\\ "),
                Some('\t') => out.push_str("\\t"),
                Some('\n') => out.push_str("\\n"),
                Some('\r') => out.push_str("\\r"),
                Some('\u{c}') => out.push_str("\\f"),
                Some(c @ ('=' | ':' | '#' | '!' | '\\')) => out.extend(['\\', c]),
                Some(c @ ' '..='~') => out.push(c),
                _ => out.extend(["\\u".to_owned(), format!("{unit:04x}")]),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn what_java_stores_is_read_as_it_was(all in prop::collection::vec((".+", ".*"), 0..8)) {
            let lines = all.iter().flat_map(|(name, value)| [stored(name, true), "=".into(), stored(value, false), "\n".into()]);
            let text: String = lines.collect();
            prop_assert_eq!(pairs(&text), all);
        }

        #[test]
        fn no_bytes_make_it_fail_otherwise(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Properties::parse(&bytes));
        }
    }
}
