//! Records → JSON behind the id of a JSON Schema.

use std::sync::Arc;

use orgstream_api::{Schema, Struct};

use super::encode::payload;
use super::schema_text::schema_text;
use super::typed::Typed;

/// Writes records of one of our schemas, which a JSON Schema describes.
#[derive(Debug)]
pub(in crate::codec) struct Encoder {
    /// The fields that are never null.
    required: Vec<usize>,
}

impl Encoder {
    /// Checks that the JSON Schema `text` describes records of `schema`; an error says where it does not.
    pub(in crate::codec) fn compile(text: &str, schema: &Arc<Schema>) -> Result<Self, String> {
        let fields = schema.fields().iter().enumerate();
        let own = fields.clone().filter(|(_, field)| !field.optional).map(|(index, _)| index);
        // What is registered here is of our own making as a rule.
        if text == schema_text(schema) {
            return Ok(Self { required: own.collect() });
        }
        let json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let typed = Typed::parse(&json);
        let typed = typed.ok_or("the registered schema does not say the type of every field")?;
        let mut required: Vec<usize> = own.collect();
        for (index, field) in fields {
            match typed.schema().field(&field.name) {
                None => return Err(format!("the registered schema has no field {}", field.name)),
                Some(known) if known.kind != field.kind => {
                    return Err(format!(
                        "field {}: a value of {:?} cannot be written as {:?}",
                        field.name, field.kind, known.kind
                    ));
                }
                Some(known) if field.optional && !known.optional => required.push(index),
                Some(_) => {}
            }
        }
        let missing = |field: &&orgstream_api::Field| schema.field(&field.name).is_none();
        match typed.schema().fields().iter().filter(|field| !field.optional).find(missing) {
            None => Ok(Self { required }),
            Some(asked) => Err(format!(
                "the registered schema asks for field {}, which {} does not have",
                asked.name,
                schema.name()
            )),
        }
    }

    /// Appends the bytes of `value`. After an error `out` ends with a part of them.
    pub(in crate::codec) fn encode(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
        match self.required.iter().find(|index| value.values()[**index].is_null()) {
            Some(index) => {
                let schema = value.schema();
                let name = &schema.fields()[*index].name;
                Err(format!("field {name} of {} is required and holds null", schema.name()))
            }
            None => payload(value, out),
        }
    }
}
