//! The id links of one pipeline, as its source sees them: what its own sink has brought to the target.

use async_trait::async_trait;
use orgstream_api::{IdLink, LinkState, Links, StoreError};
use rusqlite::{Connection, OptionalExtension};

use super::database::Database;
use super::links;

/// Links from one org to the target of a pipeline. Clones share the database.
#[derive(Debug, Clone)]
pub struct SourceLinks {
    database: Database,
    source_org: String,
    /// The target's name in the file.
    sink: String,
}

impl SourceLinks {
    /// The links of `source_org`, an 18-character id, to the org that the file calls `sink`.
    pub fn new(database: Database, source_org: String, sink: String) -> Self {
        Self { database, source_org, sink }
    }

    async fn read(
        &self,
        select: impl FnOnce(&Connection, &str, &str) -> rusqlite::Result<Vec<Option<IdLink>>> + Send + 'static,
    ) -> Result<Option<Vec<Option<IdLink>>>, StoreError> {
        let (source_org, sink) = (self.source_org.clone(), self.sink.clone());
        self.database
            .run("read the id links of a source", move |db| {
                let target = target(db, &source_org, &sink)?;
                target.map(|target| select(db, &source_org, &target)).transpose()
            })
            .await
    }
}

/// The id of the target: the org that is bound to its name, or, where this node never called it, the only one that
/// links lead to.
fn target(connection: &Connection, source_org: &str, sink: &str) -> rusqlite::Result<Option<String>> {
    let select = "SELECT org_id FROM orgs WHERE name = ?1";
    match connection.query_row(select, [sink], |row| row.get(0)).optional()? {
        Some(bound) => Ok(Some(bound)),
        None => links::only_target(connection, source_org),
    }
}

#[async_trait]
impl Links for SourceLinks {
    async fn page(
        &self,
        object: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, LinkState)>, StoreError> {
        let (object, after) = (object.to_owned(), after.unwrap_or_default().to_owned());
        let page = move |db: &Connection, source_org: &str, target: &str| {
            let page = links::page(db, source_org, &object, target, &after, most)?;
            Ok(page.into_iter().map(Some).collect())
        };
        let page = self.read(page).await?.unwrap_or_default();
        Ok(page.into_iter().flatten().map(|link| (link.source_id, link.state)).collect())
    }

    async fn states(&self, object: &str, ids: &[String]) -> Result<Vec<Option<LinkState>>, StoreError> {
        let (object, wanted) = (object.to_owned(), ids.to_vec());
        let states = move |db: &Connection, source_org: &str, target: &str| {
            links::read(db, source_org, &object, target, &wanted)
        };
        match self.read(states).await? {
            Some(links) => Ok(links.into_iter().map(|link| link.map(|link| link.state)).collect()),
            None => Ok(vec![None; ids.len()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use orgstream_api::{InputOffset, TopicPartition};

    use super::*;
    use crate::store::bind_org;

    const A: &str = "00D000000000001EAA";
    const B: &str = "00D000000000002EAA";

    fn link(id: &str, target: &str, state: LinkState) -> IdLink {
        IdLink {
            source_org: A.to_owned(),
            object: "Account".to_owned(),
            source_id: id.to_owned(),
            target_org: target.to_owned(),
            target_id: None,
            state,
            last: InputOffset {
                partition: TopicPartition { topic: "t".to_owned(), partition: 0 },
                offset: 0,
            },
            stamp: None,
        }
    }

    async fn store(links: Vec<IdLink>) -> (Database, SourceLinks) {
        let database = Database::open(Path::new(Database::IN_MEMORY)).unwrap();
        let entries = (1..).zip(links).collect();
        database.run("store", move |db| links::write(db, entries)).await.unwrap();
        let links = SourceLinks::new(database.clone(), A.to_owned(), "b".to_owned());
        (database, links)
    }

    #[tokio::test]
    async fn pages_go_through_all_links_to_the_own_target_by_id() {
        let gone = LinkState::Deleted(7);
        let all = [("c", LinkState::Live), ("a", gone), ("b", LinkState::Live)];
        let (database, links) = store(all.map(|(id, state)| link(id, B, state)).to_vec()).await;
        bind_org(&database, "b", B).await.unwrap();
        let page = links.page("Account", None, 2).await.unwrap();
        assert_eq!(page, [("a".to_owned(), gone), ("b".to_owned(), LinkState::Live)]);
        assert_eq!(links.page("Account", Some("b"), 2).await.unwrap(), [("c".to_owned(), LinkState::Live)]);
        assert_eq!(links.page("Lead", None, 2).await.unwrap(), []);
        let states =
            links.states("Account", &["b".to_owned(), "x".to_owned(), "a".to_owned()]).await.unwrap();
        assert_eq!(states, [Some(LinkState::Live), None, Some(gone)]);
    }

    #[tokio::test]
    async fn a_target_that_was_never_called_is_the_one_that_links_lead_to() {
        let (_database, links) = store(vec![link("a", B, LinkState::Live)]).await;
        assert_eq!(links.states("Account", &["a".to_owned()]).await.unwrap(), [Some(LinkState::Live)]);
        let two = vec![link("a", B, LinkState::Live), link("b", "00D000000000003EAA", LinkState::Live)];
        let (_database, links) = store(two).await;
        assert_eq!(links.states("Account", &["a".to_owned()]).await.unwrap(), [None], "nobody knows which");
    }
}
