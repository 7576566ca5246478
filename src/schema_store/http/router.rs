//! Which path leads where.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use super::answer::in_registry_words;
use super::{compatibility, deletions, schemas, settings, subjects};
use crate::schema_store::registrar::Registrar;
use crate::schema_store::{Compatibility, Mode};

/// The longest request. A schema of an object with a thousand fields takes a fifth of it.
const LONGEST: usize = 2 * 1024 * 1024;

/// The paths of the registry over what the database of `registrar` holds.
pub(in crate::schema_store) fn router(registrar: Registrar) -> Router {
    Router::new()
        .route("/", get(schemas::root))
        .route("/subjects", get(subjects::list))
        .route("/subjects/{subject}", post(subjects::find).delete(deletions::subject))
        .route("/subjects/{subject}/versions", get(subjects::versions).post(subjects::register))
        .route("/subjects/{subject}/versions/{version}", get(subjects::version).delete(deletions::version))
        .route("/subjects/{subject}/versions/{version}/schema", get(subjects::version_text))
        .route("/subjects/{subject}/versions/{version}/referencedby", get(subjects::referenced_by))
        .route("/schemas", get(schemas::list))
        .route("/schemas/types", get(schemas::types))
        .route("/schemas/ids/{id}", get(schemas::by_id))
        .route("/schemas/ids/{id}/schema", get(schemas::text_by_id))
        .route("/schemas/ids/{id}/subjects", get(schemas::subjects))
        .route("/schemas/ids/{id}/versions", get(schemas::versions))
        .route("/schemas/guids/{guid}", get(schemas::by_guid))
        .route("/compatibility/subjects/{subject}/versions", post(compatibility::with_all))
        .route("/compatibility/subjects/{subject}/versions/{version}", post(compatibility::with_one))
        .route("/config", settings::of_the_store::<Compatibility>())
        .route("/config/{subject}", settings::of_a_subject::<Compatibility>())
        .route("/mode", settings::of_the_store::<Mode>())
        .route("/mode/{subject}", settings::of_a_subject::<Mode>())
        .with_state(registrar)
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(map_response(in_registry_words))
}
