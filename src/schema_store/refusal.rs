//! What the store refuses, with the registry's codes for it.

use axum::http::StatusCode;
use orgstream_api::StoreError;

/// A request that is not done. The codes are Confluent's; clients act on them.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such subject.
    #[error("subject `{0}` not found")]
    SubjectNotFound(String),
    /// No such version of the subject.
    #[error("version {0} not found")]
    VersionNotFound(String),
    /// No such id, or the subject does not hold the schema.
    #[error("schema not found")]
    SchemaNotFound,
    /// All versions of the subject are marked as deleted.
    #[error("subject `{0}` is deleted; remove it for good with permanent=true")]
    SubjectDeleted(String),
    /// A subject is only removed for good after it was deleted.
    #[error(
        "subject `{0}` was not deleted before it is to be removed for good; delete it without permanent=true first"
    )]
    SubjectNotDeleted(String),
    /// The version is marked as deleted.
    #[error("version {version} of subject `{subject}` is deleted; remove it for good with permanent=true")]
    VersionDeleted {
        /// The subject.
        subject: String,
        /// Its version.
        version: u32,
    },
    /// A version is only removed for good after it was deleted.
    #[error(
        "version {version} of subject `{subject}` was not deleted before it is to be removed for good; delete it \
         without permanent=true first"
    )]
    VersionNotDeleted {
        /// The subject.
        subject: String,
        /// Its version.
        version: u32,
    },
    /// The subject has no level of its own.
    #[error("subject `{0}` has no compatibility level of its own")]
    NoLevel(String),
    /// The subject has no mode of its own.
    #[error("subject `{0}` has no mode of its own")]
    NoMode(String),
    /// The text is no schema.
    #[error("invalid schema: {0}")]
    InvalidSchema(String),
    /// Neither a number nor `latest`.
    #[error("`{0}` is no version; versions are numbers from 1, or `latest`")]
    InvalidVersion(String),
    /// No compatibility level.
    #[error(
        "`{0}` is no compatibility level; there are NONE, BACKWARD, FORWARD, FULL, BACKWARD_TRANSITIVE, \
         FORWARD_TRANSITIVE and FULL_TRANSITIVE"
    )]
    InvalidLevel(String),
    /// No mode, or one that is not offered.
    #[error("`{0}` is no mode of the embedded schema store; there are READWRITE and READONLY")]
    InvalidMode(String),
    /// The subject takes no writes.
    #[error("{0}")]
    NotPermitted(String),
    /// Other schemas refer to the version.
    #[error("version {version} of subject `{subject}` is referred to by schemas {ids:?}; remove those first")]
    Referenced {
        /// The subject.
        subject: String,
        /// Its version.
        version: u32,
        /// The schemas that refer to it.
        ids: Vec<u32>,
    },
    /// The schema breaks the subject's promise, or it cannot be told whether it does.
    #[error("the schema is incompatible with an earlier one of subject `{subject}` ({level}): {}", reasons.join("; "))]
    Incompatible {
        /// The subject.
        subject: String,
        /// Its compatibility level.
        level: &'static str,
        /// What stands between.
        reasons: Vec<String>,
    },
    /// The request itself cannot be understood, with the HTTP status that says so.
    #[error("{1}")]
    Request(StatusCode, String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        let code = self.code();
        let status = if code < 10_000 { code } else { code / 100 };
        u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The `error_code` of the answer. Its first three digits are the status.
    pub fn code(&self) -> u32 {
        match self {
            Self::SubjectNotFound(_) => 40401,
            Self::VersionNotFound(_) => 40402,
            Self::SchemaNotFound => 40403,
            Self::SubjectDeleted(_) => 40404,
            Self::SubjectNotDeleted(_) => 40405,
            Self::VersionDeleted { .. } => 40406,
            Self::VersionNotDeleted { .. } => 40407,
            Self::NoLevel(_) => 40408,
            Self::NoMode(_) => 40409,
            Self::InvalidSchema(_) => 42201,
            Self::InvalidVersion(_) => 42202,
            Self::InvalidLevel(_) => 42203,
            Self::InvalidMode(_) => 42204,
            Self::NotPermitted(_) => 42205,
            Self::Referenced { .. } => 42206,
            Self::Incompatible { .. } => 409,
            Self::Request(status, _) => status.as_u16().into(),
            Self::Store(_) => 50001,
        }
    }
}
