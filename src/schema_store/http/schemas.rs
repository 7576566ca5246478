//! Schemas by id.

use axum::extract::{Path, Query as Asked, State};
use serde_json::{Map, Value as Json};

use super::answer::{Answer, Place, SchemaAnswer, Text, VersionAnswer};
use super::query::Query;
use crate::schema_store::Refusal;
use crate::schema_store::catalog::versions::{self, Stored};
use crate::schema_store::registrar::Registrar;
use crate::schema_store::schema::SchemaType;

/// `GET /`: the store is there.
pub(super) async fn root() -> Answer<Map<String, Json>> {
    Answer(Map::new())
}

/// `GET /schemas/types`
pub(super) async fn types() -> Answer<[SchemaType; 3]> {
    Answer(SchemaType::ALL)
}

/// `GET /schemas`
pub(super) async fn list(
    State(registrar): State<Registrar>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<VersionAnswer>>, Refusal> {
    let found = registrar
        .run("list schemas", move |db| {
            versions::list(db, &query.prefix(), query.shown(), query.latest_only, query.page())
        })
        .await?;
    Ok(Answer(found.into_iter().map(VersionAnswer::from).collect()))
}

/// `GET /schemas/ids/{id}`
pub(super) async fn by_id(
    State(registrar): State<Registrar>,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Answer<SchemaAnswer>, Refusal> {
    let found = stored(&registrar, &id).await?;
    Ok(Answer(registrar.formatted(found, query.format.as_deref()).await?.into()))
}

/// `GET /schemas/ids/{id}/schema`
pub(super) async fn text_by_id(
    State(registrar): State<Registrar>,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Text, Refusal> {
    let found = stored(&registrar, &id).await?;
    Ok(Text(registrar.formatted(found, query.format.as_deref()).await?.text))
}

/// `GET /schemas/guids/{guid}`
pub(super) async fn by_guid(
    State(registrar): State<Registrar>,
    Path(guid): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Answer<SchemaAnswer>, Refusal> {
    let found = registrar.run("read a schema", move |db| versions::by_guid(db, &guid)).await?;
    let found = found.ok_or(Refusal::SchemaNotFound)?;
    Ok(Answer(registrar.formatted(found, query.format.as_deref()).await?.into()))
}

/// `GET /schemas/ids/{id}/subjects`
pub(super) async fn subjects(
    registrar: State<Registrar>,
    id: Path<String>,
    query: Asked<Query>,
) -> Result<Answer<Vec<String>>, Refusal> {
    let Answer(places) = self::versions(registrar, id, query).await?;
    let mut subjects: Vec<String> = places.into_iter().map(|place| place.subject).collect();
    subjects.dedup();
    Ok(Answer(subjects))
}

/// `GET /schemas/ids/{id}/versions`
pub(super) async fn versions(
    State(registrar): State<Registrar>,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<Place>>, Refusal> {
    let Stored { id, .. } = stored(&registrar, &id).await?;
    let shown = query.shown();
    let found = registrar.run("find a schema", move |db| versions::places(db, id, shown)).await?;
    let found =
        found.into_iter().filter(|(subject, _)| query.subject.as_ref().is_none_or(|only| only == subject));
    let places = found.map(|(subject, version)| Place { subject, version }).collect();
    Ok(Answer(query.cut(places)))
}

/// The schema with an id. What is no number is the id of none.
async fn stored(registrar: &Registrar, id: &str) -> Result<Stored, Refusal> {
    let id = id.parse::<u32>().map_err(|_| Refusal::SchemaNotFound)?;
    registrar.run("read a schema", move |db| versions::by_id(db, id)).await?.ok_or(Refusal::SchemaNotFound)
}
