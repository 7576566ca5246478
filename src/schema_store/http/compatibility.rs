//! Whether a schema would be taken.

use axum::extract::{Path, Query as Asked, State};
use serde::Serialize;

use super::answer::Answer;
use super::query::{Query, wanted};
use super::request::{Body, SchemaRequest};
use crate::schema_store::Refusal;
use crate::schema_store::registrar::{Against, Registrar, Submitted};

/// The verdict; the reasons only where they were asked for.
#[derive(Serialize)]
pub(super) struct Verdict {
    is_compatible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
}

/// `POST /compatibility/subjects/{subject}/versions`
pub(super) async fn with_all(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
    Body(request): Body<SchemaRequest>,
) -> Result<Answer<Verdict>, Refusal> {
    let submitted = request.submitted(query.normalize)?;
    verdict(&registrar, &subject, submitted, Against::Level, &query).await
}

/// `POST /compatibility/subjects/{subject}/versions/{version}`
pub(super) async fn with_one(
    State(registrar): State<Registrar>,
    Path((subject, word)): Path<(String, String)>,
    Asked(query): Asked<Query>,
    Body(request): Body<SchemaRequest>,
) -> Result<Answer<Verdict>, Refusal> {
    let submitted = request.submitted(query.normalize)?;
    verdict(&registrar, &subject, submitted, Against::One(wanted(&word)?), &query).await
}

async fn verdict(
    registrar: &Registrar,
    subject: &str,
    submitted: Submitted,
    against: Against,
    query: &Query,
) -> Result<Answer<Verdict>, Refusal> {
    let reasons = registrar.test(subject, submitted, against).await?;
    Ok(Answer(Verdict { is_compatible: reasons.is_empty(), messages: query.verbose.then_some(reasons) }))
}
