//! What goes wrong between orgstream and an org.

use std::fmt;
use std::sync::Arc;

use orgstream_api::{brief, with_causes};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use crate::catalogue::{self, Disposition};

/// A call to an org failed. The text says which org, which call, what happened and what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// The org refuses the credentials, or the configuration makes the login impossible. Only a person can help.
    #[error("org `{org}`: {url} refuses the login: {code}: {message}; {advice}")]
    Refused {
        /// The org's name.
        org: Arc<str>,
        /// Where the login was tried.
        url: String,
        /// The OAuth error, such as `invalid_grant`.
        code: String,
        /// Its description.
        message: String,
        /// What to do.
        advice: &'static str,
    },
    /// No usable answer: a 5xx, a time-out, a cut connection, an answer that cannot be read. Whether a write was
    /// executed is unknown. [`Org::report`](crate::Org::report) finds out whether the org or the call is the trouble.
    #[error("{call} got no usable answer: {what}")]
    Trouble {
        /// The call.
        call: CallName,
        /// What happened instead.
        what: String,
        /// When the call began.
        started: Instant,
        /// What the org may have done all the same.
        executed: Executed,
        /// The transport's own error.
        #[source]
        source: Option<Arc<reqwest::Error>>,
    },
    /// The org answered with errors.
    #[error("{call} was answered {status}: {}", Errors(.errors))]
    Answer {
        /// The call.
        call: CallName,
        /// The HTTP status.
        status: u16,
        /// At least one; the first decides.
        errors: Vec<RecordError>,
    },
}

/// What an org may have done of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// Nothing.
    No,
    /// All of it or nothing, and the call is over.
    Perhaps,
    /// All of it or nothing, or it is still at it.
    PerhapsLater,
}

/// Which call to which org, without secrets and without a query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallName {
    /// The org's name.
    pub org: Arc<str>,
    /// The HTTP method.
    pub method: reqwest::Method,
    /// The path.
    pub path: String,
}

/// One error in an answer, about a record or about the whole call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordError {
    /// The code, as in the [catalogue]. Salesforce calls it `errorCode` in single calls and `statusCode` in collections.
    #[serde(alias = "errorCode", alias = "statusCode")]
    pub code: String,
    /// Salesforce's text, which may repeat a whole value: of long ones the beginning and the end.
    #[serde(default, deserialize_with = "in_brief")]
    pub message: String,
    /// The fields it is about.
    #[serde(default)]
    pub fields: Vec<String>,
}

impl ApiError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused { .. } => Disposition::Org,
            Self::Trouble { .. } => Disposition::Probe,
            Self::Answer { errors, .. } => {
                errors.first().map_or(Disposition::Reject, RecordError::disposition)
            }
        }
    }

    /// What the org may have done of the call. An answer that refuses a call says that nothing was done.
    pub fn executed(&self) -> Executed {
        match self {
            Self::Trouble { executed, .. } => *executed,
            Self::Refused { .. } | Self::Answer { .. } => Executed::No,
        }
    }

    /// Whether the credentials or the org's configuration are refused, which no repetition changes.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether the org says that there is nothing under the call's path, or nothing any more.
    pub fn means_nothing_there(&self) -> bool {
        matches!(self, Self::Answer { status: 404, .. })
            && self.code().is_some_and(|code| matches!(code, "NOT_FOUND" | "ENTITY_IS_DELETED"))
    }

    /// The error and what is behind it in one line: for what people read where the error itself is not passed on.
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }

    /// The same without the advice, for whoever knows better what to do: which call, and the org's own words.
    pub fn without_advice(&self) -> String {
        match self {
            Self::Answer { call, status, errors } => {
                let words: Vec<String> = errors.iter().map(RecordError::words).collect();
                format!("{call} was answered {status}: {}", words.join(" / "))
            }
            Self::Refused { .. } | Self::Trouble { .. } => self.with_causes(),
        }
    }

    /// The code that decides; `None` where there was no answer.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Trouble { .. } => None,
            Self::Answer { errors, .. } => errors.first().map(|error| error.code.as_str()),
        }
    }
}

impl RecordError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        catalogue::disposition(&self.code, &self.message)
    }

    /// The org's own words.
    fn words(&self) -> String {
        let fields = if self.fields.is_empty() {
            String::new()
        } else {
            format!(" (fields: {})", self.fields.join(", "))
        };
        format!("{}: {}{fields}", self.code, self.message)
    }

    /// Whether a parent that was named by a value of it is not there.
    pub fn means_no_parent(&self) -> bool {
        self.code == "INVALID_FIELD" && self.message.starts_with("Foreign key external ID")
    }

    /// What a person can do about it.
    pub fn advice(&self) -> Option<&'static str> {
        if self.means_no_parent() {
            return Some("the parent that the record names is not in this org: make it, or send it first");
        }
        catalogue::advice(&self.code)
    }

    /// Whether the row itself is in the recycle bin. A reference to a deleted row names its field.
    pub fn means_in_the_bin(&self) -> bool {
        self.disposition() == Disposition::Gone && self.fields.is_empty()
    }

    /// Whether a row cannot be deleted because others point at it.
    pub fn means_in_use(&self) -> bool {
        matches!(self.code.as_str(), "DELETE_FAILED" | "DEPENDENCY_EXISTS")
    }

    /// Whether the row itself may be in the recycle bin or gone altogether. What is said of a row that it points at names the
    /// field, as a rule.
    pub fn may_mean_itself_gone(&self) -> bool {
        self.may_mean_gone() && self.fields.is_empty()
    }

    /// Whether a row may be in the recycle bin or gone altogether: the one that was written, or one that it points at.
    pub fn may_mean_gone(&self) -> bool {
        self.disposition() == Disposition::Gone || self.code == "INVALID_CROSS_REFERENCE_KEY"
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "org `{}`: {} {}", self.org, self.method, self.path)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

fn in_brief<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    String::deserialize(text).map(|text| brief(&text).into_owned())
}

struct Errors<'a>(&'a [RecordError]);

impl fmt::Display for Errors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" / ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
