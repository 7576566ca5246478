//! Records: one change of one object, as it lies on a topic.
//!
//! The value has all described fields of the object, then `_ObjectType` and `_EventType`. Headers say
//! what that format cannot; their names are the constants of [`header`].

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::position::InputOffset;
use crate::value::Struct;

/// Names of the fields that every value carries beside the object's own.
pub mod field {
    /// The record id, 18 characters, in key and value.
    pub const ID: &str = "Id";
    /// The object's API name.
    pub const OBJECT_TYPE: &str = "_ObjectType";
    /// What happened: an [`EventType`](super::EventType) as text.
    pub const EVENT_TYPE: &str = "_EventType";
}

/// Header names. All values are UTF-8 text.
pub mod header {
    /// What all of them begin with, where the file does not say otherwise.
    pub const PREFIX: &str = "orgstream.";
    /// The 18-character id of the org the change comes from.
    pub const ORG: &str = "orgstream.org";
    /// The channel that delivered the event, such as `/topic/orgstream_Account`. Absent for snapshot rows.
    pub const CHANNEL: &str = "orgstream.channel";
    /// The replay id of the event, decimal. Absent for snapshot rows.
    pub const REPLAY_ID: &str = "orgstream.replay_id";
    /// The row's `SystemModstamp`, ISO 8601 in UTC; the event's time where no row was read.
    pub const STAMP: &str = "orgstream.stamp";
    /// A JSON array of the names of the carried fields.
    pub const CARRIED: &str = "orgstream.carried";
    /// How the record came about: `stream`, `snapshot` or `sweep`.
    pub const ORIGIN: &str = "orgstream.origin";

    /// All of them.
    pub const ALL: [&str; 6] = [ORG, CHANNEL, REPLAY_ID, STAMP, CARRIED, ORIGIN];
}

/// What happened to a record in its org.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// It is new.
    Created,
    /// Some of its fields changed.
    Updated,
    /// It went to the recycle bin.
    Deleted,
    /// It came back from the recycle bin.
    Undeleted,
}

impl EventType {
    /// The word used in `_EventType`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Undeleted => "undeleted",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the four words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an event type (created, updated, deleted, undeleted)")]
pub struct UnknownEventType(pub String);

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "created" => Ok(Self::Created),
            "updated" => Ok(Self::Updated),
            "deleted" => Ok(Self::Deleted),
            "undeleted" => Ok(Self::Undeleted),
            other => Err(UnknownEventType(other.to_owned())),
        }
    }
}

/// Record headers in order; a name may stand more than once. Clones share the values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Cow<'static, str>, Arc<[u8]>)>);

impl Headers {
    /// Appends a header.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Vec<u8>>) {
        let value: Vec<u8> = value.into();
        self.0.push((name.into(), value.into()));
    }

    /// Appends a header whose value other records may have as well.
    pub fn push_shared(&mut self, name: impl Into<Cow<'static, str>>, value: Arc<[u8]>) {
        self.0.push((name.into(), value));
    }

    /// The last value of `name`, as Kafka readers take it; `None` when absent or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The same values under other names; a header without a new name is left out.
    #[must_use]
    pub fn renamed(self, name: impl Fn(&str) -> Option<Cow<'static, str>>) -> Self {
        Self(self.0.into_iter().filter_map(|(old, value)| Some((name(&old)?, value))).collect())
    }

    /// All headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// One record, independent of codec and topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `{Id}`; `None` for records of producers that set no key.
    pub key: Option<Struct>,
    /// The image; `None` is a tombstone, which orgstream's sources do not write.
    pub value: Option<Struct>,
    /// What the format of key and value cannot say.
    pub headers: Headers,
    /// Milliseconds since the epoch: the row's `SystemModstamp` where known.
    pub timestamp: i64,
}

impl Record {
    /// The text of the value's field `name`, when there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value.as_ref()?.value(name)?.as_str()
    }
}

/// A record on its way into Kafka.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// The topic it belongs on.
    pub topic: String,
    /// Chooses the partition: all records with the same bytes stay in order. The record id.
    pub partition_key: Vec<u8>,
    /// What it is about.
    pub about: About,
    /// The record.
    pub record: Record,
}

/// What a source's record is about, whatever form its value has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What happened; `None` for messages that are about no record.
    pub kind: Option<EventType>,
    /// The object's API name, or the event's.
    pub object: String,
    /// The id of the object's record; `None` for messages.
    pub id: Option<String>,
    /// When it happened: milliseconds since the epoch.
    pub time: i64,
}

/// A record that came out of Kafka.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkRecord {
    /// Where it lies; also its version within its partition.
    pub at: InputOffset,
    /// The record.
    pub record: Record,
    /// Bytes it took on the topic, for [`Capacity`](crate::sink::Capacity).
    pub size: usize,
}
