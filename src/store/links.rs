//! The id links in SQLite: a copy of the compacted topic `_orgstream.ids`, indexed by source record.

use std::collections::HashSet;

use orgstream_api::{IdLink, TopicPartition};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::link_rows::{Said, key, link, said};

/// A link's place in the id map.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkKey {
    /// Org the record comes from.
    pub source_org: String,
    /// Its object.
    pub object: String,
    /// Its id there.
    pub source_id: String,
    /// The org the link leads to.
    pub target_org: String,
}

impl LinkKey {
    /// The key of `link`.
    pub fn of(link: &IdLink) -> Self {
        Self {
            source_org: link.source_org.clone(),
            object: link.object.clone(),
            source_id: link.source_id.clone(),
            target_org: link.target_org.clone(),
        }
    }
}

/// Reads the links of `ids`, in order.
pub(super) fn read(
    connection: &Connection,
    source_org: &str,
    object: &str,
    target_org: &str,
    ids: &[String],
) -> rusqlite::Result<Vec<Option<IdLink>>> {
    let mut select = connection.prepare_cached(
        "SELECT link FROM links WHERE source_org = ?1 AND object = ?2 AND source_id = ?3 AND target_org = ?4",
    )?;
    let mut links = Vec::with_capacity(ids.len());
    for id in ids {
        let what = select.query_row(params![source_org, object, id, target_org], |row| said(row, 0));
        let key = || LinkKey {
            source_org: source_org.to_owned(),
            object: object.to_owned(),
            source_id: id.clone(),
            target_org: target_org.to_owned(),
        };
        links.push(what.optional()?.map(|what| what.of(key())));
    }
    Ok(links)
}

/// Every link of a record with this id, in either org. Looks at all links.
pub(super) fn of_id(connection: &Connection, id: &str) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT source_org, object, source_id, target_org, link FROM links WHERE source_id = ?1 OR json_extract(link, '$.target_id') = ?1
         ORDER BY source_org, object, source_id, target_org",
    )?;
    select.query_map([id], link)?.collect()
}

/// Up to `most` links after `after`, in the order of their keys.
pub(super) fn all(
    connection: &Connection,
    after: Option<&LinkKey>,
    most: usize,
) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT source_org, object, source_id, target_org, link FROM links WHERE (source_org, object, source_id, target_org) > (?1, ?2, ?3, ?4)
         ORDER BY source_org, object, source_id, target_org LIMIT ?5",
    )?;
    let [source_org, object, source_id, target_org] = after.map_or([""; 4], |key| {
        [&key.source_org, &key.object, &key.source_id, &key.target_org].map(String::as_str)
    });
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    select.query_map(params![source_org, object, source_id, target_org, most], link)?.collect()
}

/// The keys of links of records that were deleted before this time, in milliseconds since the epoch. Looks at all links.
pub(super) fn deleted_before(connection: &Connection, time: i64) -> rusqlite::Result<Vec<LinkKey>> {
    let mut select = connection.prepare_cached(
        "SELECT source_org, object, source_id, target_org FROM links WHERE json_extract(link, '$.state.deleted') < ?1",
    )?;
    select.query_map([time], key)?.collect()
}

/// Whether any link of `object` leads to `target_org`.
pub(super) fn has_any(connection: &Connection, object: &str, target_org: &str) -> rusqlite::Result<bool> {
    let mut select =
        connection.prepare_cached("SELECT 1 FROM links WHERE object = ?1 AND target_org = ?2 LIMIT 1")?;
    select.exists([object, target_org])
}

/// What there are links of: their source org, object and target org.
pub(super) fn kinds(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut select =
        connection.prepare_cached("SELECT DISTINCT source_org, object, target_org FROM links")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Takes out links, each unless it has a later entry than this offset in the topic. Answers with how many were there.
pub(super) fn forget(connection: &Connection, entries: &[(i64, LinkKey)]) -> rusqlite::Result<usize> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM links WHERE source_org = ?1 AND object = ?2 AND source_id = ?3 AND target_org = ?4
         AND topic_offset < ?5",
    )?;
    let mut gone = 0;
    for (offset, key) in entries {
        gone += delete.execute(params![key.source_org, key.object, key.source_id, key.target_org, offset])?;
    }
    Ok(gone)
}

/// The links to `target_org` whose newest write came from `partition`.
pub(super) fn written_from(
    connection: &Connection,
    target_org: &str,
    partition: &TopicPartition,
) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT source_org, object, source_id, target_org, link FROM links WHERE target_org = ?1
         AND json_extract(link, '$.last.topic') = ?2 AND json_extract(link, '$.last.partition') = ?3",
    )?;
    select.query_map(params![target_org, partition.topic, partition.partition], link)?.collect()
}

/// Those of `ids`, records of `object` in `target_org`, that a link leads to. Looks at all links.
pub(super) fn linked(
    connection: &Connection,
    object: &str,
    target_org: &str,
    ids: &[String],
) -> rusqlite::Result<HashSet<String>> {
    let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let mut select = connection.prepare_cached(
        "SELECT json_extract(link, '$.target_id') FROM links WHERE object = ?1 AND target_org = ?2",
    )?;
    let targets = select.query_map(params![object, target_org], |row| row.get::<_, Option<String>>(0))?;
    let mut linked = HashSet::new();
    for target in targets {
        linked.extend(target?.filter(|target| wanted.contains(target.as_str())));
    }
    Ok(linked)
}

/// Up to `most` links of `object` to `target_org` whose source id is after `after`, by source id.
pub(super) fn page(
    connection: &Connection,
    source_org: &str,
    object: &str,
    target_org: &str,
    after: &str,
    most: usize,
) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT source_org, object, source_id, target_org, link FROM links
         WHERE source_org = ?1 AND object = ?2 AND source_id > ?3 AND target_org = ?4
         ORDER BY source_id LIMIT ?5",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    select.query_map(params![source_org, object, after, target_org, most], link)?.collect()
}

/// The org that links of `source_org` lead to, when it is one and the same for all.
pub(super) fn only_target(connection: &Connection, source_org: &str) -> rusqlite::Result<Option<String>> {
    let mut select =
        connection.prepare_cached("SELECT DISTINCT target_org FROM links WHERE source_org = ?1 LIMIT 2")?;
    let targets: Vec<String> =
        select.query_map([source_org], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(<[String; 1]>::try_from(targets).ok().map(|[target]| target))
}

/// Writes links, each with its offset in the topic. An entry of a higher offset stays: a follower may come
/// to an older entry after this node wrote a newer one. Returns those that were written.
pub(super) fn write(connection: &Connection, entries: Vec<(i64, IdLink)>) -> rusqlite::Result<Vec<IdLink>> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO links (source_org, object, source_id, target_org, topic_offset, link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET topic_offset = excluded.topic_offset, link = excluded.link
         WHERE excluded.topic_offset > links.topic_offset",
    )?;
    let mut written = Vec::with_capacity(entries.len());
    for (offset, link) in entries {
        let text = serde_json::to_string(&Said::by(&link))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let key = params![link.source_org, link.object, link.source_id, link.target_org, offset, text];
        if upsert.execute(key)? > 0 {
            written.push(link);
        }
    }
    Ok(written)
}

/// The offset from which `topic` is still to be followed; 0 for a new file.
pub(super) fn followed(connection: &Connection, topic: &str) -> rusqlite::Result<i64> {
    let select = "SELECT next_offset FROM followed WHERE topic = ?1";
    Ok(connection.query_row(select, [topic], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Remembers that `topic` is read up to `next`.
pub(super) fn set_followed(connection: &Connection, topic: &str, next: i64) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO followed (topic, next_offset) VALUES (?1, ?2)
                  ON CONFLICT DO UPDATE SET next_offset = max(next_offset, excluded.next_offset)";
    connection.execute(upsert, params![topic, next]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use orgstream_api::{InputOffset, LinkState, Stamp};

    use super::*;
    use crate::store::Database;

    fn a_link(source_id: &str) -> IdLink {
        IdLink {
            source_org: "00DA".to_owned(),
            object: "Account".to_owned(),
            source_id: source_id.to_owned(),
            target_org: "00DB".to_owned(),
            target_id: Some("001B".to_owned()),
            state: LinkState::Deleted(7),
            last: InputOffset {
                partition: TopicPartition { topic: "a.Account".to_owned(), partition: 3 },
                offset: 9,
            },
            stamp: Some(Stamp(5)),
        }
    }

    #[tokio::test]
    async fn links_come_back_as_they_were_those_of_an_older_program_too() {
        let database = Database::open(Path::new(Database::IN_MEMORY)).unwrap();
        let [new, old] = ["001A", "002A"].map(a_link);
        let wanted = vec![new.clone(), old.clone()];
        let found = database
            .run("store", move |db| {
                write(db, vec![(1, new)])?;
                let insert = "INSERT INTO links VALUES ('00DA', 'Account', '002A', '00DB', 2, ?1)";
                db.execute(insert, [serde_json::to_string(&old).unwrap()])?;
                let ids = ["001A", "002A", "003A"].map(str::to_owned);
                Ok((read(db, "00DA", "Account", "00DB", &ids)?, all(db, None, 9)?, of_id(db, "001B")?))
            })
            .await
            .unwrap();
        let (read, all, by_target) = found;
        assert_eq!(read[2], None);
        assert_eq!(read.into_iter().flatten().collect::<Vec<_>>(), wanted);
        assert_eq!((all, by_target), (wanted.clone(), wanted));
    }
}
