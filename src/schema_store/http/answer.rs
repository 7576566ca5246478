//! What goes out: JSON of the registry's content type, for errors too.

use axum::body::to_bytes;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::schema_store::Refusal;
use crate::schema_store::catalog::versions::{Stored, Version};
use crate::schema_store::schema::{Reference, SchemaType};

const REGISTRY_JSON: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json");
/// The longest text that axum itself answers with; anything longer is cut away.
const LONGEST_TEXT: usize = 4 * 1024;

/// A JSON answer.
pub(super) struct Answer<T>(pub(super) T);

/// The text of a schema, as it was registered.
pub(super) struct Text(pub(super) String);

/// A schema without its place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaAnswer {
    guid: String,
    /// Left out for Avro, as Confluent's registry does.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_type: Option<SchemaType>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    schema: String,
}

/// A version of a subject.
#[derive(Serialize)]
pub(super) struct VersionAnswer {
    subject: String,
    version: u32,
    id: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    #[serde(flatten)]
    schema: SchemaAnswer,
}

/// A schema that is registered.
#[derive(Serialize)]
pub(super) struct RegisteredAnswer {
    id: u32,
    version: u32,
    guid: String,
}

/// A place of a schema.
#[derive(Serialize)]
pub(super) struct Place {
    pub(super) subject: String,
    pub(super) version: u32,
}

#[derive(Serialize)]
struct ErrorAnswer {
    error_code: u32,
    message: String,
}

impl From<Stored> for SchemaAnswer {
    fn from(schema: Stored) -> Self {
        let schema_type = (schema.schema_type != SchemaType::Avro).then_some(schema.schema_type);
        Self { guid: schema.guid, schema_type, references: schema.references, schema: schema.text }
    }
}

impl From<Version> for VersionAnswer {
    fn from(version: Version) -> Self {
        let Version { subject, version, deleted, schema } = version;
        Self { subject, version, id: schema.id, deleted, schema: schema.into() }
    }
}

impl From<Version> for RegisteredAnswer {
    fn from(version: Version) -> Self {
        Self { id: version.schema.id, version: version.version, guid: version.schema.guid }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("numbers, strings and lists of them always serialise");
        ([(CONTENT_TYPE, REGISTRY_JSON)], body).into_response()
    }
}

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, REGISTRY_JSON)], self.0).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "The schema store cannot answer.");
        }
        // The causes too: whoever asked sees no log.
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(&self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        (self.status(), Answer(ErrorAnswer { error_code: self.code(), message })).into_response()
    }
}

/// Gives axum's own refusals, such as those of unknown paths and of bodies that are too long, the registry's form.
pub(super) async fn in_registry_words(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(CONTENT_TYPE) == Some(&REGISTRY_JSON) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let message = if text.is_empty() { format!("HTTP {status}") } else { text.into_owned() };
    let answer = Refusal::Request(status, message).into_response();
    let (answered, body) = answer.into_parts();
    // What else axum says, such as which methods a path has, stays.
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(answered.headers);
    Response::from_parts(head, body)
}
