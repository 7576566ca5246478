//! Deletions: those that the org has on record, and those that a comparison suspects.
//!
//! Neither is taken at its word. Each id is asked for by itself before a deletion is produced, since a record may have
//! come back, and a living row must never be deleted.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use orgstream_api::EventType;
use orgstream_salesforce::{SalesforceId, soql};

use crate::error::SourceError;
use crate::moment::Moment;
use crate::produce::Draft;
use crate::recent::Certainty;
use crate::record::Origin;
use crate::standing::Standing;
use crate::sweep::reader::Reader;
use crate::sweep::rows::{self, Found, Shown};
use crate::sweep::window::Window;

/// Ids in one query, whose URL has to stay below 16 KB.
const QUERY: usize = 300;

/// How far back an org keeps deletions on record, and deleted rows in its recycle bin.
pub(super) const KEPT: Duration = Duration::from_hours(15 * 24);

/// A record that is said to be deleted since this time.
pub(crate) type Said = (SalesforceId, Moment);

/// What the org has on record.
#[derive(Debug)]
pub(super) struct Log {
    /// Deletions that are not in Kafka.
    pub(super) said: Vec<Said>,
    /// From when on the record is complete.
    pub(super) since: Moment,
    /// Up to when it is.
    pub(super) covered: Moment,
}

/// The org's own record of deletions since `from`; `None` where it keeps none of the object.
pub(super) async fn log(reader: &Reader, from: Moment, now: Moment) -> Result<Option<Log>, SourceError> {
    let patience = reader.rows.patience();
    let org = patience.org();
    if !reader.describe().await?.replicateable {
        return Ok(None);
    }
    let deletions = patience.call(|| org.deleted(&reader.name, from.0, now.0)).await?;
    let is_news = |(id, _): &Said| {
        let known = reader.recent.known(&(reader.object, *id));
        !known.is_some_and(|known| known.standing.is_deleted())
    };
    // A record that was deleted, undeleted and deleted again stands there twice.
    let mut said: BTreeMap<SalesforceId, Moment> = BTreeMap::new();
    for (id, at) in deletions.records {
        let last = said.entry(id).or_insert(Moment(at));
        *last = Moment(at).max(*last);
    }
    let said = said.into_iter().filter(is_news).collect();
    Ok(Some(Log { said, since: Moment(deletions.since), covered: Moment(deletions.covered) }))
}

/// Makes records of those deletions that are true.
pub(super) async fn drafts(
    reader: &Reader,
    window: &Window,
    certainty: Certainty,
    said: &[Said],
) -> Result<Found, SourceError> {
    let ids: Vec<SalesforceId> = said.iter().map(|(id, _)| *id).collect();
    let shown = states(reader, &ids).await?;
    // What dates a row need not tell when it was deleted.
    let in_bin = said.iter().filter_map(|(id, at)| shown.get(id)?.deleted_at_last(*at)).collect();
    let mut found = rows::drafts(reader, window, certainty, in_bin).await?;
    for (id, at) in said.iter().filter(|(id, _)| !shown.contains_key(id)) {
        let image = reader.rows.deleted(&reader.name, *id, *at).await?;
        let standing = Standing::Deleted(at.stamp());
        let draft = Draft {
            object: reader.object,
            kind: EventType::Deleted,
            standing,
            image,
            origin: Origin::Sweep,
            back: None,
        };
        found.drafts.push(draft);
    }
    Ok(found)
}

/// How the org shows `ids` now, be it in the recycle bin; those it does not know are left out.
async fn states(reader: &Reader, ids: &[SalesforceId]) -> Result<HashMap<SalesforceId, Shown>, SourceError> {
    let mut shown = HashMap::new();
    for ids in ids.chunks(QUERY) {
        let soql = format!("{} WHERE Id IN {}", reader.select().await?, soql::list(ids));
        shown.extend(reader.states(&soql).await?.into_iter().map(|row| (row.id, row)));
    }
    Ok(shown)
}
