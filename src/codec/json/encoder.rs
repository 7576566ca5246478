//! Records → JSON behind the id of a JSON Schema.

use std::sync::Arc;

use orgstream_api::{Schema, Struct};

use super::encode::payload;
use super::schema_text::schema_text;
use super::typed::Typed;

/// Writes records of one of our schemas, which a JSON Schema describes.
#[derive(Debug)]
pub(in crate::codec) struct Encoder;

impl Encoder {
    /// Checks that the JSON Schema `text` describes records of `schema`; an error says where it does not.
    pub(in crate::codec) fn compile(text: &str, schema: &Arc<Schema>) -> Result<Self, String> {
        // What is registered here is of our own making as a rule.
        if text == schema_text(schema) {
            return Ok(Self);
        }
        let json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let typed = Typed::parse(&json);
        let typed = typed.ok_or("the registered schema does not say the type of every field")?;
        for field in schema.fields() {
            match typed.schema().field(&field.name) {
                None => return Err(format!("the registered schema has no field {}", field.name)),
                Some(known) if known.kind != field.kind => {
                    return Err(format!(
                        "field {}: a value of {:?} cannot be written as {:?}",
                        field.name, field.kind, known.kind
                    ));
                }
                Some(_) => {}
            }
        }
        let missing = |field: &&orgstream_api::Field| schema.field(&field.name).is_none();
        match typed.schema().fields().iter().filter(|field| !field.optional).find(missing) {
            None => Ok(Self),
            Some(asked) => Err(format!(
                "the registered schema asks for field {}, which {} does not have",
                asked.name,
                schema.name()
            )),
        }
    }

    /// Appends the bytes of `value`. After an error `out` ends with a part of them.
    #[expect(clippy::unused_self, reason = "whoever has an encoder has a schema that fits")]
    pub(in crate::codec) fn encode(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
        let mut fields = value.schema().fields().iter().zip(value.values());
        match fields.find(|(field, value)| !field.optional && value.is_null()) {
            Some((field, _)) => {
                Err(format!("field {} of {} is required and holds null", field.name, value.schema().name()))
            }
            None => payload(value, out),
        }
    }
}
