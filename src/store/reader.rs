//! The id links as a process that only looks sees them, also beside one that runs.

use std::path::Path;

use orgstream_api::{IdLink, StoreError};

use super::database::Database;
use super::links;

/// Reads the links that a node knows.
#[derive(Debug)]
pub struct LinkReader {
    database: Database,
}

impl LinkReader {
    /// The links kept in the file `path`; `None` when there is no such file, as before the first run. Blocks.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { database: Database::open(path)? }))
    }

    /// The links of `ids`, in order.
    pub async fn read(
        &self,
        source_org: &str,
        object: &str,
        target_org: &str,
        ids: Vec<String>,
    ) -> Result<Vec<Option<IdLink>>, StoreError> {
        let (source_org, object, target_org) =
            (source_org.to_owned(), object.to_owned(), target_org.to_owned());
        self.database
            .run("read id links", move |db| links::read(db, &source_org, &object, &target_org, &ids))
            .await
    }
}
