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

/// A record could not be encoded or decoded.
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
    /// A record does not fit its own schema: a fault of whoever made it.
    #[error("a {part} of schema {schema} cannot be encoded: {reason}")]
    Unencodable {
        /// Which half.
        part: Part,
        /// The schema's name.
        schema: String,
        /// What is wrong.
        reason: String,
    },
    /// The registry refuses a schema. Trying again would not help.
    #[error("{registry} refuses the schema of subject {subject}: {message}")]
    Incompatible {
        /// The registry's URL.
        registry: String,
        /// The subject.
        subject: String,
        /// The registry's words, and what to do.
        message: String,
    },
    /// The registry refuses to answer, as with wrong credentials. Nobody's record is at fault, and trying again would not help.
    #[error("{registry} does not answer: {reason}")]
    Registry {
        /// The registry's URL.
        registry: String,
        /// What it said, and what to do.
        reason: String,
    },
}
