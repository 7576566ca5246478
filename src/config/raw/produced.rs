//! The keys that say what a source's records are on their topics.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// What the key of records is: a word, or a rule.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum RecordKey {
    /// A word.
    Word(KeyWord),
    /// A rule.
    Rule(KeyRule),
}

/// What the key of records is, where no rule is needed.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum KeyWord {
    /// The record's id, as `{Id}` with a schema.
    RecordId,
    /// `<Object>-<Id>`, as text.
    Stream,
    /// The record's id, as text.
    StreamSuffix,
}

/// How the key of a record is made.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct KeyRule {
    /// What it is made of.
    #[schemars(required)]
    pub(in crate::config) from: Option<KeySource>,
    /// With `from: stream`: a regular expression. Its first group is the key, or all that it matches where it has no group.
    pub(in crate::config) pattern: Option<String>,
    /// With `from: headers`: the names of the headers whose values are the key, joined with `-`. Those that a record does not
    /// have are passed over.
    pub(in crate::config) names: Option<Vec<String>>,
    /// With `from: expression`: an expression (CEL) whose value is the key.
    pub(in crate::config) expr: Option<String>,
    /// What is done with a record for which there is none: the pattern does not match, no header is there, the expression is null or
    /// fails. Empty text counts as none.
    #[schemars(extend("default" = "record_id"))]
    pub(in crate::config) missing: Option<MissingKey>,
}

/// What a key is made of.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum KeySource {
    /// The record's id, as `{Id}` with a schema.
    RecordId,
    /// `<Object>-<Id>`, or what `pattern` takes of it, as text.
    Stream,
    /// The record's id, as text.
    StreamSuffix,
    /// Headers of the record, as text.
    Headers,
    /// An expression, as text.
    Expression,
}

/// What is done with a record for which there is no key.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum MissingKey {
    /// Its key is its id, as text.
    RecordId,
    /// Its key is null. It lies where other records of its id without a key lie.
    None,
    /// It is a dead letter.
    Reject,
}

/// The headers of records.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Headers {
    /// Headers that every record has: names, each with its value.
    #[serde(rename = "static")]
    pub(in crate::config) fixed: Option<BTreeMap<String, HeaderText>>,
    /// Headers that are computed: names, each with an expression (CEL). Where it is null the record has no such header.
    pub(in crate::config) computed: Option<BTreeMap<String, HeaderExpression>>,
    /// Whether records say where they come from: org, channel, replay id, stamp, carried fields, origin. A sink needs them.
    #[schemars(extend("default" = true))]
    pub(in crate::config) metadata: Option<bool>,
    /// What the names of those headers begin with.
    #[schemars(extend("default" = "orgstream."))]
    pub(in crate::config) prefix: Option<String>,
}

/// The header's value.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct HeaderText(pub(in crate::config) String);

/// An expression (CEL) for the header's value.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct HeaderExpression(pub(in crate::config) String);

/// Changes that are produced, deletions among them; all others are left out and counted.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Only {
    /// What happened. Rows of a snapshot count as `created`.
    pub(in crate::config) event_types: Option<Vec<EventWord>>,
    /// What `<Object>-<Id>` must be.
    pub(in crate::config) stream: Option<Matching>,
    /// What `<Object>.<event type>` must be, such as `Lead.updated`.
    pub(in crate::config) event: Option<Matching>,
}

/// What happened to a record.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum EventWord {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
    /// It came back from the recycle bin.
    Undeleted,
}

/// What a text must be like.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Matching {
    /// It begins with one of these.
    pub(in crate::config) prefix: Option<Vec<String>>,
    /// This regular expression matches a part of it.
    pub(in crate::config) pattern: Option<String>,
}
