//! Why a call or a record was refused: code, message, fields and HTTP status, in Salesforce's words.
//!
//! The same refusal is an `errorCode` in the array of a single call and a `statusCode` in the result of one record
//! of a collection.

use serde_json::{Map, Value as Json, json};

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
    /// What few refusals have.
    pub(crate) more: Option<Box<More>>,
}

/// What a refusal may have beside code, message and fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// A further key of the error and its value: what a duplicate rule found.
    detail: Option<(&'static str, Json)>,
    /// The way to the JSON value that cannot be read; whoever has the text can say where it ends.
    within: Vec<String>,
    /// Further errors of the same record: every validation rule that it breaks is told.
    further: Vec<Refusal>,
}

impl Refusal {
    /// A refused call.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), fields: None, more: None }
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

    /// The same refusal with one more key.
    #[must_use]
    pub(crate) fn detail(mut self, key: &'static str, value: Json) -> Self {
        self.more.get_or_insert_default().detail = Some((key, value));
        self
    }

    /// The same refusal, of the value of a key.
    #[must_use]
    pub(crate) fn within(mut self, key: &str) -> Self {
        self.more.get_or_insert_default().within.insert(0, key.to_owned());
        self
    }

    /// The way to the JSON value that cannot be read, from the outside in; empty for other refusals.
    pub(crate) fn way(&self) -> &[String] {
        self.more.as_ref().map(|more| more.within.as_slice()).unwrap_or_default()
    }

    /// The same refusal with further errors of the same record.
    #[must_use]
    pub(crate) fn and(mut self, further: Vec<Self>) -> Self {
        self.more.get_or_insert_default().further = further;
        self
    }

    /// No resource has this path.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// A real org has it, the simulator does not.
    pub(crate) fn not_simulated(what: &str) -> Self {
        Self::new(501, "FUNCTIONALITY_NOT_ENABLED", format!("the org simulator does not have {what}"))
    }

    /// The record is in the recycle bin.
    pub(crate) fn deleted() -> Self {
        Self::record("ENTITY_IS_DELETED", "entity is deleted", &[]).status(404)
    }

    /// No record has this id.
    pub(crate) fn no_such_record() -> Self {
        Self::record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[]).status(404)
    }

    /// Several records have this value of an external id.
    pub(crate) fn ambiguous(field: &str, ids: &[&str]) -> Self {
        let message =
            format!("{field}: more than one record found for external id field: [{}]", ids.join(", "));
        Self::record("DUPLICATE_EXTERNAL_ID", message, &[field])
    }

    /// The elements of the array that answers a single call.
    pub(crate) fn to_errors(&self) -> Vec<Json> {
        self.all().map(Self::to_error).collect()
    }

    /// The elements of `errors` in the result of one record of a collection.
    pub(crate) fn to_statuses(&self) -> Vec<Json> {
        self.all().map(Self::to_status).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.more.iter().flat_map(|more| &more.further))
    }

    fn to_error(&self) -> Json {
        let mut error = Map::new();
        // With a detail the keys come in the order of the alphabet, and there are no fields.
        if let Some((key, value)) = self.more.as_ref().and_then(|more| more.detail.as_ref()) {
            error.insert((*key).to_owned(), value.clone());
            error.insert("errorCode".to_owned(), json!(self.code));
            error.insert("message".to_owned(), json!(self.message));
            return Json::Object(error);
        }
        error.insert("message".to_owned(), json!(self.message));
        error.insert("errorCode".to_owned(), json!(self.code));
        if let Some(fields) = &self.fields {
            error.insert("fields".to_owned(), json!(fields));
        }
        Json::Object(error)
    }

    fn to_status(&self) -> Json {
        let mut status = Map::new();
        status.insert("statusCode".to_owned(), json!(self.code));
        status.insert("message".to_owned(), json!(self.message));
        status.insert("fields".to_owned(), json!(self.fields.clone().unwrap_or_default()));
        if let Some((key, value)) = self.more.as_ref().and_then(|more| more.detail.as_ref()) {
            status.insert((*key).to_owned(), value.clone());
        }
        Json::Object(status)
    }
}
