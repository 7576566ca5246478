//! JSON texts as trees. Numbers stay the texts they are: a double in between would change digits.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a text may nest; the stack is finite.
const DEEPEST: usize = 64;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    /// Null.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number, as it is spelled.
    Number(&'a str),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object; no name stands twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads a whole text.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let wrong = |error| format!("it is not JSON: {error}");
        // Records are objects as a rule, whose members need no look at the whole before.
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            let members: Members<'_> = serde_json::from_slice(bytes).map_err(wrong)?;
            return Self::object(members, 0).map_err(|error| error.to_string());
        }
        Self::of(serde_json::from_slice(bytes).map_err(wrong)?)
    }

    /// Reads a part of a text.
    pub(super) fn of(raw: &'a RawValue) -> Result<Self, String> {
        Self::at(raw, 0).map_err(|error| error.to_string())
    }

    fn at(raw: &'a RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        if depth > DEEPEST {
            return Err(serde::de::Error::custom(format!("it nests more than {DEEPEST} levels deep")));
        }
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'"') => Self::Text(serde_json::from_str::<Text<'_>>(text)?.0),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(items.into_iter().map(|item| Self::at(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'{') => Self::object(serde_json::from_str(text)?, depth)?,
            _ => Self::Number(text),
        })
    }

    fn object(members: Members<'a>, depth: usize) -> Result<Self, serde_json::Error> {
        let read = members.0.into_iter().map(|(name, member)| Ok((name, Self::at(member, depth + 1)?)));
        Ok(Self::Object(read.collect::<Result<_, serde_json::Error>>()?))
    }

    /// The member `name` of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(own, _)| own == name).map(|(_, member)| member),
            _ => None,
        }
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// As in a message: long texts are cut.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number:.60}"),
            Self::Text(text) => write!(f, "\"{text:.60}\""),
            Self::List(items) => write!(f, "an array of {}", items.len()),
            Self::Object(members) => write!(f, "an object of {} members", members.len()),
        }
    }
}

/// Borrowed where it is not escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object in their order.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), member)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name, member));
                }
                let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
                names.sort_unstable();
                match names.windows(2).find(|pair| pair[0] == pair[1]) {
                    Some(pair) => {
                        Err(serde::de::Error::custom(format!("the member `{}` stands twice", pair[0])))
                    }
                    None => Ok(Members(members)),
                }
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
