//! The key of a record. Kafka puts equal keys into one partition, so the key decides which records keep their order.

use orgstream_api::{Headers, Scope};
use regex_lite::Regex;

use super::{Half, stream_of, text_of};
use crate::expression::JsonExpression;

/// What the key of records is.
#[derive(Debug, Default)]
pub(crate) enum KeyRule {
    /// The record's own, `{Id}`, with its schema.
    #[default]
    Record,
    /// Text in UTF-8.
    Text(TextKey),
}

/// A key that is text.
#[derive(Debug)]
pub(crate) struct TextKey {
    pub(crate) from: KeySource,
    pub(crate) missing: Missing,
}

/// Where the text comes from.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// The record's stream, `<Object>-<Id>`, or what a pattern takes of it.
    Stream(Option<Pattern>),
    /// The record's id: what stands behind the last hyphen of its stream.
    StreamSuffix,
    /// The values of these headers, joined with hyphens. Those that a record lacks are passed over.
    Headers(Vec<String>),
    /// The value of an expression.
    Expression(JsonExpression),
}

/// What is done with a record for which there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Its key is its id.
    RecordId,
    /// It has none.
    None,
    /// It is refused.
    Reject,
}

/// A regular expression. What it takes of a text is its first group, or the whole match where it has none.
#[derive(Debug)]
pub(crate) struct Pattern(Regex);

/// The text is no regular expression: why.
#[derive(Debug, thiserror::Error)]
#[error("is no regular expression: {0}")]
pub(crate) struct NoPattern(String);

/// There is no key for a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MissingKey {
    /// The key that it has then; `None`: it is refused.
    pub(super) instead: Option<Half>,
    pub(super) why: String,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, NoPattern> {
        Regex::new(text).map(Self).map_err(|error| NoPattern(error.to_string()))
    }

    /// What it takes of `text`.
    pub(crate) fn part<'a>(&self, text: &'a str) -> Option<&'a str> {
        let groups = self.0.captures(text)?;
        let of = if groups.len() > 1 { groups.get(1) } else { groups.get(0) };
        of.map(|of| of.as_str())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl KeyRule {
    /// The key of a record with these headers; its own ones, where `headers` is `None`. Messages are about no record, so only
    /// headers and expressions make keys of them.
    pub(super) fn of(&self, scope: &Scope<'_>, headers: Option<&Headers>) -> Result<Half, MissingKey> {
        let Self::Text(TextKey { from, missing }) = self else { return Ok(Half::Own) };
        let bytes = |text: String| Half::Bytes(text.into_bytes());
        let stream = stream_of(&scope.event);
        let (key, why) = match (from, &stream) {
            (KeySource::Stream(_) | KeySource::StreamSuffix, None) => return Ok(Half::Null),
            (KeySource::Stream(None), Some(stream)) => return Ok(bytes(stream.clone())),
            (KeySource::StreamSuffix, Some(_)) => {
                return Ok(scope.event.id.map_or(Half::Null, |id| bytes(id.to_owned())));
            }
            (KeySource::Stream(Some(pattern)), Some(stream)) => {
                let part = pattern.part(stream).filter(|part| !part.is_empty());
                (part.map(str::to_owned), format!("the pattern of `key` takes nothing of {stream}"))
            }
            (KeySource::Headers(names), _) => {
                let headers = headers.unwrap_or(scope.headers);
                let values: Vec<_> = names.iter().filter_map(|name| headers.text(name)).collect();
                let key = Some(values.join("-")).filter(|key| !key.is_empty());
                (key, format!("it has none of the headers {}", names.join(", ")))
            }
            (KeySource::Expression(expression), _) => match expression.of(scope) {
                Ok(json) => (text_of(json), format!("{expression:?} is null")),
                Err(error) => (None, error.to_string()),
            },
        };
        key.map(bytes).ok_or_else(|| {
            let id = || scope.event.id.map_or(Half::Null, |id| bytes(id.to_owned()));
            let instead = match missing {
                Missing::RecordId => Some(id()),
                Missing::None => Some(Half::Null),
                Missing::Reject => None,
            };
            MissingKey { instead, why: format!("there is no key for it: {why}") }
        })
    }

    /// Why one record's changes may have different keys, and so come out of order; `None` where they cannot. `is_constant`
    /// says of a header's name whether all changes of a record have the same one.
    pub(crate) fn breaks_order(&self, is_constant: impl Fn(&str) -> bool) -> Option<String> {
        let Self::Text(TextKey { from, .. }) = self else { return None };
        match from {
            KeySource::Stream(_) | KeySource::StreamSuffix => None,
            KeySource::Headers(names) => {
                let name = names.iter().find(|name| !is_constant(name))?;
                Some(format!("the header `{name}` may change from one change of a record to the next"))
            }
            KeySource::Expression(expression) if expression.is_of_the_record() => None,
            KeySource::Expression(expression) => {
                Some(format!("{expression:?} asks for more than `event.object` and `event.id`"))
            }
        }
    }
}
