//! Bodies of requests.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::schema_store::Refusal;
use crate::schema_store::registrar::Submitted;
use crate::schema_store::schema::{Reference, SchemaType};

/// The content types of the registry's clients. Others are refused, so that no web page can write here: a browser
/// asks before it sends one of these to another site, and gets no leave.
const CONTENT_TYPES: [&str; 4] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
];

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !CONTENT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
            let message = format!("content type `{essence}` is not taken; send {}", CONTENT_TYPES[0]);
            return Err(Refusal::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response());
        }
        // Too long a body is refused by axum, which has the words for it.
        let bytes = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            // Well-formed JSON of another shape is 422, as in the registry.
            let status =
                if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            Refusal::Request(status, format!("the body cannot be read: {error}")).into_response()
        })
    }
}

/// A schema to register, to look up or to test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaRequest {
    schema: Option<String>,
    schema_type: Option<String>,
    references: Option<Vec<ReferenceRequest>>,
    /// Ids and versions are given here, not taken; clients send 0 or -1 where they have none.
    id: Option<i64>,
    version: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

/// Some clients send properties and tags of references, which are always empty.
#[derive(Debug, Deserialize)]
struct ReferenceRequest {
    name: String,
    subject: String,
    version: i64,
}

/// The word of a setting.
#[derive(Debug, Deserialize)]
pub(super) struct SettingRequest {
    compatibility: Option<String>,
    mode: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

impl SchemaRequest {
    /// The schema. With `normalize`, the order and repetition of references mean nothing.
    pub(super) fn submitted(self, normalize: bool) -> Result<Submitted, Refusal> {
        refuse_unknown(&self.rest)?;
        if self.id.is_some_and(|id| id > 0) || self.version.is_some_and(|version| version > 0) {
            let message = "ids and versions are given by the store; it takes none, as it has no import mode";
            return Err(Refusal::NotPermitted(message.to_owned()));
        }
        let word = self.schema_type.filter(|word| !word.is_empty());
        let schema_type = match word {
            None => SchemaType::default(),
            Some(word) => SchemaType::named(&word)
                .ok_or_else(|| Refusal::InvalidSchema(format!("`{word}` is no type of schema")))?,
        };
        let references = self.references.unwrap_or_default().into_iter();
        let mut references: Vec<Reference> = references
            .map(|ReferenceRequest { name, subject, version }| Reference { name, subject, version })
            .collect();
        if normalize {
            references.sort_unstable();
            references.dedup();
        }
        Ok(Submitted { schema_type, text: self.schema.unwrap_or_default(), references })
    }
}

impl SettingRequest {
    /// The word under the key `compatibility` or `mode`.
    pub(super) fn word(self, key: &str) -> Result<String, Refusal> {
        refuse_unknown(&self.rest)?;
        let word = if key == "mode" { self.mode } else { self.compatibility };
        let missing = || Refusal::Request(StatusCode::UNPROCESSABLE_ENTITY, format!("`{key}` is missing"));
        word.ok_or_else(missing)
    }
}

/// What would be lost is refused. Clients send `null` for what they do not use.
fn refuse_unknown(rest: &Map<String, Json>) -> Result<(), Refusal> {
    match rest.iter().find(|(_, value)| !value.is_null()) {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!(
                "`{key}` is nothing that the embedded schema store keeps; use a schema registry for it"
            );
            Err(Refusal::Request(StatusCode::UNPROCESSABLE_ENTITY, message))
        }
    }
}
