//! The codec for whole records.

use orgstream_api::record::field;
use orgstream_api::{Record, Struct, Value};

use super::error::{CodecError, Part};
use super::format::{Format, Input};
use super::json::{self, Connect, WithSchema};
use super::registry::Registry;
use super::{avro, framing};

/// A record's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// A record's halves.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The key.
    pub key: Option<Struct>,
    /// The value; `None` is a tombstone.
    pub value: Option<Struct>,
}

/// Bytes that a half of a usual record takes.
fn room(part: Part) -> usize {
    match part {
        Part::Key => 64,
        Part::Value => 512,
    }
}

/// Encodes and decodes records. Clones share their caches.
#[derive(Clone)]
pub struct Codec {
    registry: Registry,
    input: Input,
    connect: Connect,
    output: Input,
    with_schema: WithSchema,
}

impl Codec {
    /// A codec with the schemas of `registry`.
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            input: Input::default(),
            connect: Connect::default(),
            output: Input::default(),
            with_schema: WithSchema::default(),
        }
    }

    /// The same codec, which writes records in these formats and reads them so.
    #[must_use]
    pub fn writing(self, output: Input) -> Self {
        Self { input: output, output, ..self }
    }

    /// The same codec for records of these formats.
    #[must_use]
    pub fn reading(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// The bytes of `record`, whose schemas are registered for `topic` when they are new. Waits while the registry is away.
    pub async fn encode(&self, topic: &str, record: &Record) -> Result<Encoded, CodecError> {
        Ok(Encoded {
            key: self.encode_part(topic, Part::Key, record.key.as_ref()).await?,
            value: self.encode_part(topic, Part::Value, record.value.as_ref()).await?,
        })
    }

    /// The record that these bytes are. Waits while the registry is away.
    pub async fn decode(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Decoded, CodecError> {
        Ok(Decoded {
            key: self.decode_part(Part::Key, key).await?,
            value: self.decode_part(Part::Value, value).await?,
        })
    }

    async fn encode_part(
        &self,
        topic: &str,
        part: Part,
        value: Option<&Struct>,
    ) -> Result<Option<Vec<u8>>, CodecError> {
        let Some(value) = value else { return Ok(None) };
        // TopicNameStrategy: a subject for each half of a topic.
        let subject = format!("{topic}-{part}");
        let format = match part {
            Part::Key => self.output.key,
            Part::Value => self.output.value,
        };
        let bare = match format {
            Format::Registry => None,
            Format::JsonWithSchema => Some(self.with_schema.encode(value)),
            Format::Json => Some(json::encode(value)),
            Format::Text | Format::Unread => Some(id(value)),
        };
        if let Some(bytes) = bare {
            return bytes.map(Some).map_err(|reason| CodecError::Unencodable { part, subject, reason });
        }
        let registered = self.registry.register(part, &subject, value.schema()).await?;
        let mut framed = framing::head(registered.id, room(part));
        avro::encode(value, &mut framed).map_err(|error| CodecError::Unencodable {
            part,
            subject,
            reason: error.to_string(),
        })?;
        Ok(Some(framed))
    }

    async fn decode_part(&self, part: Part, bytes: Option<&[u8]>) -> Result<Option<Struct>, CodecError> {
        let Some(bytes) = bytes else { return Ok(None) };
        let format = match part {
            Part::Key => self.input.key,
            Part::Value => self.input.value,
        };
        let undecodable = |reason| CodecError::Undecodable { part, reason };
        match format {
            Format::Registry => self.framed(part, bytes).await,
            Format::JsonWithSchema => self.connect.decode(bytes).map_err(undecodable),
            // Keys in JSON are as often bare ids without quotes.
            Format::Json if part == Part::Key => {
                json::decode(bytes).or_else(|_| text(bytes)).map_err(undecodable)
            }
            Format::Json => json::decode(bytes).map_err(undecodable),
            Format::Text => text(bytes).map_err(undecodable),
            Format::Unread => Ok(None),
        }
    }

    async fn framed(&self, part: Part, bytes: &[u8]) -> Result<Option<Struct>, CodecError> {
        let undecodable = |reason| CodecError::Undecodable { part, reason };
        let (id, datum) = framing::unframe(bytes).map_err(undecodable)?;
        let writer = self.registry.writer(part, id).await?;
        writer.decode(datum).map_err(|error| undecodable(format!("{error} (schema id {id})")))
    }
}

/// The record's id alone.
fn id(value: &Struct) -> Result<Vec<u8>, String> {
    let id = value.value(field::ID).and_then(Value::as_str);
    id.map(|id| id.as_bytes().to_vec()).ok_or_else(|| "it has no id".to_owned())
}

fn text(bytes: &[u8]) -> Result<Option<Struct>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is no text: {error}"))?;
    Ok(Some(Struct::bare(Value::String(text.to_owned()))))
}
