//! What a schema takes from others: by name, subject and version.

use serde::{Deserialize, Serialize};

use super::SchemaType;

/// A reference of a schema to a version of a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// What the schema calls it: an import in Protobuf, the target of a `$ref` in JSON Schema, a type in Avro.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The version; -1 is the latest in a request, and never in what is stored.
    pub version: i64,
}

/// The text behind a reference.
#[derive(Debug, Clone)]
pub struct Referenced {
    /// The name under which it is referred to.
    pub name: String,
    /// What it is written in.
    pub schema_type: SchemaType,
    /// Its text.
    pub text: String,
}
