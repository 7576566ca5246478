//! How the schemas of records come into the registry, and what they are written with.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Schema, Struct};
use schema_registry_converter::async_impl::schema_registry::{
    get_schema_by_subject_and_version, perform_sr_call, post_schema,
};
use schema_registry_converter::schema_registry_common::{SchemaType, SrCall, SuppliedSchema};
use serde_json::json;
use tokio::time::sleep;

use super::encoder::Encoder;
use super::error::{CodecError, Part};
use super::format::Language;
use super::history::History;
use super::protobuf::Numbers;
use super::registration::Schemas;
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::Source;
use super::{avro, framing, json, protobuf};

/// How often a schema is made anew because others registered theirs in between.
const ATTEMPTS: usize = 20;

/// How long a replica that is behind is given before it is asked again.
const BEHIND: Duration = Duration::from_millis(500);

/// What is to be written, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Which half of records.
    pub(super) part: Part,
    /// Where its versions are kept.
    pub(super) subject: &'a str,
    /// Which of them is taken.
    pub(super) schemas: Schemas,
    /// What its schema is written in.
    pub(super) language: Language,
    /// The schema of the records.
    pub(super) schema: &'a Arc<Schema>,
}

/// Why a schema whose fields have numbers is made once more.
enum Unsettled {
    /// Others have registered fields with its numbers before.
    Numbers,
    /// The registry does not show its version.
    Unseen,
    /// The registry refused it, and has had other versions since.
    Refused(Source, Trouble),
}

/// One of our schemas as the registry has it.
#[derive(Debug)]
pub(super) struct Registered {
    /// The schema of the records.
    pub(super) schema: Arc<Schema>,
    /// Which of the subject's it is.
    pub(super) schemas: Schemas,
    /// What the registry's is written in.
    pub(super) language: Language,
    id: u32,
    encoder: Encoder,
}

impl Registered {
    /// The way of the records into bytes of the schema with this id; an error names the field that has none.
    fn compile(wanted: Wanted<'_>, source: &Source, id: u32) -> Result<Self, String> {
        let Wanted { schemas, language, schema, .. } = wanted;
        let encoder = Encoder::compile(language, source, schema)?;
        Ok(Self { schema: Arc::clone(schema), schemas, language, id, encoder })
    }

    /// The bytes of a record of the schema, behind the id; `room` is how many are expected.
    pub(super) fn encode(&self, value: &Struct, room: usize) -> Result<Vec<u8>, String> {
        let mut framed = framing::head(self.id, room);
        self.encoder.encode(value, &mut framed)?;
        Ok(framed)
    }
}

impl Registry {
    /// Finds or registers a schema that is not known here, and the way of its records into bytes. Waits while the registry is
    /// away.
    pub(super) async fn registering(&self, wanted: Wanted<'_>) -> Result<Registered, CodecError> {
        let (source, id) = match (wanted.schemas, wanted.language) {
            (Schemas::Latest, _) => return self.latest(wanted).await,
            (Schemas::Registered, _) => self.find(wanted).await?,
            (Schemas::Register, Language::Protobuf) => self.register_numbered(wanted).await?,
            (Schemas::Register, _) => {
                let source = wanted.source(&Numbers::default())?;
                let id = self.post(wanted, &source).await;
                let id = match id {
                    Err(trouble) => return Err(self.explained(wanted, &source, trouble).await),
                    Ok(id) => id,
                };
                (source, id)
            }
        };
        tracing::info!(subject = wanted.subject, id, schema = wanted.schema.name(), "schema registered");
        Registered::compile(wanted, &source, id).map_err(|reason| wanted.unencodable(reason))
    }

    /// Registers a schema whose fields have numbers. Who else registers one at the same time has learnt from the same
    /// versions, and may give a new field of its own the number of ours: whose version comes later makes another one.
    async fn register_numbered(&self, wanted: Wanted<'_>) -> Result<(Source, u32), CodecError> {
        let mut history = History::default();
        self.catch_up(wanted, &mut history).await?;
        let mut unsettled = Unsettled::Numbers;
        for _ in 0..ATTEMPTS {
            let unencodable = |reason| wanted.unencodable(reason);
            let numbers = history.numbers(u32::MAX).map_err(unencodable)?;
            let source = wanted.source(&numbers)?;
            let known = history.len();
            let posted = self.post(wanted, &source).await;
            self.catch_up(wanted, &mut history).await?;
            match posted {
                Ok(id) => match self.version(wanted, &source).await? {
                    Some(version) if history.reaches(version) => {
                        let before = history.numbers(version).map_err(unencodable)?;
                        if before.fit(&source.text).map_err(unencodable)? {
                            return Ok((source, id));
                        }
                        unsettled = Unsettled::Numbers;
                    }
                    // Whoever answers is behind the one that took it, or somebody has deleted it meanwhile.
                    _ => {
                        unsettled = Unsettled::Unseen;
                        sleep(BEHIND).await;
                    }
                },
                Err(trouble) if history.len() == known => {
                    return Err(self.explained(wanted, &source, trouble).await);
                }
                Err(trouble) => unsettled = Unsettled::Refused(source, trouble),
            }
        }
        Err(match unsettled {
            Unsettled::Refused(source, trouble) => self.explained(wanted, &source, trouble).await,
            Unsettled::Unseen => self.unusable(format!(
                "it does not show the version of {} that it has just taken, so that nobody knows whether the numbers of its fields \
                 are its own; its replicas are behind, or somebody deletes versions",
                wanted.subject
            )),
            Unsettled::Numbers => wanted.unencodable(
                "others register versions of the subject all the time, so that its fields get no numbers of their own"
                    .to_owned(),
            ),
        })
    }

    async fn post(&self, wanted: Wanted<'_>, source: &Source) -> Result<u32, Trouble> {
        let (settings, _) = self.address();
        let name = wanted.schema.name().to_owned();
        let supplied = SuppliedSchema::new(Some(name), source.schema_type.clone(), source.text.clone());
        let answer = self.insist(|| post_schema(settings, wanted.subject.to_owned(), supplied.clone())).await;
        answer.map(|answer| answer.id)
    }

    /// The number and the id of the version with this schema.
    pub(super) async fn look_up(
        &self,
        wanted: Wanted<'_>,
        source: &Source,
    ) -> Result<(Option<u32>, Option<u32>), Trouble> {
        let (settings, _) = self.address();
        let word = match wanted.language {
            Language::Avro => "AVRO",
            Language::JsonSchema => "JSON",
            Language::Protobuf => "PROTOBUF",
        };
        let body = json!({ "schema": source.text, "schemaType": word }).to_string();
        let call = SrCall::PostForVersion(wanted.subject, &body);
        let answer = self.insist(|| perform_sr_call(settings, call)).await?;
        Ok((answer.version, answer.id))
    }

    /// The number of the version with this schema; `None` when somebody has deleted it meanwhile.
    async fn version(&self, wanted: Wanted<'_>, source: &Source) -> Result<Option<u32>, CodecError> {
        match self.look_up(wanted, source).await {
            Ok((version, _)) => Ok(version),
            Err(Trouble::Unknown(_)) => Ok(None),
            Err(trouble) => Err(self.refused(wanted, trouble)),
        }
    }

    /// The latest version of the subject, when the records fit into it.
    async fn latest(&self, wanted: Wanted<'_>) -> Result<Registered, CodecError> {
        let (settings, url) = self.address();
        let Wanted { part, subject, schema, .. } = wanted;
        let answer = self.insist(|| get_schema_by_subject_and_version(settings, subject, None)).await;
        let latest = answer.map_err(|trouble| match trouble {
            Trouble::Unknown(reason) => CodecError::Unregistered {
                registry: url.to_owned(),
                subject: subject.to_owned(),
                name: schema.name().to_owned(),
                reason,
            },
            trouble => self.refused(wanted, trouble),
        })?;
        let referenced = self.referenced(part, latest.id, &latest).await?;
        let (id, version) = (latest.id, latest.version);
        let unfit = |reason| CodecError::Unfit {
            registry: url.to_owned(),
            subject: subject.to_owned(),
            name: schema.name().to_owned(),
            version: version.map_or_else(|| "?".to_owned(), |version| version.to_string()),
            reason,
        };
        if latest.schema_type != wanted.language.schema_type() {
            let reason = format!(
                "it is written in {:?}, and they are written in {:?}",
                latest.schema_type, wanted.language
            );
            return Err(unfit(reason));
        }
        let source = Source { schema_type: latest.schema_type, text: latest.schema, referenced };
        let registered = Registered::compile(wanted, &source, id).map_err(unfit)?;
        tracing::info!(subject, id, version, schema = schema.name(), "latest schema taken");
        Ok(registered)
    }

    /// What a registry's refusal means for records.
    pub(super) fn refused(&self, wanted: Wanted<'_>, trouble: Trouble) -> CodecError {
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

    /// The text of the schema, whose fields have these numbers where they have any.
    pub(super) fn source(&self, numbers: &Numbers) -> Result<Source, CodecError> {
        let text = match self.language {
            Language::Avro => avro::schema_text(self.schema).map_err(|error| error.0),
            Language::JsonSchema => Ok(json::schema_text(self.schema)),
            Language::Protobuf => protobuf::schema_text(self.schema, numbers),
        };
        let text = text.map_err(|reason| self.unencodable(reason))?;
        Ok(Source { schema_type: self.language.schema_type(), text, referenced: Vec::new() })
    }
}

impl Language {
    /// The registry's word for it.
    pub(super) fn schema_type(self) -> SchemaType {
        match self {
            Self::Avro => SchemaType::Avro,
            Self::JsonSchema => SchemaType::Json,
            Self::Protobuf => SchemaType::Protobuf,
        }
    }
}
