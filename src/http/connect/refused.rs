//! What would change a connector, and is not done here: the file says what runs.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::put;

use super::{Connect, not_found, unknown};
use crate::http::answer::Refusal;

/// Paths at which nothing can be read.
pub(super) fn router() -> Router<Connect> {
    Router::new().route("/connectors/{name}/topics/reset", put(change))
}

/// A connector more.
pub(super) async fn create(State(connect): State<Connect>) -> Response {
    let message = format!(
        "connectors are not made over REST: add a pipeline to {} and apply it (`orgstream apply`)",
        connect.file()
    );
    let mut response = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

/// `PUT` of a configuration makes a connector that is not there.
pub(super) async fn put_config(connect: State<Connect>, name: Path<String>) -> Response {
    if connect.connectors().contains_key(name.as_str()) {
        change(connect, name).await.into_response()
    } else {
        create(connect).await
    }
}

/// A connector that is there.
pub(super) async fn change(State(connect): State<Connect>, Path(name): Path<String>) -> Refusal {
    refuse(&connect, &name)
}

fn refuse(connect: &Connect, name: &str) -> Refusal {
    let known = connect.with(name, || unknown(name), |connector, _| connector.pipeline.clone());
    match known {
        Ok(pipeline) => Refusal::new(
            StatusCode::CONFLICT,
            format!(
                "Connector {name} is a part of the pipeline `{pipeline}` of {}, and is not changed over REST: change the file \
                 and apply it (`orgstream apply`)",
                connect.file()
            ),
        ),
        Err(refusal) => not_found(refusal.message),
    }
}
