//! Dead letters: rejected records with the reason, in the format of Kafka Connect.
//!
//! Key, value, timestamp and headers are those of the consumed record, byte for byte; the `__connect.errors.*`
//! headers are added in Kafka Connect's order, so that tools that read its dead-letter topics read these. One that is too
//! large for its topic goes there without the value, and says where that lies.

use orgstream_api::record::header;
use orgstream_api::{EventType, Headers, InputOffset, SourceRecord, Struct, Unreadable};

use crate::kafka::{Consumed, Outgoing, Place, ProduceError, Producer, topics};
use crate::shaping::Refused;

/// The header with the id of the write that a dead letter is of. It stands behind those of Kafka Connect.
pub const WRITE_ID: &str = "orgstream.write_id";

/// The header of a dead letter whose value was left out.
const VALUE_LEFT_OUT: &str = "orgstream.value_left_out";

/// The largest message of an org that is kept whole, in bytes: less than a broker takes by default.
const LARGEST_MESSAGE: usize = 900_000;

/// Where a record failed, in Kafka Connect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The key's bytes cannot be read.
    KeyConverter,
    /// The value's bytes cannot be read.
    ValueConverter,
    /// The sink, or org B, refuses the record.
    TaskPut,
    /// The source cannot read what its org sent.
    TaskPoll,
    /// The source's rules for keys and values refuse the record.
    Transformation,
}

impl Stage {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::TaskPut => "TASK_PUT",
            Self::TaskPoll => "TASK_POLL",
            Self::Transformation => "TRANSFORMATION",
        }
    }

    /// What was executing. Kafka Connect names a Java class here; this names the part of orgstream.
    fn executing(self) -> &'static str {
        match self {
            Self::KeyConverter | Self::ValueConverter => "orgstream.codec",
            Self::TaskPut => "orgstream.salesforce.sink",
            Self::TaskPoll => "orgstream.salesforce.source",
            Self::Transformation => "orgstream.shaping",
        }
    }
}

/// Why a record is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Where it failed.
    pub stage: Stage,
    /// A code: Salesforce's, or orgstream's own in the same spelling.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The message with all its causes, one a line.
    pub trace: String,
}

/// The id of the write that a consumed record is, such as `crm/a.Lead-2@41`: pipeline, topic, partition and offset.
pub fn write_id(pipeline: &str, at: &InputOffset) -> String {
    format!("{pipeline}/{at}")
}

/// The id of the write that a record is which a source refuses, such as `crm/00D…/Lead/00Q…@2026-01-01T10:20:30.000Z`: pipeline,
/// org, object, record and the stamp of its state; of a message, which is about no record, channel and replay id. It lies on no
/// topic, so what brought it may bring it again, and this says that it is the same.
fn refused_id(pipeline: &str, source: &SourceRecord) -> Option<String> {
    let SourceRecord { about, record, .. } = source;
    let told = |name| record.headers.text(name);
    let org = told(header::ORG).unwrap_or_default();
    let Some(id) = &about.id else {
        let (channel, replay_id) = (told(header::CHANNEL)?, told(header::REPLAY_ID)?);
        return Some(format!("{pipeline}/{org}/{}@{replay_id}", channel.trim_start_matches('/')));
    };
    let when = told(header::STAMP).or_else(|| told(header::REPLAY_ID))?;
    // The stamp of a deletion may be that of the state before it.
    let deleted = if about.kind == Some(EventType::Deleted) { "/deleted" } else { "" };
    Some(format!("{pipeline}/{org}/{}/{id}@{when}{deleted}", about.object))
}

/// The dead letter of `consumed`.
pub fn dead_letter(pipeline: &str, task: u32, consumed: &Consumed, cause: &Cause) -> Outgoing {
    let mut headers = consumed.headers.clone();
    let mut add = |name: &str, text: &str| headers.push(format!("__connect.errors.{name}"), text);
    add("topic", &consumed.at.partition.topic);
    add("partition", &consumed.at.partition.partition.to_string());
    add("offset", &consumed.at.offset.to_string());
    add("connector.name", pipeline);
    add("task.id", &task.to_string());
    add("stage", cause.stage.as_str());
    add("class.name", cause.stage.executing());
    add("exception.class.name", &cause.code);
    add("exception.message", &cause.message);
    add("exception.stacktrace", &cause.trace);
    headers.push(WRITE_ID, write_id(pipeline, &consumed.at));
    Outgoing {
        topic: topics::dead_letters(pipeline),
        place: Place::Key(consumed.key.clone().unwrap_or_default()),
        key: consumed.key.clone(),
        value: consumed.value.clone(),
        headers,
        timestamp: Some(consumed.timestamp),
    }
}

/// The dead letter of a message that a source cannot read: no record, so it has neither a key nor a place in a topic, but
/// the channel and the replay id that it came with.
pub fn unread_letter(pipeline: &str, task: u32, message: &Unreadable) -> Outgoing {
    let mut headers = Headers::default();
    headers.push(header::CHANNEL, &*message.channel);
    if let Some(replay_id) = &message.replay_id {
        headers.push(header::REPLAY_ID, &**replay_id);
    }
    let mut add = |name: &str, text: &str| headers.push(format!("__connect.errors.{name}"), text);
    add("connector.name", pipeline);
    add("task.id", &task.to_string());
    add("stage", Stage::TaskPoll.as_str());
    add("class.name", Stage::TaskPoll.executing());
    add("exception.class.name", "UNREADABLE_EVENT");
    add("exception.message", &format!("the event cannot be read: {}", message.reason));
    let value = if message.raw.len() <= LARGEST_MESSAGE {
        Some(message.raw.clone().into_bytes())
    } else {
        // A transaction with a record that is too large could never be committed.
        let note = format!("the message, {} bytes, is too large for a dead letter", message.raw.len());
        headers.push(VALUE_LEFT_OUT, note);
        None
    };
    Outgoing {
        topic: topics::dead_letters(pipeline),
        place: Place::Key(message.channel.clone().into_bytes()),
        key: None,
        value,
        headers,
        timestamp: Some(message.at),
    }
}

/// The dead letter of a record that a source's rules refuse: it is on no topic, so it has the topic that it was for and no place
/// there. The key is its id, the value its fields as JSON.
pub(crate) fn refused_letter(pipeline: &str, task: u32, refused: &Refused) -> Outgoing {
    let Refused { source, code, message } = refused;
    let write = refused_id(pipeline, source);
    let SourceRecord { topic, partition_key, about, record } = source;
    let mut headers = record.headers.clone();
    let mut add = |name: &str, text: &str| headers.push(format!("__connect.errors.{name}"), text);
    add("topic", topic);
    add("connector.name", pipeline);
    add("task.id", &task.to_string());
    add("stage", Stage::Transformation.as_str());
    add("class.name", Stage::Transformation.executing());
    add("exception.class.name", code);
    add("exception.message", message);
    if let Some(write) = write {
        headers.push(WRITE_ID, write);
    }
    let fields = record.value.iter().flat_map(Struct::iter);
    let json: serde_json::Value = fields.map(|(name, value)| (name.to_owned(), value.to_json())).collect();
    let mut value = Some(json.to_string().into_bytes());
    if let Some(bytes) = value.take_if(|value| value.len() > LARGEST_MESSAGE) {
        headers.push(
            VALUE_LEFT_OUT,
            format!("the record, {} bytes, is too large for a dead letter", bytes.len()),
        );
    }
    Outgoing {
        topic: topics::dead_letters(pipeline),
        place: Place::Key(partition_key.clone()),
        key: about.id.clone().map(String::into_bytes),
        value,
        headers,
        timestamp: Some(record.timestamp),
    }
}

/// Writes dead letters, and returns when all are acknowledged.
pub async fn write_dead_letters(producer: &Producer, letters: Vec<Outgoing>) -> Result<(), ProduceError> {
    let together = producer.send(letters.clone()).await;
    if !is_too_large(&together) {
        return together.map(drop);
    }
    // Nobody says which others were written. A dead letter may be there twice, but none is missing.
    for letter in letters {
        let mut alone = producer.send(vec![letter.clone()]).await;
        if is_too_large(&alone) {
            alone = producer.send(vec![without_value(letter)]).await;
        }
        alone?;
    }
    Ok(())
}

/// Whether a record is larger than its topic takes.
pub(super) fn is_too_large(result: &Result<Vec<i64>, ProduceError>) -> bool {
    matches!(result, Err(ProduceError::Refused { too_large: true, .. }))
}

/// The dead letter with a note in place of its value.
fn without_value(mut letter: Outgoing) -> Outgoing {
    let size = letter.value.take().map_or(0, |value| value.len());
    let text = |name: &str| letter.headers.text(&format!("__connect.errors.{name}")).unwrap_or_default();
    let note = format!(
        "the value, {size} bytes, is too large for topic {}; it lies at {}-{}@{}",
        letter.topic,
        text("topic"),
        text("partition"),
        text("offset")
    );
    tracing::warn!(topic = %letter.topic, note, "A dead letter goes without its value.");
    letter.headers.push(VALUE_LEFT_OUT, note);
    letter
}

#[cfg(test)]
mod tests {
    use orgstream_api::{About, InputOffset, Record, TopicPartition};

    use super::*;

    #[test]
    fn what_a_source_cannot_read_is_kept_with_where_it_came_from() {
        let message = Unreadable {
            channel: "/topic/x".into(),
            replay_id: Some("41".into()),
            reason: "it has no usable `data.event.type`".into(),
            raw: "{}".into(),
            at: 5,
        };
        let letter = unread_letter("crm", 0, &message);
        assert_eq!((letter.topic.as_str(), letter.timestamp), ("crm.dead_letters", Some(5)));
        assert_eq!((letter.key.as_deref(), letter.value.as_deref()), (None, Some(&b"{}"[..])));
        for (name, text) in [
            ("orgstream.channel", "/topic/x"),
            ("orgstream.replay_id", "41"),
            ("__connect.errors.stage", "TASK_POLL"),
            ("__connect.errors.exception.class.name", "UNREADABLE_EVENT"),
        ] {
            assert_eq!(letter.headers.text(name), Some(text), "{name}");
        }
        let large = Unreadable { raw: "x".repeat(LARGEST_MESSAGE + 1), ..message };
        let letter = unread_letter("crm", 0, &large);
        assert_eq!(letter.value, None);
        assert!(letter.headers.text(VALUE_LEFT_OUT).is_some_and(|note| note.contains("900001 bytes")));
    }

    /// The id of the letter of a record that a source refuses.
    fn id_of(
        kind: Option<EventType>,
        id: Option<&str>,
        more: &[(&'static str, &'static str)],
    ) -> Option<String> {
        let mut headers = Headers::default();
        for (name, text) in [(header::ORG, "00D1")].iter().chain(more) {
            headers.push(*name, *text);
        }
        let source = SourceRecord {
            topic: "a.Lead".into(),
            partition_key: Vec::new(),
            about: About { kind, object: "Lead".into(), id: id.map(str::to_owned), time: 5 },
            record: Record { key: None, value: None, headers, timestamp: 5 },
        };
        let refused = Refused { source, code: "KEY_MISSING", message: "no".into() };
        refused_letter("crm", 0, &refused).headers.text(WRITE_ID).map(str::to_owned)
    }

    #[test]
    fn a_refused_record_has_the_same_id_whatever_brings_it_and_each_state_its_own() {
        let (created, row, deleted) =
            (Some(EventType::Created), Some(EventType::Updated), Some(EventType::Deleted));
        let stamp = (header::STAMP, "2026-01-01T10:20:30.000Z");
        let event = [(header::CHANNEL, "/topic/x"), (header::REPLAY_ID, "41"), stamp];
        let known = id_of(created, Some("00Q1"), &event);
        assert_eq!(known.as_deref(), Some("crm/00D1/Lead/00Q1@2026-01-01T10:20:30.000Z"));
        assert_eq!(id_of(row, Some("00Q1"), &[stamp]), known);
        for other in [
            id_of(row, Some("00Q2"), &[stamp]),
            id_of(row, Some("00Q1"), &[(header::STAMP, "2026-01-01T10:20:31.000Z")]),
            id_of(deleted, Some("00Q1"), &[stamp]),
            id_of(None, None, &event),
        ] {
            assert!(other.is_some() && other != known, "{other:?}");
        }
        assert_eq!(id_of(None, None, &event).as_deref(), Some("crm/00D1/topic/x@41"));
        assert_eq!(id_of(None, None, &[stamp]), None, "many messages may have this stamp");
    }

    #[test]
    fn a_dead_letter_keeps_the_bytes_and_adds_the_headers_of_kafka_connect_in_order() {
        let partition = TopicPartition { topic: "a.Lead".into(), partition: 2 };
        let mut headers = Headers::default();
        headers.push("orgstream.org", "00D1");
        let consumed = Consumed {
            at: InputOffset { partition, offset: 41 },
            key: Some(vec![0, 1]),
            value: Some(vec![0xff]),
            headers,
            timestamp: 5,
        };
        let cause = Cause {
            stage: Stage::ValueConverter,
            code: "UNREADABLE_VALUE".into(),
            message: "no".into(),
            trace: "no\nbecause".into(),
        };
        let letter = dead_letter("crm", 0, &consumed, &cause);
        assert_eq!(
            (letter.topic.as_str(), &letter.key, &letter.value),
            ("crm.dead_letters", &consumed.key, &consumed.value)
        );
        let names: Vec<&str> = letter.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "orgstream.org",
                "__connect.errors.topic",
                "__connect.errors.partition",
                "__connect.errors.offset",
                "__connect.errors.connector.name",
                "__connect.errors.task.id",
                "__connect.errors.stage",
                "__connect.errors.class.name",
                "__connect.errors.exception.class.name",
                "__connect.errors.exception.message",
                "__connect.errors.exception.stacktrace",
                "orgstream.write_id",
            ]
        );
        assert_eq!(letter.headers.text(WRITE_ID), Some("crm/a.Lead-2@41"));
        assert_eq!(letter.headers.text("__connect.errors.offset"), Some("41"));
    }
}
