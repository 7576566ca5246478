//! What a source's records are on their topics: key, headers, value, and which changes there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::record::header;
use orgstream_api::{EventType, Expression};

use super::Report;
use super::readers::{Reader, check_chosen, check_reader};
use crate::codec::Input;
use crate::config::raw;
use crate::expression::JsonExpression;
use crate::shaping::{
    Content, HeaderRules, KeyRule, KeySource, Matching, Metadata, Missing, Pattern, Select, Shaping, TextKey,
};

/// The keys of a source that say it.
pub(super) struct Produced {
    pub(super) key: Option<raw::RecordKey>,
    pub(super) headers: Option<raw::Headers>,
    pub(super) value: Option<String>,
    /// Whether `output` says what the key's bytes are.
    pub(super) has_output_key: bool,
}

/// What the file makes of the records of `pipeline`. Without an input no sink of the pipeline reads them.
pub(super) fn shaping(
    pipeline: &str,
    raw: Produced,
    read_as: Option<Input>,
    report: &mut Report<'_>,
) -> Shaping {
    let at = |key| ["pipelines", pipeline, "source", key];
    let headers = headers(&at("headers"), raw.headers.unwrap_or_default(), report);
    let key = raw.key.and_then(|raw| key(&at("key"), raw, report)).unwrap_or_default();
    check_names(&at("key"), &key, &headers, report);
    let value = raw.value.and_then(|text| expression(&text, &at("value"), report));
    if raw.has_output_key && matches!(key, KeyRule::Text(_)) {
        let message = "has no effect: the key is the text that `source.key` makes; leave one of the two out";
        report.fault(&["pipelines", pipeline, "source", "output", "key"], message);
    }
    let shaping = Shaping::new(key, headers, value);
    if let Some(input) = read_as {
        check_reader(pipeline, &shaping, &Reader::own(input), report);
    }
    shaping
}

/// The selection under `only`.
pub(super) fn only(
    pipeline: &str,
    raw: raw::Only,
    has_sink: bool,
    report: &mut Report<'_>,
) -> Arc<dyn Expression> {
    let at = |key| ["pipelines", pipeline, "source", "only", key];
    if report.is_empty(&at("event_types")[..4]) {
        report.fault(&at("event_types")[..4], "says nothing; name `event_types`, `stream` or `event`");
    }
    let event_types = raw.event_types.map(|words| words.into_iter().map(event_type).collect::<Vec<_>>());
    if event_types.as_ref().is_some_and(Vec::is_empty) {
        report.fault(&at("event_types"), "nothing would be produced; name at least one");
    }
    if has_sink {
        let is_there = [("event_types", event_types.is_some()), ("event", raw.event.is_some())];
        let keys = is_there.into_iter().filter_map(|(key, is_there)| is_there.then_some(key));
        check_chosen(pipeline, keys, "the sink of this pipeline", report);
    }
    Arc::new(Select {
        event_types: event_types.unwrap_or_default(),
        stream: matching(&at("stream"), raw.stream, report),
        event: matching(&at("event"), raw.event, report),
    })
}

fn event_type(raw: raw::EventWord) -> EventType {
    match raw {
        raw::EventWord::Created => EventType::Created,
        raw::EventWord::Updated => EventType::Updated,
        raw::EventWord::Deleted => EventType::Deleted,
        raw::EventWord::Undeleted => EventType::Undeleted,
    }
}

fn matching(path: &[&str], raw: Option<raw::Matching>, report: &mut Report<'_>) -> Matching {
    let Some(raw) = raw else { return Matching::default() };
    let prefixes = raw.prefix.unwrap_or_default();
    if prefixes.is_empty() && raw.pattern.is_none() {
        report.fault(path, "says nothing; write a `prefix` or a `pattern`");
    }
    let at: Vec<_> = path.iter().copied().chain(["pattern"]).collect();
    Matching { prefixes, pattern: raw.pattern.and_then(|text| pattern(&text, &at, report)) }
}

fn key(path: &[&str], raw: raw::RecordKey, report: &mut Report<'_>) -> Option<KeyRule> {
    let text = |from| KeyRule::Text(TextKey { from, missing: Missing::RecordId });
    let raw = match raw {
        raw::RecordKey::Word(raw::KeyWord::RecordId) => return Some(KeyRule::Record),
        raw::RecordKey::Word(raw::KeyWord::Stream) => return Some(text(KeySource::Stream(None))),
        raw::RecordKey::Word(raw::KeyWord::StreamSuffix) => return Some(text(KeySource::StreamSuffix)),
        raw::RecordKey::Rule(rule) => rule,
    };
    let at = |key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let from = raw.from?;
    let has_pattern = raw.pattern.is_some();
    for (name, is_there, belongs, to) in [
        ("pattern", has_pattern, matches!(from, raw::KeySource::Stream), "stream"),
        ("names", raw.names.is_some(), matches!(from, raw::KeySource::Headers), "headers"),
        ("expr", raw.expr.is_some(), matches!(from, raw::KeySource::Expression), "expression"),
    ] {
        if is_there && !belongs {
            report.fault(&at(name), format!("belongs to `from: {to}`"));
        }
    }
    let missing = match raw.missing.unwrap_or(raw::MissingKey::RecordId) {
        raw::MissingKey::RecordId => Missing::RecordId,
        raw::MissingKey::None => Missing::None,
        raw::MissingKey::Reject => Missing::Reject,
    };
    let from = match from {
        raw::KeySource::RecordId => None,
        raw::KeySource::StreamSuffix => Some(KeySource::StreamSuffix),
        raw::KeySource::Stream => {
            Some(KeySource::Stream(raw.pattern.and_then(|text| pattern(&text, &at("pattern"), report))))
        }
        raw::KeySource::Headers => {
            let names = raw.names.unwrap_or_default();
            if names.is_empty() {
                report.fault(
                    &at("names"),
                    "this key is missing or empty; it names the headers whose values are the key",
                );
            }
            Some(KeySource::Headers(names))
        }
        raw::KeySource::Expression => match raw.expr {
            Some(text) => Some(KeySource::Expression(expression(&text, &at("expr"), report)?)),
            None => {
                report.fault(&at("expr"), "this key is missing; it is the expression whose value is the key");
                return None;
            }
        },
    };
    let never = matches!(from, None | Some(KeySource::StreamSuffix))
        || (matches!(from, Some(KeySource::Stream(_))) && !has_pattern);
    if raw.missing.is_some() && never {
        report.fault(&at("missing"), "has no effect: every record has such a key");
    }
    Some(from.map_or(KeyRule::Record, |from| KeyRule::Text(TextKey { from, missing })))
}

/// Headers that no record has can be in no key.
fn check_names(path: &[&str], key: &KeyRule, headers: &HeaderRules, report: &mut Report<'_>) {
    let KeyRule::Text(TextKey { from: KeySource::Headers(names), .. }) = key else { return };
    for name in names.iter().filter(|name| !headers.has(name)) {
        let at: Vec<_> = path.iter().copied().chain(["names"]).collect();
        report.fault(
            &at,
            format!(
                "no record has a header `{name}`; write it under `headers`, or name one of orgstream's own"
            ),
        );
    }
}

fn headers(path: &[&str], raw: raw::Headers, report: &mut Report<'_>) -> HeaderRules {
    let at = |key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let metadata = match (raw.metadata, raw.prefix) {
        (Some(false), prefix) => {
            if prefix.is_some() {
                report.fault(
                    &at("prefix"),
                    "has no effect: `metadata: false` leaves out the headers that it is of",
                );
            }
            Metadata::LeftOut
        }
        (_, Some(prefix)) => Metadata::Under(prefix),
        (_, None) => Metadata::default(),
    };
    let mut rules = HeaderRules { metadata, more: Vec::new() };
    let fixed = raw.fixed.unwrap_or_default();
    let computed = raw.computed.unwrap_or_default();
    for name in computed.keys().filter(|name| fixed.contains_key(*name)) {
        report.fault(&path_of(path, "computed", name), format!("there is a static header `{name}` as well"));
    }
    for (name, raw::HeaderText(text)) in fixed {
        check_name(&path_of(path, "static", &name), &name, &rules.metadata, report);
        rules.more.push((name, Content::Fixed(Arc::from(text.as_bytes()))));
    }
    rules.more.extend(computed_of(path, computed, &rules.metadata, report));
    rules
}

fn computed_of(
    path: &[&str],
    raw: BTreeMap<String, raw::HeaderExpression>,
    metadata: &Metadata,
    report: &mut Report<'_>,
) -> Vec<(String, Content)> {
    let one = |(name, raw::HeaderExpression(text)): (String, raw::HeaderExpression)| {
        let at = path_of(path, "computed", &name);
        check_name(&at, &name, metadata, report);
        let expression = expression(&text, &at, report)?;
        Some((name, Content::Computed(expression)))
    };
    raw.into_iter().filter_map(one).collect()
}

fn path_of<'a>(path: &[&'a str], kind: &'a str, name: &'a str) -> Vec<&'a str> {
    path.iter().copied().chain([kind, name]).collect()
}

fn check_name(path: &[&str], name: &str, metadata: &Metadata, report: &mut Report<'_>) {
    if header::ALL.into_iter().any(|ours| metadata.name(ours).as_deref() == Some(name)) {
        report.fault(path, format!("`{name}` is a header that records have already; another name or another `prefix` parts the two"));
    }
}

fn pattern(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<Pattern> {
    Pattern::new(text).map_err(|error| report.fault(path, error.to_string())).ok()
}

fn expression(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<JsonExpression> {
    JsonExpression::read(text).map_err(|message| report.fault(path, message)).ok()
}
