//! Binds the names of the file to the orgs they meant when the state was made.
//!
//! Positions and links are worth nothing for another org. A name that suddenly means one is refused before
//! anything is read or written with it.

use std::collections::BTreeMap;

use orgstream_api::StoreError;
use rusqlite::{Connection, OptionalExtension};

use super::database::Database;

/// The org behind a name is not the one that the state was made with.
#[derive(Debug, thiserror::Error)]
pub enum OrgMismatch {
    /// Another org answers.
    #[error(
        "org `{name}` is {found}, but this state directory was made with {known} under that name; restore the url and \
         credentials of {known}, or give the new org a name of its own under `orgs`, and the pipelines that are to use \
         it names of their own: what is known of {known} is of no use to them"
    )]
    Other {
        /// The name in the file.
        name: String,
        /// The org id the state knows.
        known: String,
        /// The org id that answered.
        found: String,
    },
    /// The state could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrgMismatch {
    /// Refuses `found` where `known`, another org, is remembered for `name`.
    pub fn refuse(name: &str, known: Option<String>, found: &str) -> Result<(), Self> {
        match known {
            Some(known) if known != found => {
                Err(Self::Other { name: name.to_owned(), known, found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// Remembers `org_id` for `name`, or refuses it when another one is remembered.
pub async fn bind_org(database: &Database, name: &str, org_id: &str) -> Result<(), OrgMismatch> {
    let (key, id) = (name.to_owned(), org_id.to_owned());
    let known: Option<String> = database
        .run("bind an org to its name", move |connection| {
            let select = "SELECT org_id FROM orgs WHERE name = ?1";
            let known = connection.query_row(select, [&key], |row| row.get(0)).optional()?;
            if known.is_none() {
                connection.execute("INSERT INTO orgs (name, org_id) VALUES (?1, ?2)", [&key, &id])?;
            }
            Ok(known)
        })
        .await?;
    OrgMismatch::refuse(name, known, org_id)
}

/// As [`bind_org`], without remembering anything.
pub async fn refuse_other_org(database: &Database, name: &str, org_id: &str) -> Result<(), OrgMismatch> {
    let known = database.run("read the orgs", |connection| known(connection)).await?;
    OrgMismatch::refuse(name, known.get(name).cloned(), org_id)
}

/// The ids of all orgs by their names.
pub(super) fn known(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut select = connection.prepare_cached("SELECT name, org_id FROM orgs")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_org_behind_a_known_name_is_refused_with_both_ids() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let database = Database::open(&path).unwrap();
        bind_org(&database, "a", "00D000000000001EAA").await.unwrap();
        drop(database);
        let database = Database::open(&path).unwrap();
        bind_org(&database, "a", "00D000000000001EAA").await.unwrap();
        let refusal = bind_org(&database, "a", "00D000000000002EAA").await.unwrap_err().to_string();
        assert!(
            refusal.contains("00D000000000001EAA") && refusal.contains("00D000000000002EAA"),
            "{refusal}"
        );
    }
}
