//! Avro without a registry: the schema stands in the file, and a record is nothing but its values.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use orgstream_api::{Schema, Struct};

use super::avro;

/// Schemas of ours whose way into the bytes is remembered. A source has a few for each object.
const REMEMBERED: usize = 256;

/// A schema of Avro that the file has.
#[derive(Debug, Clone)]
pub struct InlineSchema {
    text: Arc<str>,
    writer: Arc<avro::Writer>,
}

impl InlineSchema {
    /// Understands a schema's text, or says where and why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The library's own words for what is no JSON have no place.
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let writer = avro::parse(&json.to_string()).map_err(|error| error.0)?;
        Ok(Self { text: json.to_string().into(), writer: Arc::new(writer) })
    }

    /// The record half that `bytes` are; `None` for null.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Option<Struct>, String> {
        avro::decode(&self.writer, bytes).map_err(|error| error.0)
    }
}

impl PartialEq for InlineSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for InlineSchema {}

/// Writes records with such a schema. Clones share what they have found out.
#[derive(Clone, Default)]
pub(super) struct InlineEncoders {
    /// By the address of the records' schema; it is kept, so that no other comes to lie there.
    known: Arc<Mutex<HashMap<usize, Known>>>,
}

/// The schema of records with their way into the bytes.
type Known = (Arc<Schema>, Arc<avro::Encoder>);

impl InlineEncoders {
    /// The bytes of a record.
    pub(super) fn encode(
        &self,
        inline: &InlineSchema,
        value: &Struct,
        room: usize,
    ) -> Result<Vec<u8>, String> {
        let encoder = self.encoder(inline, value.schema())?;
        let mut bytes = Vec::with_capacity(room);
        encoder.encode(value, &mut bytes).map_err(|error| error.0)?;
        Ok(bytes)
    }

    fn encoder(&self, inline: &InlineSchema, schema: &Arc<Schema>) -> Result<Arc<avro::Encoder>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let address = Arc::as_ptr(schema).addr();
        if let Some((_, encoder)) = known.get(&address) {
            return Ok(Arc::clone(encoder));
        }
        let encoder = avro::Encoder::compile(&inline.text, &[], schema);
        let encoder = Arc::new(encoder.map_err(|error| {
            format!("{} does not fit the schema of the file: {}", schema.name(), error.0)
        })?);
        if known.len() == REMEMBERED {
            known.clear();
        }
        known.insert(address, (Arc::clone(schema), Arc::clone(&encoder)));
        Ok(encoder)
    }
}
