//! The id links in SQLite: a copy of the compacted topic `_orgstream.ids`, indexed by source record.

use std::collections::HashSet;

use orgstream_api::{IdLink, TopicPartition};
use rusqlite::{Connection, OptionalExtension, params};

/// A link's place in the id map.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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
        let text: Option<String> =
            select.query_row(params![source_org, object, id, target_org], |row| row.get(0)).optional()?;
        links.push(text.map(|text| parse(&text)).transpose()?);
    }
    Ok(links)
}

/// Every link of a record with this id, in either org. Looks at all links.
pub(super) fn of_id(connection: &Connection, id: &str) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT link FROM links WHERE source_id = ?1 OR json_extract(link, '$.target_id') = ?1
         ORDER BY source_org, object, source_id, target_org",
    )?;
    let rows = select.query_map([id], |row| row.get::<_, String>(0))?;
    rows.map(|text| parse(&text?)).collect()
}

/// Up to `most` links after `after`, in the order of their keys.
pub(super) fn all(
    connection: &Connection,
    after: Option<&LinkKey>,
    most: usize,
) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT link FROM links WHERE (source_org, object, source_id, target_org) > (?1, ?2, ?3, ?4)
         ORDER BY source_org, object, source_id, target_org LIMIT ?5",
    )?;
    let [source_org, object, source_id, target_org] = after.map_or([""; 4], |key| {
        [&key.source_org, &key.object, &key.source_id, &key.target_org].map(String::as_str)
    });
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = select
        .query_map(params![source_org, object, source_id, target_org, most], |row| row.get::<_, String>(0))?;
    rows.map(|text| parse(&text?)).collect()
}

/// The keys of links of records that were deleted before this time, in milliseconds since the epoch. Looks at all links.
pub(super) fn deleted_before(connection: &Connection, time: i64) -> rusqlite::Result<Vec<LinkKey>> {
    let mut select = connection
        .prepare_cached("SELECT link FROM links WHERE json_extract(link, '$.state.deleted') < ?1")?;
    let rows = select.query_map([time], |row| row.get::<_, String>(0))?;
    rows.map(|text| Ok(LinkKey::of(&parse(&text?)?))).collect()
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
pub(super) fn forget(connection: &mut Connection, entries: &[(i64, LinkKey)]) -> rusqlite::Result<usize> {
    if entries.is_empty() {
        return Ok(0);
    }
    let transaction = connection.transaction()?;
    let mut gone = 0;
    {
        let mut delete = transaction.prepare_cached(
            "DELETE FROM links WHERE source_org = ?1 AND object = ?2 AND source_id = ?3 AND target_org = ?4
             AND topic_offset < ?5",
        )?;
        for (offset, key) in entries {
            gone +=
                delete.execute(params![key.source_org, key.object, key.source_id, key.target_org, offset])?;
        }
    }
    transaction.commit()?;
    Ok(gone)
}

/// The links to `target_org` whose newest write came from `partition`.
pub(super) fn written_from(
    connection: &Connection,
    target_org: &str,
    partition: &TopicPartition,
) -> rusqlite::Result<Vec<IdLink>> {
    let mut select = connection.prepare_cached(
        "SELECT link FROM links WHERE target_org = ?1
         AND json_extract(link, '$.last.topic') = ?2 AND json_extract(link, '$.last.partition') = ?3",
    )?;
    let rows = select.query_map(params![target_org, partition.topic, partition.partition], |row| {
        row.get::<_, String>(0)
    })?;
    rows.map(|text| parse(&text?)).collect()
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
        "SELECT link FROM links WHERE source_org = ?1 AND object = ?2 AND source_id > ?3 AND target_org = ?4
         ORDER BY source_id LIMIT ?5",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = select
        .query_map(params![source_org, object, after, target_org, most], |row| row.get::<_, String>(0))?;
    rows.map(|text| parse(&text?)).collect()
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
pub(super) fn write(
    connection: &mut Connection,
    entries: Vec<(i64, IdLink)>,
) -> rusqlite::Result<Vec<IdLink>> {
    let transaction = connection.transaction()?;
    let mut written = Vec::with_capacity(entries.len());
    {
        let mut upsert = transaction.prepare_cached(
            "INSERT INTO links (source_org, object, source_id, target_org, topic_offset, link)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET topic_offset = excluded.topic_offset, link = excluded.link
             WHERE excluded.topic_offset > links.topic_offset",
        )?;
        for (offset, link) in entries {
            let text = serde_json::to_string(&link)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            let key = params![link.source_org, link.object, link.source_id, link.target_org, offset, text];
            if upsert.execute(key)? > 0 {
                written.push(link);
            }
        }
    }
    transaction.commit()?;
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

fn parse(text: &str) -> rusqlite::Result<IdLink> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}
