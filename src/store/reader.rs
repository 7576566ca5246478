//! The id links as a process that only looks sees them, also beside one that runs.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_api::{IdLink, StoreError};

use super::database::Database;
use super::links::{self, LinkKey};
use super::orgs;

/// Reads the links that a node knows.
#[derive(Debug)]
pub struct LinkReader {
    database: Database,
}

/// What a node has links of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkKind {
    /// The org that the records come from.
    pub source_org: String,
    /// Their object.
    pub object: String,
    /// The org that the links lead to.
    pub target_org: String,
}

impl LinkReader {
    /// The links kept in the file `path`; `None` when there is no such file, as before the first run. Blocks.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { database: Database::open(path)? }))
    }

    /// As [`LinkReader::open`], for who is to change nothing, an older schema included. Blocks.
    pub fn look(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { database: Database::look(path)? }))
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

    /// Every link of the record `id`, whichever org it is of.
    pub async fn of_id(&self, id: &str) -> Result<Vec<IdLink>, StoreError> {
        let id = id.to_owned();
        self.database.run("look up an id", move |db| links::of_id(db, &id)).await
    }

    /// Up to `most` links after the one of `after`, in the order of their keys; fewer only at the end.
    pub async fn all(&self, after: Option<LinkKey>, most: usize) -> Result<Vec<IdLink>, StoreError> {
        self.database.run("read id links", move |db| links::all(db, after.as_ref(), most)).await
    }

    /// What there are links of.
    pub async fn kinds(&self) -> Result<Vec<LinkKind>, StoreError> {
        let kinds = self.database.run("read what there are id links of", |db| links::kinds(db)).await?;
        let kind = |(source_org, object, target_org)| LinkKind { source_org, object, target_org };
        Ok(kinds.into_iter().map(kind).collect())
    }

    /// The ids of the orgs by the names that the file had for them.
    pub async fn orgs(&self) -> Result<BTreeMap<String, String>, StoreError> {
        self.database.run("read the names of orgs", |db| orgs::known(db)).await
    }
}
