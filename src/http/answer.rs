//! Errors as Kafka Connect answers them: `{"error_code", "message"}`.

use axum::Json;
use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The longest text that axum itself answers with; anything longer is cut away.
const LONGEST_TEXT: usize = 4 * 1024;

/// A request that is not answered as asked.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: StatusCode,
    /// Why, and what to do.
    pub(super) message: String,
}

/// The wire form.
#[derive(Serialize)]
struct Body {
    error_code: u16,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body { error_code: self.status.as_u16(), message: self.message };
        (self.status, Json(body)).into_response()
    }
}

/// Gives axum's own refusals, such as those of unknown paths and methods, Kafka Connect's words.
pub(super) async fn in_connect_words(response: Response) -> Response {
    let status = response.status();
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !(status.is_client_error() || status.is_server_error()) || is_json {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let message = if text.is_empty() { format!("HTTP {status}") } else { text.into_owned() };
    let (answered, body) = Refusal::new(status, message).into_response().into_parts();
    // What else axum says, such as which methods a path has, stays.
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(answered.headers);
    Response::from_parts(head, body)
}
