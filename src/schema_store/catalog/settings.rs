//! Compatibility levels and modes, of the store and of single subjects.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::changes::revise;
use crate::schema_store::{Compatibility, Mode};

/// The row of the store itself. No subject has an empty name.
const STORE: &str = "";

/// A setting: where it is kept and how it reads.
pub(in crate::schema_store) trait Setting: Copy + Default + Send + 'static {
    const COLUMN: &'static str;
    fn word(self) -> &'static str;
    fn named(word: &str) -> Option<Self>;
}

impl Setting for Compatibility {
    const COLUMN: &'static str = "compatibility";
    fn word(self) -> &'static str {
        self.as_str()
    }
    fn named(word: &str) -> Option<Self> {
        Self::named(word)
    }
}

impl Setting for Mode {
    const COLUMN: &'static str = "mode";
    fn word(self) -> &'static str {
        self.as_str()
    }
    fn named(word: &str) -> Option<Self> {
        Self::named(word)
    }
}

/// What a subject was told, or the store for `None`.
pub(in crate::schema_store) fn own<S: Setting>(
    db: &Connection,
    subject: Option<&str>,
) -> rusqlite::Result<Option<S>> {
    let select = format!("SELECT {} FROM schema_settings WHERE subject = ?1", S::COLUMN);
    let word: Option<Option<String>> =
        db.prepare_cached(&select)?.query_row([subject.unwrap_or(STORE)], |row| row.get(0)).optional()?;
    Ok(word.flatten().and_then(|word| S::named(&word)))
}

/// What holds for a subject: its own setting, else the store's, else the default.
pub(in crate::schema_store) fn effective<S: Setting>(db: &Connection, subject: &str) -> rusqlite::Result<S> {
    if let Some(own) = own(db, Some(subject))? {
        return Ok(own);
    }
    Ok(own(db, None)?.unwrap_or_default())
}

/// Sets or, with `None`, forgets a setting.
pub(in crate::schema_store) fn set<S: Setting>(
    db: &Connection,
    subject: Option<&str>,
    value: Option<S>,
) -> rusqlite::Result<()> {
    let column = S::COLUMN;
    let upsert = format!(
        "INSERT INTO schema_settings (subject, {column}) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET {column} = excluded.{column}"
    );
    db.execute(&upsert, params![subject.unwrap_or(STORE), value.map(S::word)])?;
    revise(db)
}
