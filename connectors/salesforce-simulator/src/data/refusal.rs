//! Why a call or a record was refused: code, message, fields and HTTP status, in Salesforce's words.
//!
//! The same refusal is an `errorCode` in the array of a single call and a `statusCode` in the result of one record
//! of a collection.

use serde_json::{Value as Json, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status of a single call.
    pub(crate) status: u16,
    /// Such as `REQUIRED_FIELD_MISSING`.
    pub(crate) code: String,
    /// Text for people; some clients parse it.
    pub(crate) message: String,
    /// Fields concerned; `None` for refusals that have nothing to do with a record.
    pub(crate) fields: Option<Vec<String>>,
}

impl Refusal {
    /// A refused call.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), fields: None }
    }

    /// A refused record, HTTP 400.
    pub(crate) fn record(code: &str, message: impl Into<String>, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Self { fields: Some(fields), ..Self::new(400, code, message) }
    }

    /// The same refusal with another HTTP status.
    #[must_use]
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// No resource has this path.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// The record is in the recycle bin.
    pub(crate) fn deleted() -> Self {
        Self::record("ENTITY_IS_DELETED", "entity is deleted", &[]).status(404)
    }

    /// No record has this id.
    pub(crate) fn no_such_record() -> Self {
        Self::record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[]).status(404)
    }

    /// As an element of the array that answers a single call.
    pub(crate) fn to_error(&self) -> Json {
        let mut error = json!({"message": self.message, "errorCode": self.code});
        if let (Some(fields), Some(object)) = (&self.fields, error.as_object_mut()) {
            object.insert("fields".to_owned(), json!(fields));
        }
        error
    }

    /// As an element of `errors` in the result of one record of a collection.
    pub(crate) fn to_status(&self) -> Json {
        json!({"statusCode": self.code, "message": self.message, "fields": self.fields.clone().unwrap_or_default()})
    }
}
