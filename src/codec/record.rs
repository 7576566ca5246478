//! The codec for whole records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orgstream_api::record::field;
use orgstream_api::{Record, Schema, Struct, Value};

use super::error::{CodecError, Part};
use super::format::{Format, Input, Language, Output, Written};
use super::framing;
use super::inline::InlineEncoders;
use super::json::{self, Connect, WithSchema};
use super::protobuf;
use super::registering::{Registered, Wanted};
use super::registration::Registration;
use super::registry::Registry;

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
    output: Output,
    with_schema: WithSchema,
    inline: InlineEncoders,
    known: Arc<Mutex<Known>>,
}

/// What the records of a schema were written with last: by the schema's address, which is kept, and the half.
type Known = HashMap<(usize, Part), (Arc<str>, Arc<Registered>)>;

/// Schemas that are looked up without their subject's name. A source has a few for each object.
const REMEMBERED: usize = 1_000;

impl Codec {
    /// A codec with the schemas of `registry`.
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            input: Input::default(),
            connect: Connect::default(),
            output: Output::default(),
            with_schema: WithSchema::default(),
            inline: InlineEncoders::default(),
            known: Arc::default(),
        }
    }

    /// The same codec, which writes records in these formats and reads them so.
    #[must_use]
    pub fn writing(self, output: Output) -> Self {
        let (known, inline) = (Arc::default(), InlineEncoders::default());
        Self { input: output.read_as(), output, known, inline, ..self }
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
        let (written, registration) = match part {
            Part::Key => (&self.output.key, self.output.key_registration),
            Part::Value => (&self.output.value, self.output.value_registration),
        };
        let bytes = match written {
            Written::Registry(language) => {
                let registered =
                    self.registered(topic, part, *language, registration, value.schema()).await?;
                registered.encode(value, room(part))
            }
            Written::JsonWithSchema => self.with_schema.encode(value),
            Written::Json => json::encode(value),
            Written::Avro(schema) => self.inline.encode(schema, value, room(part)),
            Written::Text => id(value),
        };
        bytes.map(Some).map_err(|reason| {
            let subject = registration.subject.of(topic, part, value.schema().name());
            CodecError::Unencodable { part, subject, reason }
        })
    }

    /// What records of `schema` are written with. Their schema is registered when it is new.
    async fn registered(
        &self,
        topic: &str,
        part: Part,
        language: Language,
        Registration { schemas, subject }: Registration,
        schema: &Arc<Schema>,
    ) -> Result<Arc<Registered>, CodecError> {
        let place = (Arc::as_ptr(schema).addr(), part);
        if let Some((known_topic, registered)) = self.lock().get(&place)
            && **known_topic == *topic
        {
            return Ok(Arc::clone(registered));
        }
        let name = match language {
            Language::Protobuf => protobuf::message_name(schema),
            Language::Avro | Language::JsonSchema => schema.name().to_owned(),
        };
        let wanted = Wanted { part, subject: &subject.of(topic, part, &name), schemas, language, schema };
        let registered = self.registry.register(wanted).await?;
        // An equal schema lies elsewhere and may be gone soon, so that another comes to lie at its address.
        if Arc::ptr_eq(&registered.schema, schema) {
            let mut known = self.lock();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(place, (topic.into(), Arc::clone(&registered)));
        }
        Ok(registered)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn decode_part(&self, part: Part, bytes: Option<&[u8]>) -> Result<Option<Struct>, CodecError> {
        let Some(bytes) = bytes else { return Ok(None) };
        let format = match part {
            Part::Key => &self.input.key,
            Part::Value => &self.input.value,
        };
        let undecodable = |reason| CodecError::Undecodable { part, reason };
        match format {
            Format::Registry => self.framed(part, bytes).await,
            Format::JsonWithSchema => self.connect.decode(bytes).map_err(undecodable),
            // Keys in JSON are as often bare ids without quotes.
            Format::Json if part == Part::Key => {
                json::decode(bytes).or_else(|_| text(bytes)).map_err(undecodable)
            }
            Format::JsonOrText => json::decode(bytes).or_else(|_| text(bytes)).map_err(undecodable),
            Format::Json => json::decode(bytes).map_err(undecodable),
            Format::Avro(schema) => schema.decode(bytes).map_err(undecodable),
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
