//! Reading subjects, their versions and the schemas behind ids.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::schema_store::schema::{Reference, SchemaType};

/// A schema with its id.
#[derive(Debug, Clone)]
pub(in crate::schema_store) struct Stored {
    /// Its id, the same in every subject.
    pub(in crate::schema_store) id: u32,
    /// Its id as a UUID.
    pub(in crate::schema_store) guid: String,
    /// What it is written in.
    pub(in crate::schema_store) schema_type: SchemaType,
    /// Its text, as it was registered first.
    pub(in crate::schema_store) text: String,
    /// What it refers to.
    pub(in crate::schema_store) references: Vec<Reference>,
}

/// A version of a subject.
#[derive(Debug, Clone)]
pub(in crate::schema_store) struct Version {
    pub(in crate::schema_store) subject: String,
    pub(in crate::schema_store) version: u32,
    /// Marked as deleted: kept for its id, and no longer part of the subject.
    pub(in crate::schema_store) deleted: bool,
    pub(in crate::schema_store) schema: Stored,
}

/// Which versions a request sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema_store) enum Shown {
    Live,
    All,
    Deleted,
}

impl Shown {
    /// The condition on `schema_versions`.
    fn condition(self) -> &'static str {
        match self {
            Self::Live => "deleted = 0",
            Self::All => "1",
            Self::Deleted => "deleted = 1",
        }
    }
}

/// Which version a request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema_store) enum Wanted {
    Latest,
    Number(u32),
}

const COLUMNS: &str = "subject, version, deleted, id, guid, type, text, refs
    FROM schema_versions JOIN schemas ON schemas.id = schema_versions.schema_id";

/// The subjects that begin with `prefix`, by name.
pub(in crate::schema_store) fn subjects(
    db: &Connection,
    prefix: &str,
    shown: Shown,
) -> rusqlite::Result<Vec<String>> {
    // A subject is deleted when all its versions are.
    let having = match shown {
        Shown::Live => "min(deleted) = 0",
        Shown::All => "1",
        Shown::Deleted => "min(deleted) = 1",
    };
    let select = format!(
        "SELECT subject FROM schema_versions WHERE substr(subject, 1, length(?1)) = ?1
         GROUP BY subject HAVING {having} ORDER BY subject"
    );
    db.prepare_cached(&select)?.query_map([prefix], |row| row.get(0))?.collect()
}

/// The version numbers of a subject, ascending.
pub(in crate::schema_store) fn numbers(
    db: &Connection,
    subject: &str,
    shown: Shown,
) -> rusqlite::Result<Vec<u32>> {
    let select = format!(
        "SELECT version FROM schema_versions WHERE subject = ?1 AND {} ORDER BY version",
        shown.condition()
    );
    db.prepare_cached(&select)?.query_map([subject], |row| row.get(0))?.collect()
}

/// One version of a subject.
pub(in crate::schema_store) fn version(
    db: &Connection,
    subject: &str,
    wanted: Wanted,
    shown: Shown,
) -> rusqlite::Result<Option<Version>> {
    let number = match wanted {
        Wanted::Latest => None,
        Wanted::Number(number) => Some(number),
    };
    let select = format!(
        "SELECT {COLUMNS} WHERE subject = ?1 AND version = ifnull(?2, version) AND {} ORDER BY version DESC LIMIT 1",
        shown.condition()
    );
    db.prepare_cached(&select)?.query_row(params![subject, number], read_version).optional()
}

/// The live versions of a subject, newest first.
pub(in crate::schema_store) fn history(db: &Connection, subject: &str) -> rusqlite::Result<Vec<Version>> {
    let select = format!("SELECT {COLUMNS} WHERE subject = ?1 AND deleted = 0 ORDER BY version DESC");
    db.prepare_cached(&select)?.query_map([subject], read_version)?.collect()
}

/// The newest version of a subject that holds this schema.
pub(in crate::schema_store) fn holding(
    db: &Connection,
    subject: &str,
    schema_type: SchemaType,
    canonical: &str,
    references: &[Reference],
    shown: Shown,
) -> rusqlite::Result<Option<Version>> {
    let select = format!(
        "SELECT {COLUMNS} WHERE subject = ?1 AND type = ?2 AND canonical = ?3 AND refs = ?4 AND {}
         ORDER BY version DESC LIMIT 1",
        shown.condition()
    );
    let key = params![subject, schema_type.as_str(), canonical, write_references(references)?];
    db.prepare_cached(&select)?.query_row(key, read_version).optional()
}

/// All versions of the subjects that begin with `prefix`, by subject and version.
pub(in crate::schema_store) fn list(
    db: &Connection,
    prefix: &str,
    shown: Shown,
    latest_only: bool,
    page: Page,
) -> rusqlite::Result<Vec<Version>> {
    let latest = if latest_only {
        format!(
            "version = (SELECT max(version) FROM schema_versions AS other
             WHERE other.subject = schema_versions.subject AND other.{})",
            if shown == Shown::All { "deleted >= 0" } else { shown.condition() }
        )
    } else {
        "1".to_owned()
    };
    let select = format!(
        "SELECT {COLUMNS} WHERE substr(subject, 1, length(?1)) = ?1 AND {} AND {latest}
         ORDER BY subject, version LIMIT ?2 OFFSET ?3",
        shown.condition()
    );
    db.prepare_cached(&select)?.query_map(params![prefix, page.limit, page.offset], read_version)?.collect()
}

/// A part of a long answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::schema_store) struct Page {
    pub(in crate::schema_store) offset: u32,
    /// -1 for all.
    pub(in crate::schema_store) limit: i32,
}

/// The schema with this id.
pub(in crate::schema_store) fn by_id(db: &Connection, id: u32) -> rusqlite::Result<Option<Stored>> {
    let select = "SELECT id, guid, type, text, refs FROM schemas WHERE id = ?1";
    db.prepare_cached(select)?.query_row([id], |row| read_schema(row, 0)).optional()
}

/// The schema with this UUID.
pub(in crate::schema_store) fn by_guid(db: &Connection, guid: &str) -> rusqlite::Result<Option<Stored>> {
    let select = "SELECT id, guid, type, text, refs FROM schemas WHERE guid = ?1";
    db.prepare_cached(select)?.query_row([guid], |row| read_schema(row, 0)).optional()
}

/// The subjects and versions that hold a schema.
pub(in crate::schema_store) fn places(
    db: &Connection,
    id: u32,
    shown: Shown,
) -> rusqlite::Result<Vec<(String, u32)>> {
    let select = format!(
        "SELECT subject, version FROM schema_versions WHERE schema_id = ?1 AND {} ORDER BY subject, version",
        shown.condition()
    );
    db.prepare_cached(&select)?.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// References as they are kept.
pub(super) fn write_references(references: &[Reference]) -> rusqlite::Result<String> {
    serde_json::to_string(references)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        subject: row.get(0)?,
        version: row.get(1)?,
        deleted: row.get(2)?,
        schema: read_schema(row, 3)?,
    })
}

/// The columns `id, guid, type, text, refs` from `first` on.
fn read_schema(row: &Row<'_>, first: usize) -> rusqlite::Result<Stored> {
    let unreadable = |column: usize, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    };
    let word: String = row.get(first + 2)?;
    let references: String = row.get(first + 4)?;
    Ok(Stored {
        id: row.get(first)?,
        guid: row.get(first + 1)?,
        schema_type: SchemaType::named(&word)
            .ok_or_else(|| unreadable(first + 2, format!("`{word}` is no type of schema").into()))?,
        text: row.get(first + 3)?,
        references: serde_json::from_str(&references)
            .map_err(|error| unreadable(first + 4, Box::new(error)))?,
    })
}
