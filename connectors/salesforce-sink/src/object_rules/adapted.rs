//! Values as org B has them: by its names, and no longer than it takes.

use orgstream_api::Value;
use orgstream_salesforce::{DescribeField, FieldKind};

use super::{Rules, TooLong};

/// A value that is another one in org B.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapted {
    /// What it is there.
    pub text: String,
    /// Whether a part of it is missing.
    pub is_cut: bool,
}

impl Rules {
    /// Whether values of `field` may be other ones in org B.
    pub(crate) fn adapts(&self, field: &DescribeField) -> bool {
        self.cuts(field) || self.values.iter().any(|map| map.field.eq_ignore_ascii_case(&field.name))
    }

    /// What `value` is in `field` of org B; `None` where it is the same.
    pub fn adapted(&self, field: &DescribeField, value: &Value) -> Option<Adapted> {
        let renamed = self.renamed(field, value);
        let text = renamed.as_deref().or(value.as_str())?;
        let most = usize::try_from(field.length).unwrap_or(usize::MAX);
        match cut(text, most).filter(|_| self.cuts(field)) {
            Some(cut) => Some(Adapted { text: cut.to_owned(), is_cut: true }),
            None => renamed.map(|text| Adapted { text, is_cut: false }),
        }
    }

    /// The value by its name in org B; `None` where that is the same, or none can be told.
    fn renamed(&self, field: &DescribeField, value: &Value) -> Option<String> {
        let map = self.values.iter().find(|map| map.field.eq_ignore_ascii_case(&field.name))?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Boolean(value) => value.to_string(),
            Value::Int32(number) => number.to_string(),
            Value::Int64(number) => number.to_string(),
            _ => return None,
        };
        let several = field.kind == FieldKind::Multipicklist;
        let renamed = if several { map.apply_to_each(&text) } else { map.apply(&text).to_owned() };
        (renamed != text).then_some(renamed)
    }

    /// Whether texts of `field` are cut to its length. What is found by its value, has a form or is a word of a list would
    /// be another one, and a part of an HTML text is no HTML.
    fn cuts(&self, field: &DescribeField) -> bool {
        self.too_long == TooLong::Truncate
            && matches!(field.kind, FieldKind::Text | FieldKind::Textarea)
            && field.length > 0
            && !(field.external_id || field.id_lookup || field.unique || field.html_formatted)
    }
}

/// The first `most` characters of a text; `None` where it has no more. Salesforce counts characters as UTF-16 does: one
/// beyond the basic plane is two, and is not cut in half.
fn cut(text: &str, most: usize) -> Option<&str> {
    // In no encoding are there more of them than bytes in this one.
    if text.len() <= most {
        return None;
    }
    let mut units = 0;
    let end = text.char_indices().find_map(|(place, character)| {
        units += character.len_utf16();
        (units > most).then_some(place)
    })?;
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_beyond_the_basic_plane_count_twice_and_stay_whole() {
        assert_eq!(cut("abc", 3), None);
        assert_eq!(cut("abcd", 3), Some("abc"));
        assert_eq!(cut("äöü", 3), None);
        assert_eq!(cut("äöüß", 3), Some("äöü"));
        assert_eq!(cut("a😀b", 4), None);
        assert_eq!(cut("a😀b", 3), Some("a😀"));
        assert_eq!(cut("a😀b", 2), Some("a"));
    }

    proptest! {
        #[test]
        fn what_is_left_of_a_text_is_its_beginning_and_fits(text in "\\PC{0,40}", most in 0..50_usize) {
            let units = |text: &str| text.encode_utf16().count();
            match cut(&text, most) {
                None => prop_assert!(units(&text) <= most),
                Some(left) => {
                    prop_assert!(text.starts_with(left) && units(left) <= most && units(&text) > most);
                    let next = text[left.len()..].chars().next().unwrap();
                    prop_assert!(units(left) + next.len_utf16() > most, "more would have fitted");
                }
            }
        }
    }
}
