//! Registering and deleting.

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::settings;
use super::versions::{self, Shown, Version, Wanted, write_references};
use crate::schema_store::schema::Source;
use crate::schema_store::{Compatibility, Mode};

/// Counts the changes, so that a decision made on what was read can be told to be outdated.
pub(in crate::schema_store) fn revision(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT revision FROM schema_revision", [], |row| row.get(0))
}

pub(super) fn revise(db: &Connection) -> rusqlite::Result<()> {
    db.execute("UPDATE schema_revision SET revision = revision + 1", []).map(|_| ())
}

/// The highest id that any schema got, those included that are gone.
pub(in crate::schema_store) fn highest_id(db: &Connection) -> rusqlite::Result<u32> {
    db.query_row("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'schemas'", [], |row| {
        row.get(0)
    })
}

/// Makes a schema the next version of a subject, unless something changed since `revision`; then `None`.
pub(in crate::schema_store) fn add(
    db: &mut Connection,
    subject: &str,
    source: &Source,
    canonical: &str,
    at: i64,
) -> rusqlite::Result<Option<Version>> {
    let transaction = db.transaction()?;
    if revision(&transaction)? != at {
        return Ok(None);
    }
    let id = id(&transaction, source, canonical)?;
    let next = "SELECT ifnull(max(version), 0) + 1 FROM schema_versions WHERE subject = ?1";
    let version: u32 = transaction.query_row(next, [subject], |row| row.get(0))?;
    let insert = "INSERT INTO schema_versions (subject, version, schema_id, deleted) VALUES (?1, ?2, ?3, 0)";
    transaction.execute(insert, params![subject, version, id])?;
    revise(&transaction)?;
    let added = versions::version(&transaction, subject, Wanted::Number(version), Shown::Live)?;
    transaction.commit()?;
    Ok(added)
}

/// The id of a text, which is made when the text is new.
fn id(db: &Connection, source: &Source, canonical: &str) -> rusqlite::Result<u32> {
    let references = write_references(&source.references)?;
    let key = params![source.schema_type.as_str(), canonical, references];
    let select = "SELECT id FROM schemas WHERE type = ?1 AND canonical = ?2 AND refs = ?3";
    if let Some(id) = db.query_row(select, key, |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let insert =
        "INSERT INTO schemas (guid, type, text, canonical, refs) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    let guid = Uuid::new_v4().to_string();
    let row = params![guid, source.schema_type.as_str(), source.text, canonical, references];
    let id = db.query_row(insert, row, |row| row.get(0))?;
    let insert = "INSERT OR IGNORE INTO schema_references (subject, version, schema_id) VALUES (?1, ?2, ?3)";
    for reference in &source.references {
        db.execute(insert, params![reference.subject, reference.version, id])?;
    }
    Ok(id)
}

/// Marks versions of a subject as deleted. A subject without versions forgets its settings.
pub(in crate::schema_store) fn mark_deleted(
    db: &mut Connection,
    subject: &str,
    versions: &[u32],
) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let update = "UPDATE schema_versions SET deleted = 1 WHERE subject = ?1 AND version = ?2";
    for version in versions {
        transaction.execute(update, params![subject, version])?;
    }
    if versions::numbers(&transaction, subject, Shown::Live)?.is_empty() {
        settings::set::<Compatibility>(&transaction, Some(subject), None)?;
        settings::set::<Mode>(&transaction, Some(subject), None)?;
    }
    revise(&transaction)?;
    transaction.commit()
}

/// Removes versions of a subject, and the schemas that no version holds any more.
pub(in crate::schema_store) fn remove(
    db: &mut Connection,
    subject: &str,
    versions: &[u32],
) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let delete = "DELETE FROM schema_versions WHERE subject = ?1 AND version = ?2";
    for version in versions {
        transaction.execute(delete, params![subject, version])?;
    }
    let unheld = "id NOT IN (SELECT schema_id FROM schema_versions)";
    transaction.execute(&format!("DELETE FROM schemas WHERE {unheld}"), [])?;
    transaction
        .execute("DELETE FROM schema_references WHERE schema_id NOT IN (SELECT id FROM schemas)", [])?;
    revise(&transaction)?;
    transaction.commit()
}
