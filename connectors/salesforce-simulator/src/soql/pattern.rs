//! The pattern of LIKE: `%` for any text, `_` for one character, a backslash before either for itself.

/// A pattern, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    This(char),
}

impl Pattern {
    /// Reads a pattern; `exact` ones mind letter case.
    pub(crate) fn new(text: &str, exact: bool) -> Self {
        let folded = if exact { text.to_owned() } else { text.to_lowercase() };
        let mut chars = folded.chars();
        let mut parts = Vec::new();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::This(chars.next().unwrap_or(c)),
                other => Part::This(other),
            });
        }
        Self { parts, exact }
    }

    /// Whether a text is of this pattern. Takes at most as many steps as the text is long times the pattern: on a
    /// mismatch only the last `%` takes one character more.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = if self.exact {
            text.chars().collect()
        } else {
            text.chars().flat_map(char::to_lowercase).collect()
        };
        let (mut at, mut part) = (0, 0);
        let mut last_any = None;
        while let Some(c) = text.get(at) {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    last_any = Some((at, part));
                    part += 1;
                }
                Some(Part::One) => (at, part) = (at + 1, part + 1),
                Some(Part::This(wanted)) if wanted == c => (at, part) = (at + 1, part + 1),
                _ => match last_any {
                    Some((from, any)) => {
                        last_any = Some((from + 1, any));
                        (at, part) = (from + 1, any + 1);
                    }
                    None => return false,
                },
            }
        }
        self.parts.get(part..).unwrap_or_default().iter().all(|part| *part == Part::Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    /// What a pattern means, word for word.
    fn naive(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skip| naive(&text[skip..], rest)),
            Some(('_', rest)) => !text.is_empty() && naive(&text[1..], rest),
            Some((c, rest)) => text.first() == Some(c) && naive(&text[1..], rest),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_its_characters_mean(text in "[ab]{0,8}", pattern in "[ab%_]{0,8}") {
            let (chars, wanted): (Vec<_>, Vec<_>) = (text.chars().collect(), pattern.chars().collect());
            prop_assert_eq!(Pattern::new(&pattern, true).matches(&text), naive(&chars, &wanted));
        }
    }

    #[test]
    fn wildcards_can_be_escaped_and_letter_case_matters_only_where_it_should() {
        assert!(Pattern::new("50\\%", false).matches("50%") && !Pattern::new("50\\%", false).matches("500"));
        assert!(
            Pattern::new("ACME%", false).matches("acme Corp") && !Pattern::new("ACME%", true).matches("acme")
        );
        assert!(!Pattern::new(&"%a".repeat(500), false).matches(&"b".repeat(10_000)));
    }
}
