//! Schemas of a registry, ready to write values with: compiled once, used for every record.

use std::sync::Arc;

use orgstream_api::{Schema, Struct};

use super::format::Language;
use super::writer::Source;
use super::{avro, json, protobuf};

/// A schema of ours in one of the languages, with the way of each field into the bytes.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Avro.
    Avro(avro::Encoder),
    /// JSON Schema.
    Json(json::Encoder),
    /// Protobuf.
    Protobuf(protobuf::Encoder),
}

impl Encoder {
    /// The way of records of `schema` into bytes of the registered schema `source`; an error names the field that has none.
    pub(super) fn compile(language: Language, source: &Source, schema: &Arc<Schema>) -> Result<Self, String> {
        match language {
            Language::Avro => {
                let encoder = avro::Encoder::compile(&source.text, &source.referenced, schema);
                encoder.map(Self::Avro).map_err(|error| error.0)
            }
            Language::JsonSchema => json::Encoder::compile(&source.text, schema).map(Self::Json),
            Language::Protobuf => {
                protobuf::Encoder::compile(&source.text, &source.referenced, schema).map(Self::Protobuf)
            }
        }
    }

    /// Appends the bytes of a record of the schema. After an error `out` ends with a part of them.
    pub(super) fn encode(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Avro(encoder) => encoder.encode(value, out).map_err(|error| error.0),
            Self::Json(encoder) => encoder.encode(value, out),
            Self::Protobuf(encoder) => encoder.encode(value, out),
        }
    }
}
