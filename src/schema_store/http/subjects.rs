//! Subjects and their versions.

use axum::extract::{Path, Query as Asked, State};

use super::answer::{Answer, RegisteredAnswer, Text, VersionAnswer};
use super::query::{Query, wanted};
use super::request::{Body, SchemaRequest};
use crate::schema_store::Refusal;
use crate::schema_store::catalog::references;
use crate::schema_store::catalog::versions::{self, Shown, Version};
use crate::schema_store::registrar::Registrar;

/// `GET /subjects`
pub(super) async fn list(
    State(registrar): State<Registrar>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<String>>, Refusal> {
    let (prefix, shown) = (query.prefix(), query.shown());
    let found = registrar.run("list subjects", move |db| versions::subjects(db, &prefix, shown)).await?;
    Ok(Answer(query.cut(found)))
}

/// `GET /subjects/{subject}/versions`
pub(super) async fn versions(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<u32>>, Refusal> {
    let (key, shown) = (subject.clone(), query.shown());
    let found = registrar.run("list versions", move |db| versions::numbers(db, &key, shown)).await?;
    if found.is_empty() {
        return Err(Refusal::SubjectNotFound(subject));
    }
    Ok(Answer(query.cut(found)))
}

/// `POST /subjects/{subject}/versions`
pub(super) async fn register(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
    Body(request): Body<SchemaRequest>,
) -> Result<Answer<RegisteredAnswer>, Refusal> {
    let version = registrar.register(&subject, request.submitted(query.normalize)?).await?;
    Ok(Answer(version.into()))
}

/// `POST /subjects/{subject}`
pub(super) async fn find(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
    Body(request): Body<SchemaRequest>,
) -> Result<Answer<VersionAnswer>, Refusal> {
    let submitted = request.submitted(query.normalize)?;
    let found = registrar.find(&subject, submitted, query.shown()).await?;
    Ok(Answer(formatted(&registrar, found, &query).await?.into()))
}

/// `GET /subjects/{subject}/versions/{version}`
pub(super) async fn version(
    State(registrar): State<Registrar>,
    Path((subject, word)): Path<(String, String)>,
    Asked(query): Asked<Query>,
) -> Result<Answer<VersionAnswer>, Refusal> {
    let found = one(&registrar, subject, &word, query.shown()).await?;
    Ok(Answer(formatted(&registrar, found, &query).await?.into()))
}

/// `GET /subjects/{subject}/versions/{version}/schema`
pub(super) async fn version_text(
    State(registrar): State<Registrar>,
    Path((subject, word)): Path<(String, String)>,
    Asked(query): Asked<Query>,
) -> Result<Text, Refusal> {
    let found = one(&registrar, subject, &word, query.shown()).await?;
    Ok(Text(formatted(&registrar, found, &query).await?.schema.text))
}

/// `GET /subjects/{subject}/versions/{version}/referencedby`
pub(super) async fn referenced_by(
    State(registrar): State<Registrar>,
    Path((subject, word)): Path<(String, String)>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<u32>>, Refusal> {
    let found = one(&registrar, subject, &word, Shown::All).await?;
    let ids = registrar
        .run("find references", move |db| {
            references::referring(db, &found.subject, found.version, Shown::Live)
        })
        .await?;
    Ok(Answer(query.cut(ids)))
}

/// A version, or which part of its address leads nowhere.
async fn one(registrar: &Registrar, subject: String, word: &str, shown: Shown) -> Result<Version, Refusal> {
    let wanted = wanted(word)?;
    let key = subject.clone();
    let (found, others) = registrar
        .run("read a version", move |db| {
            Ok((versions::version(db, &key, wanted, shown)?, versions::numbers(db, &key, shown)?))
        })
        .await?;
    found.ok_or_else(|| {
        if others.is_empty() {
            Refusal::SubjectNotFound(subject)
        } else {
            Refusal::VersionNotFound(word.to_owned())
        }
    })
}

async fn formatted(registrar: &Registrar, version: Version, query: &Query) -> Result<Version, Refusal> {
    let schema = registrar.formatted(version.schema, query.format.as_deref()).await?;
    Ok(Version { schema, ..version })
}
