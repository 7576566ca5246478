//! Texts of others in messages, which repeat whole values of records.

use std::borrow::Cow;

/// So many characters of a text are left at its beginning.
const HEAD: usize = 800;

/// And so many at its end, where most say what was expected.
const TAIL: usize = 200;

/// The text, or, of a long one, its beginning and its end with how long it was.
#[must_use]
pub fn brief(text: &str) -> Cow<'_, str> {
    // It has no more characters than bytes.
    if text.len() <= HEAD + TAIL {
        return Cow::Borrowed(text);
    }
    let count = text.chars().count();
    let place = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(place, _)| place);
    if count <= HEAD + TAIL {
        return Cow::Borrowed(text);
    }
    let (head, tail) = (&text[..place(HEAD)], &text[place(count - TAIL)..]);
    Cow::Owned(format!("{head} … (cut: {count} characters) … {tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_its_end_and_how_long_it_was() {
        let most = "ä".repeat(HEAD + TAIL);
        assert_eq!(brief(&most), most.as_str());
        let long = format!("Name: {} (max length=255)", "ä".repeat(900_000));
        let cut = brief(&long);
        assert!(cut.starts_with("Name: ää") && cut.ends_with("ä (max length=255)"), "{cut}");
        assert!(cut.contains("(cut: 900023 characters)") && cut.chars().count() < 1_100, "{cut}");
    }
}
