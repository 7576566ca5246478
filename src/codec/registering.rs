//! How the schemas of records come into the registry, and what they are written with.

use std::sync::Arc;

use orgstream_api::{Schema, Struct};
use schema_registry_converter::async_impl::schema_registry::{
    get_all_versions, get_schema_by_subject_and_version, post_schema,
};
use schema_registry_converter::schema_registry_common::{RegisteredSchema, SchemaType, SuppliedSchema};

use super::encoder::Encoder;
use super::error::{CodecError, Part};
use super::format::Language;
use super::protobuf::Numbers;
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::Source;
use super::{avro, framing, json, protobuf};

/// The newest versions of a subject of which the numbers of fields are learnt.
const VERSIONS: usize = 100;

/// What is to be written, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Which half of records.
    pub(super) part: Part,
    /// Where its versions are kept.
    pub(super) subject: &'a str,
    /// What its schema is written in.
    pub(super) language: Language,
    /// The schema of the records.
    pub(super) schema: &'a Arc<Schema>,
}

/// One of our schemas as the registry has it.
#[derive(Debug)]
pub(super) struct Registered {
    /// The schema of the records.
    pub(super) schema: Arc<Schema>,
    /// What the registry's is written in.
    pub(super) language: Language,
    /// The registry's id.
    pub(super) id: u32,
    encoder: Encoder,
}

impl Registered {
    /// The bytes of a record of the schema, behind the id; `room` is how many are expected.
    pub(super) fn encode(&self, value: &Struct, room: usize) -> Result<Vec<u8>, String> {
        let mut framed = framing::head(self.id, room);
        self.encoder.encode(value, &mut framed)?;
        Ok(framed)
    }
}

impl Registry {
    /// Registers a schema that is not known here, and finds the way of its records into bytes. Waits while the registry is
    /// away.
    pub(super) async fn registering(&self, wanted: Wanted<'_>) -> Result<Registered, CodecError> {
        let source = self.own(wanted).await?;
        let encoder = Encoder::compile(wanted.language, &source, wanted.schema);
        let encoder = encoder.map_err(|reason| wanted.unencodable(reason))?;
        let id = self.post(wanted, &source).await?;
        tracing::info!(subject = wanted.subject, id, schema = wanted.schema.name(), "schema registered");
        Ok(Registered { schema: Arc::clone(wanted.schema), language: wanted.language, id, encoder })
    }

    /// The schema in its language.
    async fn own(&self, wanted: Wanted<'_>) -> Result<Source, CodecError> {
        let (schema_type, text) = match wanted.language {
            Language::Avro => (SchemaType::Avro, avro::schema_text(wanted.schema).map_err(|error| error.0)),
            Language::JsonSchema => (SchemaType::Json, Ok(json::schema_text(wanted.schema))),
            Language::Protobuf => {
                let numbers = self.numbers(wanted).await?;
                (SchemaType::Protobuf, protobuf::schema_text(wanted.schema, &numbers))
            }
        };
        let text = text.map_err(|reason| wanted.unencodable(reason))?;
        Ok(Source { schema_type, text, referenced: Vec::new() })
    }

    async fn post(&self, wanted: Wanted<'_>, source: &Source) -> Result<u32, CodecError> {
        let (settings, _) = self.address();
        let name = wanted.schema.name().to_owned();
        let supplied = SuppliedSchema::new(Some(name), source.schema_type.clone(), source.text.clone());
        let answer = self.insist(|| post_schema(settings, wanted.subject.to_owned(), supplied.clone())).await;
        answer.map(|answer| answer.id).map_err(|trouble| self.refused(wanted, trouble))
    }

    /// The numbers that the fields of the subject's messages have had.
    async fn numbers(&self, wanted: Wanted<'_>) -> Result<Numbers, CodecError> {
        let mut numbers = Numbers::default();
        let (settings, url) = self.address();
        let subject = wanted.subject;
        let mut versions = match self.insist(|| get_all_versions(settings, subject.to_owned())).await {
            Ok(versions) => versions,
            Err(Trouble::Unknown(_)) => return Ok(numbers),
            Err(trouble) => return Err(self.refused(wanted, trouble)),
        };
        versions.sort_unstable();
        for version in versions.into_iter().rev().take(VERSIONS) {
            let answer = self.insist(|| get_schema_by_subject_and_version(settings, subject, Some(version)));
            let known = match answer.await {
                Ok(known) if known.schema_type == SchemaType::Protobuf => known,
                // Deleted meanwhile, or written in another language.
                Ok(_) | Err(Trouble::Unknown(_)) => continue,
                Err(trouble) => return Err(self.refused(wanted, trouble)),
            };
            let RegisteredSchema { id, schema, .. } = &known;
            let referenced = self.referenced(wanted.part, *id, &known).await?;
            numbers.learn(schema, &referenced).map_err(|error| {
                let reason = format!("version {version} in the registry at {url} is not understood: {error}");
                wanted.unencodable(reason)
            })?;
        }
        Ok(numbers)
    }

    fn refused(&self, wanted: Wanted<'_>, trouble: Trouble) -> CodecError {
        match trouble {
            Trouble::Refused(message) | Trouble::Unknown(message) => CodecError::Incompatible {
                registry: self.address().1.to_owned(),
                subject: wanted.subject.to_owned(),
                message,
            },
            Trouble::Away(reason) | Trouble::Forbidden(reason) => self.unusable(reason),
        }
    }
}

impl Wanted<'_> {
    /// The error of a record that has no form in the language.
    pub(super) fn unencodable(&self, reason: String) -> CodecError {
        CodecError::Unencodable { part: self.part, subject: self.subject.to_owned(), reason }
    }
}
