//! Schemas of a registry, ready to read what was written with them.

use std::sync::Arc;

use orgstream_api::{Schema, Struct};
use schema_registry_converter::schema_registry_common::SchemaType;

use super::{avro, json, protobuf};

/// A schema with all that it refers to, as the registry has them.
#[derive(Debug)]
pub(super) struct Source {
    /// What it is written in.
    pub(super) schema_type: SchemaType,
    /// Its text.
    pub(super) text: String,
    /// What it refers to, directly or not; each behind what it refers to itself.
    pub(super) referenced: Vec<Referenced>,
}

/// A text that a schema refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Referenced {
    /// What the schema calls it.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

/// A writer's schema.
#[derive(Debug)]
pub(super) enum Writer {
    /// Avro.
    Avro(avro::Writer),
    /// JSON Schema.
    Json(json::JsonSchema),
    /// Protobuf.
    Protobuf(protobuf::Writer),
}

impl Writer {
    /// Understands a schema, or says why it cannot be.
    pub(super) fn parse(source: &Source) -> Result<Self, String> {
        match &source.schema_type {
            SchemaType::Avro => {
                avro::parse_with(&source.text, &source.referenced).map(Self::Avro).map_err(|error| error.0)
            }
            SchemaType::Json => json::JsonSchema::parse(&source.text, &source.referenced).map(Self::Json),
            SchemaType::Protobuf => {
                protobuf::Writer::parse(&source.text, &source.referenced).map(Self::Protobuf)
            }
            other => Err(format!("it is of type {other:?}; orgstream reads Avro, JSON Schema and Protobuf")),
        }
    }

    /// The schema of its records, in Protobuf of the message of this name; `None` where they have none in common.
    pub(super) fn schema(&self, message: &str) -> Option<Arc<Schema>> {
        match self {
            Self::Avro(writer) => Some(writer.schema()),
            Self::Json(schema) => schema.typed(),
            Self::Protobuf(writer) => writer.schema(message),
        }
    }

    /// What the bytes behind the schema's id are; `None` for null.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Option<Struct>, String> {
        match self {
            Self::Avro(writer) => avro::decode(writer, bytes).map_err(|error| error.0),
            Self::Json(schema) => schema.decode(bytes),
            Self::Protobuf(writer) => writer.decode(bytes),
        }
    }
}
