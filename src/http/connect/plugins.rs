//! The kinds of connectors, their properties, and whether properties would do.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::body::flat;
use super::{Answer, Connect, VERSION, connector, not_found};
use crate::confluent;
use crate::control::Kind;
use crate::http::answer::Refusal;

mod checked;
mod definition;

use definition::{definitions, shown};

/// The paths of the kinds of connectors.
pub(super) fn router() -> Router<Connect> {
    Router::new()
        .route("/connector-plugins", get(all))
        .route("/connector-plugins/{class}/config", get(config))
        .route("/connector-plugins/{class}/config/validate", put(validate))
}

async fn all() -> Json<Value> {
    let of = |class: &str, kind: Kind| json!({ "class": class, "type": kind.as_str(), "version": VERSION });
    let own = [Kind::Sink, Kind::Source].map(|kind| of(connector::class(kind), kind));
    let known = confluent::Kind::ALL
        .map(|known| of(known.class(), if known.is_source() { Kind::Source } else { Kind::Sink }));
    Json(known.into_iter().chain(own).collect())
}

async fn config(Path(class): Path<String>) -> Answer {
    match confluent::Kind::of_class(&class) {
        Ok(kind) => Ok(Json(definitions(kind).iter().map(shown).collect())),
        Err(_) => Err(not_found(format!("Unknown plugin {class}."))),
    }
}

/// What is wrong with properties, each fault at its property. Nothing is made of them.
async fn validate(State(connect): State<Connect>, Path(class): Path<String>, body: Bytes) -> Answer {
    let sent = flat(&body)?;
    let Some(Some(named)) = sent.get("connector.class") else {
        let message = "the properties contain no connector type: `connector.class` is missing";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    };
    let (asked, kind) = (confluent::Kind::of_class(&class), confluent::Kind::of_class(named));
    match (asked, kind) {
        (Ok(asked), Ok(kind)) if asked == kind => Ok(Json(checked::of(&connect, kind, named, &sent))),
        (Err(instead), _) if class == *named => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            format!(
                "Failed to find any class that implements Connector and which name matches {named}; {instead}"
            ),
        )),
        _ => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("Included connector type {named} does not match request type {class}"),
        )),
    }
}
