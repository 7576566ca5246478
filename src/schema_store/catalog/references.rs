//! The texts behind references, and who refers to a version.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::versions::{self, Shown, Stored, Wanted};
use crate::schema_store::schema::{Reference, Referenced, Source};

/// How many schemas one may refer to, directly and through others.
const MOST: usize = 100;

/// Why references lead nowhere.
#[derive(Debug, thiserror::Error)]
pub(in crate::schema_store) enum Unresolved {
    #[error("the reference `{}` leads to version {} of subject `{}`, which does not exist", .0.name, .0.version, .0.subject)]
    Missing(Reference),
    #[error("it refers to more than {MOST} other schemas, directly and through others")]
    TooMany,
}

/// References with the latest version in place of -1. Only live versions can be referred to anew.
pub(in crate::schema_store) fn resolve(
    db: &Connection,
    references: Vec<Reference>,
) -> rusqlite::Result<Result<Vec<Reference>, Unresolved>> {
    let mut resolved = Vec::with_capacity(references.len());
    for reference in references {
        match target(db, &reference, Shown::Live)? {
            Some(found) => resolved.push(Reference { version: found.1.into(), ..reference }),
            None => return Ok(Err(Unresolved::Missing(reference))),
        }
    }
    Ok(Ok(resolved))
}

/// A stored schema with all texts it refers to.
pub(in crate::schema_store) fn source(
    db: &Connection,
    schema: Stored,
) -> rusqlite::Result<Result<Source, Unresolved>> {
    let texts = texts(db, &schema.references)?;
    Ok(texts.map(|referenced| Source {
        schema_type: schema.schema_type,
        text: schema.text,
        references: schema.references,
        referenced,
    }))
}

/// The texts behind `references` and behind theirs; each comes after those it refers to, and once.
pub(in crate::schema_store) fn texts(
    db: &Connection,
    references: &[Reference],
) -> rusqlite::Result<Result<Vec<Referenced>, Unresolved>> {
    enum Step {
        Enter(Reference),
        Leave(Referenced),
    }
    let mut left: Vec<Step> = references.iter().rev().cloned().map(Step::Enter).collect();
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while let Some(step) = left.pop() {
        let reference = match step {
            Step::Leave(text) => {
                found.push(text);
                continue;
            }
            Step::Enter(reference) => reference,
        };
        let Some((schema, _)) = target(db, &reference, Shown::All)? else {
            return Ok(Err(Unresolved::Missing(reference)));
        };
        if !seen.insert((schema.id, reference.name.clone())) {
            continue;
        }
        if seen.len() > MOST {
            return Ok(Err(Unresolved::TooMany));
        }
        let text = Referenced { name: reference.name, schema_type: schema.schema_type, text: schema.text };
        left.push(Step::Leave(text));
        left.extend(schema.references.into_iter().rev().map(Step::Enter));
    }
    Ok(Ok(found))
}

/// The schemas that refer to a version and are themselves part of a subject, as far as `shown`.
pub(in crate::schema_store) fn referring(
    db: &Connection,
    subject: &str,
    version: u32,
    shown: Shown,
) -> rusqlite::Result<Vec<u32>> {
    let mut select = db.prepare_cached(
        "SELECT schema_id FROM schema_references WHERE subject = ?1 AND version = ?2 ORDER BY schema_id",
    )?;
    let ids: Vec<u32> =
        select.query_map(params![subject, version], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut referring = Vec::with_capacity(ids.len());
    for id in ids {
        if !versions::places(db, id, shown)?.is_empty() {
            referring.push(id);
        }
    }
    Ok(referring)
}

fn target(db: &Connection, reference: &Reference, shown: Shown) -> rusqlite::Result<Option<(Stored, u32)>> {
    let wanted = match u32::try_from(reference.version) {
        Ok(number) => Wanted::Number(number),
        Err(_) if reference.version == -1 => Wanted::Latest,
        Err(_) => return Ok(None),
    };
    let found = versions::version(db, &reference.subject, wanted, shown)?;
    Ok(found.map(|version| (version.schema, version.version)))
}
