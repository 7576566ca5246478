//! Why a registry refuses a schema: which field, and by which of the subject's rules. The registry decides; what it says of
//! its reasons differs from one to the next, so they are looked for here.

use orgstream_api::{Field, Schema, Type};
use schema_registry_converter::async_impl::schema_registry::{
    get_all_versions, get_schema_by_subject_and_version,
};
use schema_registry_converter::schema_registry_common::RegisteredReference;

use super::error::CodecError;
use super::format::Language;
use super::protobuf;
use super::registering::Wanted;
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::{Referenced, Source, Writer};
use crate::schema_store::Compatibility;
use crate::schema_store::schema::{self, Document, Reference, SchemaType};

/// The newest versions that are looked at.
const VERSIONS: usize = 20;

impl Registry {
    /// The error of a schema that the registry did not take, with what stands between it and earlier versions.
    pub(super) async fn explained(
        &self,
        wanted: Wanted<'_>,
        source: &Source,
        trouble: Trouble,
    ) -> CodecError {
        let Trouble::Refused(message) = trouble else { return self.refused(wanted, trouble) };
        let found = match self.level(wanted.subject).await {
            Some(level) => self.obstacle(wanted, source, level).await.map(|found| (level, found)),
            None => None,
        };
        let message = match found {
            Some((level, (version, reason))) => {
                let level = level.as_str();
                format!(
                    "its compatibility is {level}, and beside version {version} {reason} (the registry: {message})"
                )
            }
            None => message,
        };
        self.refused(wanted, Trouble::Refused(message))
    }

    /// The first thing that stands between a schema and what is registered.
    async fn obstacle(
        &self,
        wanted: Wanted<'_>,
        source: &Source,
        level: Compatibility,
    ) -> Option<(u32, String)> {
        let (settings, _) = self.address();
        let mut versions = get_all_versions(settings, wanted.subject.to_owned()).await.ok()?;
        versions.sort_unstable();
        let compared = if level.is_transitive() { VERSIONS } else { 1 };
        let schema_type = match wanted.language {
            Language::Avro => SchemaType::Avro,
            Language::JsonSchema => SchemaType::Json,
            Language::Protobuf => SchemaType::Protobuf,
        };
        for version in versions.into_iter().rev().take(compared) {
            let call = get_schema_by_subject_and_version(settings, wanted.subject, Some(version));
            let known = call.await.ok()?;
            let referenced = self.referenced(wanted.part, known.id, &known).await.ok()?;
            if known.schema_type != source.schema_type {
                return Some((version, format!("it is another language: {:?}", known.schema_type)));
            }
            let earlier = Source { schema_type: known.schema_type, text: known.schema, referenced };
            if let Some(reason) = difference(wanted, level, &earlier) {
                return Some((version, reason));
            }
            let new = document(schema_type, &source.text, &[], &[]);
            let earlier = document(schema_type, &earlier.text, &known.references, &earlier.referenced);
            // Comparing takes time that grows with the texts.
            let compared = tokio::task::spawn_blocking(move || {
                let (new, earlier) = (Document::parse(&new).ok()?, Document::parse(&earlier).ok()?);
                level.obstacles(&new, &earlier, version).into_iter().next()
            });
            if let Some(reason) = compared.await.ok().flatten() {
                return Some((version, reason));
            }
        }
        None
    }
}

/// The first field that a rule breaks on, as far as the schemas of records say it.
fn difference(wanted: Wanted<'_>, level: Compatibility, earlier: &Source) -> Option<String> {
    let name = protobuf::message_name(wanted.schema);
    let earlier = Writer::parse(earlier).ok()?.schema(&name)?;
    // What is not set has no type of its own in Protobuf, so that a field may come and go.
    let tells_null = wanted.language != Language::Protobuf;
    changed(wanted.schema, &earlier, "").or_else(|| {
        let missing = |field: &&Field, other: &Schema| {
            tells_null && !field.optional && other.field(&field.name).is_none()
        };
        let came = wanted.schema.fields().iter().find(|field| missing(field, &earlier));
        let went = earlier.fields().iter().find(|field| missing(field, wanted.schema));
        let came = came.filter(|_| level.is_backward());
        came.map(|field| format!("field {} is new and never null", field.name)).or_else(|| {
            let went = went.filter(|_| level.is_forward());
            went.map(|field| format!("field {} is gone, and it is never null there", field.name))
        })
    })
}

/// The first field whose type is another one; `within` are the names of the fields around it.
fn changed(new: &Schema, earlier: &Schema, within: &str) -> Option<String> {
    new.fields().iter().find_map(|field| {
        let old = &earlier.field(&field.name)?.kind;
        let name = format!("{within}{}", field.name);
        match (&field.kind, old) {
            (Type::Struct(new), Type::Struct(old)) => changed(new, old, &format!("{name}.")),
            (new, old) if word(new) == word(old) => None,
            (new, old) => {
                Some(format!("field {name} is of another type: {} there, {} now", word(old), word(new)))
            }
        }
    })
}

fn word(kind: &Type) -> String {
    match kind {
        Type::Array(items) => format!("a list of {}", word(items)),
        Type::Struct(_) => "a record".to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

/// A text as the comparison takes it.
fn document(
    schema_type: SchemaType,
    text: &str,
    references: &[RegisteredReference],
    referenced: &[Referenced],
) -> schema::Source {
    let direct = references.iter().map(|own| Reference {
        name: own.name.clone(),
        subject: own.subject.clone(),
        version: own.version.into(),
    });
    let all = referenced.iter().map(|other| schema::Referenced {
        name: other.name.clone(),
        schema_type,
        text: other.text.clone(),
    });
    schema::Source {
        schema_type,
        text: text.to_owned(),
        references: direct.collect(),
        referenced: all.collect(),
    }
}
