//! Which topic a record belongs on: a name, or a template of names.
//!
//! A template that is left with nothing but text is a name, and naming a record's topic then costs nothing.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::record::{EventType, field};
use crate::value::{Struct, Value};

/// Longest name Kafka takes.
const LONGEST: usize = 249;

/// A topic name with variables in it: `${object}`, `${org}`, `${event_type}` and `${Field}`, a field of the record's
/// value, `_ObjectType` and `_EventType` among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTemplate {
    parts: Parts,
    lowercase: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parts {
    /// Nothing is left to be put in.
    Fixed(Arc<str>),
    Open(Arc<[Part]>),
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands as it is.
    Text(String),
    /// The object's API name.
    Object,
    /// The org's name in the user's file.
    Org,
    /// What happened: `created`, `updated`, `deleted` or `undeleted`.
    EventType,
    /// This field of the record's value.
    Field(String),
}

/// A template has something in it that is no variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no template variable; there are `${{object}}`, `${{org}}`, `${{event_type}}` and fields, such as `${{Name}}`"
)]
pub struct UnknownVariable(pub String);

impl TopicTemplate {
    /// A topic name without variables.
    pub fn fixed(name: impl Into<Arc<str>>) -> Self {
        Self { parts: Parts::Fixed(name.into()), lowercase: false }
    }

    /// Reads `text`. With `lowercase` the name that it becomes is written in lower case.
    pub fn new(text: &str, lowercase: bool) -> Result<Self, UnknownVariable> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            parts.push(Part::Text(before.to_owned()));
            let unknown =
                || UnknownVariable(format!("${{{}", behind.split_inclusive('}').next().unwrap_or_default()));
            let (name, behind) = behind.split_once('}').ok_or_else(unknown)?;
            parts.push(Part::named(name).ok_or_else(unknown)?);
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts: Parts::of(parts, lowercase), lowercase })
    }

    /// The template for records of the org of this name.
    #[must_use]
    pub fn in_org(&self, org: &str) -> Self {
        self.put_in(|part| (*part == Part::Org).then(|| org.to_owned()))
    }

    /// The template for records of the object of this name.
    #[must_use]
    pub fn of_object(&self, object: &str) -> Self {
        self.put_in(|part| (*part == Part::Object).then(|| object.to_owned()))
    }

    /// The template with `text` for the field `name`, which is the same in all records.
    #[must_use]
    pub fn with_field(&self, name: &str, text: &str) -> Self {
        self.put_in(|part| (*part == Part::Field(name.to_owned())).then(|| text.to_owned()))
    }

    /// The name, when there is no variable left.
    pub fn name(&self) -> Option<&Arc<str>> {
        match &self.parts {
            Parts::Fixed(name) => Some(name),
            Parts::Open(_) => None,
        }
    }

    /// The topic of the record with this value and event. What Kafka does not take in a name becomes `_`, and a null
    /// becomes `null`.
    pub fn render(&self, value: &Struct, event: Option<EventType>) -> Arc<str> {
        let parts = match &self.parts {
            Parts::Fixed(name) => return Arc::clone(name),
            Parts::Open(parts) => parts,
        };
        let mut name = String::new();
        for part in parts.iter() {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::EventType => name.push_str(event.map_or("null", EventType::as_str)),
                Part::Field(field) => {
                    push_legal(&mut name, &text(value.value(field).unwrap_or(&Value::Null)));
                }
                // Put in before there are records.
                Part::Object | Part::Org => name.push_str("null"),
            }
        }
        name.truncate(LONGEST);
        in_case(name, self.lowercase).into()
    }

    /// The variables that are left.
    pub fn variables(&self) -> impl Iterator<Item = &Part> {
        let parts: &[Part] = match &self.parts {
            Parts::Fixed(_) => &[],
            Parts::Open(parts) => parts,
        };
        parts.iter().filter(|part| !matches!(part, Part::Text(_)))
    }

    /// The text before the first variable.
    pub fn prefix(&self) -> &str {
        match &self.parts {
            Parts::Fixed(name) => name,
            Parts::Open(parts) => match parts.first() {
                Some(Part::Text(text)) => text,
                _ => "",
            },
        }
    }

    /// Whether a topic of this name can come of it.
    pub fn may_be(&self, name: &str) -> bool {
        let parts = match &self.parts {
            Parts::Fixed(fixed) => return **fixed == *name,
            Parts::Open(parts) => parts,
        };
        // Text between variables may stand anywhere behind what is before it; a variable may be of any length.
        let mut rest = name;
        for (index, part) in parts.iter().enumerate() {
            let Part::Text(text) = part else { continue };
            let text = in_case(text.clone(), self.lowercase);
            let found = if index == 0 {
                rest.strip_prefix(text.as_str())
            } else if index + 1 == parts.len() {
                return rest.ends_with(text.as_str());
            } else {
                rest.split_once(text.as_str()).map(|(_, behind)| behind)
            };
            let Some(behind) = found else { return false };
            rest = behind;
        }
        true
    }

    fn put_in(&self, text: impl Fn(&Part) -> Option<String>) -> Self {
        let Parts::Open(parts) = &self.parts else { return self.clone() };
        let put = parts.iter().map(|part| text(part).map_or_else(|| part.clone(), Part::Text));
        Self { parts: Parts::of(put.collect(), self.lowercase), lowercase: self.lowercase }
    }
}

impl Parts {
    fn of(parts: Vec<Part>, lowercase: bool) -> Self {
        let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.as_slice() {
            [] => Self::Fixed("".into()),
            [Part::Text(text)] => Self::Fixed(in_case(text.clone(), lowercase).into()),
            _ => Self::Open(joined.into()),
        }
    }
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match name {
            "object" => Some(Self::Object),
            "org" => Some(Self::Org),
            "event_type" => Some(Self::EventType),
            // Fields begin with a capital letter or, orgstream's own two, with an underscore; what does not is misspelt.
            field if field.starts_with(|c: char| c.is_ascii_uppercase()) && field.chars().all(legal) => {
                Some(Self::Field(field.to_owned()))
            }
            field::OBJECT_TYPE | field::EVENT_TYPE => Some(Self::Field(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Object => f.write_str("${object}"),
            Self::Org => f.write_str("${org}"),
            Self::EventType => f.write_str("${event_type}"),
            Self::Field(name) => write!(f, "${{{name}}}"),
        }
    }
}

impl fmt::Display for TopicTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts {
            Parts::Fixed(name) => f.write_str(name),
            Parts::Open(parts) => parts.iter().try_for_each(|part| part.fmt(f)),
        }
    }
}

/// Says why Kafka would not take `name` as a topic's name; `None` when it would.
pub fn refused_name(name: &str) -> Option<String> {
    if name.is_empty() || name == "." || name == ".." {
        return Some(format!("`{name}` is not a topic name"));
    }
    if name.len() > LONGEST {
        return Some(format!(
            "`{name}` has {} characters; Kafka takes at most {LONGEST} in a topic name",
            name.len()
        ));
    }
    let wrong = name.chars().find(|c| !is_legal(*c))?;
    Some(format!(
        "`{name}` has the character `{wrong}`; Kafka takes letters, digits, `.`, `_` and `-` in a topic name"
    ))
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

fn push_legal(name: &mut String, text: &str) {
    name.extend(text.chars().map(|c| if is_legal(c) { c } else { '_' }));
}

fn in_case(name: String, lowercase: bool) -> String {
    if lowercase { name.to_lowercase() } else { name }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_json().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, Schema, Type};

    fn template(text: &str, lowercase: bool) -> TopicTemplate {
        TopicTemplate::new(text, lowercase).unwrap()
    }

    fn named(template: &TopicTemplate) -> Option<&str> {
        template.name().map(|name| &**name)
    }

    fn value(name: Value) -> Struct {
        let fields = vec![Field::optional("Name", Type::String), Field::optional("Size__c", Type::Int32)];
        let mut value = Struct::new(Arc::new(Schema::new("Account", fields)));
        value.set("Name", name);
        value.set("Size__c", Value::Int32(4));
        value
    }

    #[test]
    fn what_is_known_before_the_records_is_put_in_once() {
        let topic = template("${org}.${object}.v1", false);
        assert_eq!(named(&topic), None);
        assert_eq!(named(&topic.in_org("acme").of_object("Account")), Some("acme.Account.v1"));
        assert_eq!(named(&template("plain", false)), Some("plain"));
        let typed = template("a.${_ObjectType}", false).with_field("_ObjectType", "Lead");
        assert_eq!(named(&typed), Some("a.Lead"));
    }

    #[test]
    fn the_rendered_name_is_written_in_lower_case() {
        assert_eq!(named(&template("A.${object}", true).of_object("Account")), Some("a.account"));
        let topic = template("A.${Name}", true);
        assert_eq!(&*topic.render(&value(Value::String("ACME".into())), None), "a.acme");
    }

    #[test]
    fn fields_stand_in_the_name_as_kafka_takes_them() {
        let topic = template("a.${Name}.${Size__c}.${event_type}", false);
        let name = |text| topic.render(&value(text), Some(EventType::Updated));
        assert_eq!(&*name(Value::String("Ä & b-c".into())), "a.____b-c.4.updated");
        assert_eq!(&*name(Value::Null), "a.null.4.updated");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        let topic = template("a.${Name}", false);
        assert_eq!(topic.render(&value(Value::String("x".repeat(300))), None).len(), LONGEST);
    }

    #[test]
    fn what_is_no_variable_is_refused_by_name() {
        for text in ["a.${objekt}", "a.${object", "${a b}", "${}", "${_Other}"] {
            assert!(TopicTemplate::new(text, false).is_err(), "{text}");
        }
        assert_eq!(TopicTemplate::new("${objekt}.x", false), Err(UnknownVariable("${objekt}".to_owned())));
    }

    #[test]
    fn a_template_knows_the_names_that_can_come_of_it() {
        let topic = template("a.${Name}.b", false);
        assert!(topic.may_be("a.x.b") && topic.may_be("a..b"));
        assert!(!topic.may_be("c.x.b") && !topic.may_be("a.x.c"));
        assert!(template("x", false).may_be("x") && !template("x", false).may_be("y"));
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
