//! Whose fault it is when bytes do not become a record, or a record not bytes.

use std::fmt;

/// The two halves of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Part {
    /// The word used in messages and in subjects.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record could not be encoded or decoded. A registry that is away is waited for, and is none of these.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are no record, or of a form that is not understood: the record's own fault. A dead letter.
    #[error("the {part} cannot be decoded: {reason}")]
    Undecodable {
        /// Which half.
        part: Part,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry does not have the schema that the bytes name, though it was asked for a while. One such record may be
    /// garbage; several say that the registry is behind, or is another one.
    #[error("the {part} names schema {id}, which the registry at {registry} does not have: {reason}")]
    UnknownSchema {
        /// Which half.
        part: Part,
        /// The schema's id.
        id: u32,
        /// The registry's URL.
        registry: String,
        /// The registry's words.
        reason: String,
    },
    /// A record does not fit its own schema: a fault of whoever made it.
    #[error("a {part} for subject {subject} cannot be encoded: {reason}")]
    Unencodable {
        /// Which half.
        part: Part,
        /// The subject, which names the topic.
        subject: String,
        /// What is wrong, and with which field.
        reason: String,
    },
    /// The registry refuses a schema. Trying again would not help.
    #[error(
        "the schema registry at {registry} refuses the schema of subject {subject}: {message}. A field of the object \
         was changed in a way that readers of the topic cannot follow: relax the subject's compatibility, or write to a \
         new topic"
    )]
    Incompatible {
        /// The registry's URL.
        registry: String,
        /// The subject.
        subject: String,
        /// The registry's words.
        message: String,
    },
    /// The registry does not have the schema of records, and it is not for us to register it.
    #[error(
        "the schema registry at {registry} does not have the schema of {name} in subject {subject} ({reason}), and the \
         pipeline's `output` keeps orgstream from registering schemas: register it there, or write `schemas: register` \
         (`key_schemas` for keys)"
    )]
    Unregistered {
        /// The registry's URL.
        registry: String,
        /// The subject.
        subject: String,
        /// The name of the records' schema.
        name: String,
        /// The registry's words.
        reason: String,
    },
    /// Records do not fit into the schema that they are to be written with.
    #[error(
        "{name} does not fit version {version} of subject {subject}, the latest in the schema registry at {registry}: \
         {reason}. Register a version that it fits, leave the field out of the pipeline, or write `schemas: register`"
    )]
    Unfit {
        /// The registry's URL.
        registry: String,
        /// The subject.
        subject: String,
        /// The name of the records' schema.
        name: String,
        /// The number of the version.
        version: String,
        /// Which field, and why.
        reason: String,
    },
    /// The registry is not to be had: it did not answer at the start, or refuses to, as with wrong credentials.
    #[error(
        "the schema registry at {registry} cannot be used: {reason}. Check that the registry runs, and the section \
         `schema_registry`: `url`, and where it asks for them `basic_auth`, `bearer_token`, `ca`, `certificate` and `key`"
    )]
    Registry {
        /// The registry's URL.
        registry: String,
        /// What it said.
        reason: String,
        /// Whether it did not answer, which may pass.
        is_away: bool,
    },
}
