//! Deleting versions and subjects: first a mark, then, when asked for, for good.
//!
//! What is marked keeps its id, so that records written with it can still be read.

use axum::extract::{Path, Query as Asked, State};
use rusqlite::Connection;

use super::answer::Answer;
use super::query::{Query, wanted};
use crate::schema_store::catalog::versions::{self, Shown, Wanted};
use crate::schema_store::catalog::{changes, references, settings};
use crate::schema_store::registrar::Registrar;
use crate::schema_store::{Mode, Refusal};

type Decision<T> = rusqlite::Result<Result<T, Refusal>>;

/// `DELETE /subjects/{subject}/versions/{version}`
pub(super) async fn version(
    State(registrar): State<Registrar>,
    Path((subject, word)): Path<(String, String)>,
    Asked(query): Asked<Query>,
) -> Result<Answer<u32>, Refusal> {
    let wanted = wanted(&word)?;
    let done = registrar.run("delete a version", move |db| {
        if query.permanent { remove_version(db, subject, wanted) } else { mark_version(db, subject, wanted) }
    });
    done.await?.map(Answer)
}

/// `DELETE /subjects/{subject}`
pub(super) async fn subject(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Answer<Vec<u32>>, Refusal> {
    let done = registrar.run("delete a subject", move |db| {
        if query.permanent { remove_subject(db, subject) } else { mark_subject(db, subject) }
    });
    done.await?.map(Answer)
}

fn mark_version(db: &mut Connection, subject: String, wanted: Wanted) -> Decision<u32> {
    let shown = if wanted == Wanted::Latest { Shown::Live } else { Shown::All };
    let Some(found) = versions::version(db, &subject, wanted, shown)? else {
        return nowhere(db, subject, wanted);
    };
    let version = found.version;
    if found.deleted {
        return Ok(Err(Refusal::VersionDeleted { subject, version }));
    }
    if let Some(refusal) = obstacle(db, &subject, &[version], Shown::Live)? {
        return Ok(Err(refusal));
    }
    changes::mark_deleted(db, &subject, &[version])?;
    Ok(Ok(version))
}

fn remove_version(db: &mut Connection, subject: String, wanted: Wanted) -> Decision<u32> {
    let Some(found) = versions::version(db, &subject, wanted, Shown::All)? else {
        return nowhere(db, subject, wanted);
    };
    let version = found.version;
    if !found.deleted {
        return Ok(Err(Refusal::VersionNotDeleted { subject, version }));
    }
    if let Some(refusal) = obstacle(db, &subject, &[version], Shown::All)? {
        return Ok(Err(refusal));
    }
    changes::remove(db, &subject, &[version])?;
    Ok(Ok(version))
}

fn mark_subject(db: &mut Connection, subject: String) -> Decision<Vec<u32>> {
    if versions::numbers(db, &subject, Shown::All)?.is_empty() {
        return Ok(Err(Refusal::SubjectNotFound(subject)));
    }
    let live = versions::numbers(db, &subject, Shown::Live)?;
    if live.is_empty() {
        return Ok(Err(Refusal::SubjectDeleted(subject)));
    }
    if let Some(refusal) = obstacle(db, &subject, &live, Shown::Live)? {
        return Ok(Err(refusal));
    }
    changes::mark_deleted(db, &subject, &live)?;
    Ok(Ok(live))
}

fn remove_subject(db: &mut Connection, subject: String) -> Decision<Vec<u32>> {
    let all = versions::numbers(db, &subject, Shown::All)?;
    if all.is_empty() {
        return Ok(Err(Refusal::SubjectNotFound(subject)));
    }
    if !versions::numbers(db, &subject, Shown::Live)?.is_empty() {
        return Ok(Err(Refusal::SubjectNotDeleted(subject)));
    }
    if let Some(refusal) = obstacle(db, &subject, &all, Shown::All)? {
        return Ok(Err(refusal));
    }
    changes::remove(db, &subject, &all)?;
    Ok(Ok(all))
}

/// Why these versions have to stay.
fn obstacle(
    db: &Connection,
    subject: &str,
    versions: &[u32],
    referring: Shown,
) -> rusqlite::Result<Option<Refusal>> {
    if settings::effective::<Mode>(db, subject)? == Mode::ReadOnly {
        return Ok(Some(Refusal::NotPermitted(format!("subject `{subject}` is in read-only mode"))));
    }
    for version in versions.iter().copied() {
        let ids = references::referring(db, subject, version, referring)?;
        if !ids.is_empty() {
            return Ok(Some(Refusal::Referenced { subject: subject.to_owned(), version, ids }));
        }
    }
    Ok(None)
}

fn nowhere<T>(db: &Connection, subject: String, wanted: Wanted) -> Decision<T> {
    if versions::numbers(db, &subject, Shown::All)?.is_empty() {
        return Ok(Err(Refusal::SubjectNotFound(subject)));
    }
    Ok(Err(Refusal::VersionNotFound(match wanted {
        Wanted::Latest => "latest".to_owned(),
        Wanted::Number(number) => number.to_string(),
    })))
}
