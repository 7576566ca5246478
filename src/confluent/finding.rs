//! What became of one property.

use std::fmt;

use serde::Serialize;

/// How a property is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing can run with it: it is wrong, missing, or asks for something that there is not.
    Refused,
    /// It is honoured in another way than by Kafka Connect.
    Differs,
    /// Nobody knows it. Kafka Connect tolerates such properties, so it is no error.
    Unknown,
    /// It is accepted and has no effect, because there is nothing that it could have an effect on.
    Ignored,
    /// It does here what it does there.
    Honoured,
}

impl Verdict {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
            Self::Ignored => "ignored",
            Self::Honoured => "honoured",
        }
    }
}

/// What became of one property. Never holds a secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, or the connector that came by another way.
    pub of: String,
    /// The line of the file, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The property's name.
    pub property: String,
    /// How it is taken.
    pub verdict: Verdict,
    /// What that means, and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}: {}", self.verdict.as_str(), self.property, self.message)
    }
}
