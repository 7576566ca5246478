//! What a source produced while a snapshot runs, in a file of its own that is never synced.
//!
//! Nothing here outlives the process: the file is made anew at each start, and a snapshot that goes on fills it from
//! its topics. A power cut may therefore leave any garbage in it.

use std::path::Path;

use async_trait::async_trait;
use orgstream_api::{Seen, Sight, Stamp, StoreError};
use rusqlite::{OptionalExtension as _, params};

use super::database::Database;

const TABLE: &str = "
    CREATE TABLE seen (
        scope TEXT NOT NULL, id TEXT NOT NULL, stamp INTEGER NOT NULL, deleted INTEGER NOT NULL,
        whole INTEGER NOT NULL, PRIMARY KEY (scope, id)
    ) STRICT, WITHOUT ROWID;
";

/// The records that the source tasks of a process saw. Clones share the file.
#[derive(Debug, Clone)]
pub struct SeenStore(Database);

/// The part of one source task.
#[derive(Debug, Clone)]
pub struct SeenByTask {
    store: SeenStore,
    /// The task's name; its scopes are its own.
    task: String,
}

impl SeenStore {
    /// Makes the file anew. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Database::scratch(path, TABLE).map(Self)
    }

    /// What `task` keeps here.
    pub fn of_task(&self, task: String) -> SeenByTask {
        SeenByTask { store: self.clone(), task }
    }
}

impl SeenByTask {
    fn scope(&self, scope: &str) -> String {
        format!("{}/{scope}", self.task)
    }
}

#[async_trait]
impl Seen for SeenByTask {
    async fn note(&self, scope: &str, newer: Vec<(String, Sight)>) -> Result<(), StoreError> {
        let scope = self.scope(scope);
        let work = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
                 SET stamp = ?3, deleted = ?4, whole = ?5 WHERE stamp <= ?3",
            )?;
            for (id, Sight { stamp, deleted, whole }) in &newer {
                insert.execute(params![scope, id, stamp.0, deleted, whole])?;
            }
            drop(insert);
            transaction.commit()
        };
        self.store.0.run("note what was produced", work).await
    }

    async fn of(&self, scope: &str, ids: Vec<String>) -> Result<Vec<Option<Sight>>, StoreError> {
        let scope = self.scope(scope);
        let work = move |connection: &mut rusqlite::Connection| {
            let mut select = connection
                .prepare_cached("SELECT stamp, deleted, whole FROM seen WHERE scope = ?1 AND id = ?2")?;
            let sight = |row: &rusqlite::Row<'_>| {
                Ok(Sight { stamp: Stamp(row.get(0)?), deleted: row.get(1)?, whole: row.get(2)? })
            };
            ids.iter().map(|id| select.query_row(params![scope, id], sight).optional()).collect()
        };
        self.store.0.run("look up what was produced", work).await
    }

    async fn clear(&self, scope: &str) -> Result<(), StoreError> {
        let scope = self.scope(scope);
        let work = move |connection: &mut rusqlite::Connection| {
            connection.execute("DELETE FROM seen WHERE scope = ?1", [&scope]).map(drop)
        };
        self.store.0.run("forget what was produced", work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(stamp: i64, deleted: bool, whole: bool) -> Sight {
        Sight { stamp: Stamp(stamp), deleted, whole }
    }

    #[tokio::test]
    async fn each_scope_keeps_the_newest_sight_of_a_record_until_it_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let store = SeenStore::open(&dir.path().join("seen.db")).unwrap();
        let (crm, erp) = (store.of_task("crm".into()), store.of_task("erp".into()));
        let note = |id: &str, sight| vec![(id.to_owned(), sight)];
        crm.note("Account", note("1", sight(5, false, true))).await.unwrap();
        crm.note("Account", note("1", sight(6, false, true))).await.unwrap();
        crm.note("Account", note("1", sight(6, true, false))).await.unwrap();
        crm.note("Account", note("1", sight(4, false, true))).await.unwrap();
        crm.note("Lead", note("1", sight(7, false, true))).await.unwrap();
        let of = async |task: &SeenByTask, scope| task.of(scope, vec!["2".into(), "1".into()]).await.unwrap();
        assert_eq!(of(&crm, "Account").await, [None, Some(sight(6, true, false))]);
        assert_eq!(of(&erp, "Account").await, [None, None]);
        crm.clear("Account").await.unwrap();
        assert_eq!(of(&crm, "Account").await, [None, None]);
        assert_eq!(of(&crm, "Lead").await, [None, Some(sight(7, false, true))]);
    }

    #[tokio::test]
    async fn nothing_of_an_earlier_process_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seen.db");
        let store = SeenStore::open(&path).unwrap();
        store.of_task("crm".into()).note("A", vec![("1".into(), sight(5, false, true))]).await.unwrap();
        drop(store);
        std::fs::write(&path, b"what a power cut left").unwrap();
        let seen = SeenStore::open(&path).unwrap().of_task("crm".into());
        assert_eq!(seen.of("A", vec!["1".into()]).await.unwrap(), [None]);
    }
}
