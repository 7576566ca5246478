//! The filter of a subscription: `?Field='v'&Field2='w'` behind a PushTopic's channel. One of the conditions must be
//! met.

use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The conditions; none lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    any_of: Vec<(String, String)>,
}

impl Filter {
    /// Reads the text behind the question mark. `Err` is the part that cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut any_of = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let unreadable = || rest.to_owned();
            let (field, after) = rest.split_once('=').ok_or_else(unreadable)?;
            let (value, after) = value(after).ok_or_else(unreadable)?;
            any_of.push((field.trim().to_owned(), value));
            rest = match after.trim_start() {
                "" => "",
                more => more.strip_prefix('&').filter(|more| !more.is_empty()).ok_or_else(unreadable)?,
            };
        }
        Ok(Self { any_of })
    }

    /// The fields it asks for.
    pub(super) fn fields(&self) -> Vec<&str> {
        self.any_of.iter().map(|(field, _)| field.as_str()).collect()
    }

    /// Whether an event, given as its `data`, passes.
    pub(super) fn passes(&self, data: &RawValue) -> bool {
        if self.any_of.is_empty() {
            return true;
        }
        let Ok(data) = serde_json::from_str::<Json>(data.get()) else { return false };
        let shown = |field: &str| {
            let members = data.get("sobject").and_then(Json::as_object);
            let mut members = members.into_iter().flatten();
            members.find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value)
        };
        self.any_of.iter().any(|(field, wanted)| match shown(field) {
            Some(Json::String(text)) => text == wanted,
            Some(Json::Bool(flag)) => wanted.parse() == Ok(*flag),
            Some(Json::Number(number)) => wanted.parse().is_ok_and(|wanted| number.as_f64() == Some(wanted)),
            _ => false,
        })
    }
}

/// A value, quoted or up to the next `&`, and what follows it. In quotes a backslash takes the next letter as it is.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.trim_start().strip_prefix('\'') else {
        let end = text.find('&').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.trim().to_owned(), rest)).filter(|(value, _)| !value.is_empty());
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, part) in
            [("State", "State"), ("A='x'B", "A='x'B"), ("A='x'&B", "B"), ("A='x", "A='x"), ("A=1&", "A=1&")]
        {
            assert_eq!(Filter::parse(text), Err(part.to_owned()), "{text}");
        }
        assert_eq!(Filter::parse(""), Ok(Filter::default()));
    }

    proptest! {
        #[test]
        fn any_quoted_value_is_read_as_it_was(values in prop::collection::vec("[ -~]{0,12}", 1..4)) {
            let quoted = values.iter().map(|v| format!("F__c='{}'", v.replace('\\', "\\\\").replace('\'', "\\'")));
            let filter = Filter::parse(&quoted.collect::<Vec<_>>().join("&")).unwrap();
            let read: Vec<String> = filter.any_of.into_iter().map(|(_, value)| value).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn what_is_read_names_at_least_one_field_unless_it_is_empty(text in "[A-C='&\\\\ ]{0,12}") {
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(filter.fields().is_empty(), text.is_empty());
            }
        }
    }
}
