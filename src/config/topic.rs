//! Topic names, and templates of them.

use std::fmt;

/// What stands for the object's name in a template.
const OBJECT: &str = "${object}";

/// Longest name Kafka takes.
const LONGEST: usize = 249;

/// A topic name in which `${object}` stands for the object's API name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTemplate(String);

impl TopicTemplate {
    /// Checks that `text` has no other variable than `${object}`.
    ///
    /// # Errors
    /// The message says which variable is unknown.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let fixed = text.replace(OBJECT, "");
        if let Some(start) = fixed.find("${") {
            let variable = fixed[start..].split_inclusive('}').next().unwrap_or_default();
            return Err(format!("`{variable}` is no template variable; the only one is `{OBJECT}`"));
        }
        Ok(Self(text))
    }

    /// The topic of `object`.
    pub fn topic(&self, object: &str) -> String {
        self.0.replace(OBJECT, object)
    }

    /// Whether objects have topics of their own.
    pub fn has_object(&self) -> bool {
        self.0.contains(OBJECT)
    }
}

impl fmt::Display for TopicTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says why Kafka would not take `name` as a topic's name; `None` when it would.
pub(super) fn refused_name(name: &str) -> Option<String> {
    if name.is_empty() || name == "." || name == ".." {
        return Some(format!("`{name}` is not a topic name"));
    }
    if name.len() > LONGEST {
        return Some(format!(
            "`{name}` has {} characters; Kafka takes at most {LONGEST} in a topic name",
            name.len()
        ));
    }
    let wrong = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"._-".contains(*c))?;
    Some(format!(
        "`{name}` has the character `{wrong}`; Kafka takes letters, digits, `.`, `_` and `-` in a topic name"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_stands_where_the_template_says() {
        let template = TopicTemplate::new("a.${object}.v1").expect("a good template");
        assert!(template.has_object());
        assert_eq!(template.topic("Account"), "a.Account.v1");
    }

    #[test]
    fn another_variable_is_refused_by_name() {
        let message = TopicTemplate::new("${org}.${object}").expect_err("an unknown variable");
        assert!(message.contains("`${org}`"), "{message}");
    }

    #[test]
    fn names_that_kafka_refuses_are_refused() {
        for name in ["", ".", "..", "a b", "a/b", "ä", &"x".repeat(250)] {
            assert!(refused_name(name).is_some(), "{name}");
        }
        for name in ["a", "a.b_c-9", &"x".repeat(249)] {
            assert_eq!(refused_name(name), None, "{name}");
        }
    }
}
