//! A schema text that was understood.

use protox::prost_reflect::prost_types::FileDescriptorProto;
use serde_json::Value as Json;

use super::canonical::canonical;
use super::{Reference, Referenced, SchemaType, avro, json_schema, protobuf};

/// How deep a schema and all that it refers to may nest together. The parsers recurse, and the stack is finite.
const DEEPEST: usize = 256;

/// A text with all that it takes to understand it.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is written in.
    pub schema_type: SchemaType,
    /// The text, as it came.
    pub text: String,
    /// What it refers to directly.
    pub references: Vec<Reference>,
    /// The texts behind its references and theirs; each after those it refers to itself.
    pub referenced: Vec<Referenced>,
}

/// A schema that can be compared with others.
#[derive(Debug)]
pub struct Document {
    canonical: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Avro(avro::Schema),
    Json(Json, Vec<Reference>),
    Protobuf(Box<FileDescriptorProto>, Vec<Reference>),
}

impl Document {
    /// Understands a text, or says why it is no schema. Takes time that grows with the text.
    pub fn parse(source: &Source) -> Result<Self, String> {
        if let Some(other) = source.referenced.iter().find(|other| other.schema_type != source.schema_type) {
            let (of, own) = (other.schema_type.as_str(), source.schema_type.as_str());
            return Err(format!("the reference `{}` leads to a schema of type {of}, not {own}", other.name));
        }
        match source.schema_type {
            SchemaType::Avro => {
                let json = json_texts(source)?;
                let body = Body::Avro(avro::parse(source)?);
                Ok(Self { canonical: canonical(&json), body })
            }
            SchemaType::Json => {
                let json = json_texts(source)?;
                json_schema::validate(&json)?;
                let canonical = canonical(&json);
                Ok(Self { canonical, body: Body::Json(json, source.references.clone()) })
            }
            SchemaType::Protobuf => {
                let file = protobuf::parse(source)?;
                let canonical = protobuf::serialized(&file);
                Ok(Self { canonical, body: Body::Protobuf(Box::new(file), source.references.clone()) })
            }
        }
    }

    /// The text that equal schemas share.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The compiled form of a Protobuf schema, in base64; `None` for other types.
    pub fn serialized(&self) -> Option<&str> {
        match self.body {
            Body::Protobuf(..) => Some(&self.canonical),
            Body::Avro(_) | Body::Json(..) => None,
        }
    }

    /// Why this schema cannot read all that was written with `writer`, or why that cannot be told.
    /// `None` when it can.
    pub fn obstacle_to_reading(&self, writer: &Self) -> Option<String> {
        match (&self.body, &writer.body) {
            (Body::Avro(reader), Body::Avro(writer)) => avro::obstacle(reader, writer),
            (Body::Json(reader, references), Body::Json(writer, others)) => {
                same(references, others).or_else(|| json_schema::obstacle(reader, writer))
            }
            (Body::Protobuf(reader, references), Body::Protobuf(writer, others)) => {
                same(references, others).or_else(|| protobuf::obstacle(reader, writer))
            }
            _ => Some("it is a schema of another type".to_owned()),
        }
    }
}

/// Schemas of these types are compared without what they refer to; so that has to be the same.
fn same(references: &[Reference], others: &[Reference]) -> Option<String> {
    (references != others).then(|| {
        "a change of references cannot be checked, other than for Avro; they have to stay".to_owned()
    })
}

/// The text as JSON, once it and what it refers to is known to be JSON of a bearable depth.
fn json_texts(source: &Source) -> Result<Json, String> {
    let read =
        |text: &str| serde_json::from_str::<Json>(text).map_err(|error| format!("it is not JSON: {error}"));
    let json = read(&source.text)?;
    let mut deep = depth(&json);
    for other in &source.referenced {
        deep +=
            depth(&read(&other.text).map_err(|error| format!("the reference `{}`: {error}", other.name))?);
    }
    if deep > DEEPEST {
        return Err(format!(
            "it nests {deep} levels deep with its references, more than the {DEEPEST} that can be checked"
        ));
    }
    Ok(json)
}

// serde_json's parser bounds the depth of each text.
fn depth(json: &Json) -> usize {
    let inner = match json {
        Json::Object(members) => members.values().map(depth).max(),
        Json::Array(items) => items.iter().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}
