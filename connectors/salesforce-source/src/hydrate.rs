//! From folded changes to records, by reading the rows they are about.
//!
//! Rows are read after the last event of the batch, so an image may be newer than its event, never older; the later
//! event then produces the same image again. A row that is gone is not made up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use orgstream_api::{EventType, SourceRecord};
use orgstream_salesforce::SalesforceId;

use crate::counters::Count;
use crate::error::SourceError;
use crate::fold::Change;
use crate::moment::Moment;
use crate::object::Target;
use crate::record::{Image, Origin};
use crate::rows::Rows;
use crate::standing::Standing;

/// A record and what it says, for those who keep track of what was produced.
#[derive(Debug, Clone)]
pub(crate) struct Produced {
    pub(crate) record: SourceRecord,
    /// The index of its object.
    pub(crate) object: usize,
    pub(crate) id: SalesforceId,
    pub(crate) standing: Standing,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub(crate) struct Hydrated {
    /// `None` where the row is in the recycle bin by now: its delete event follows.
    pub(crate) produced: Option<Produced>,
    pub(crate) count: Count,
}

/// What was read for the changes of one object.
struct Found {
    images: HashMap<SalesforceId, Image>,
    known: HashSet<SalesforceId>,
}

/// Reads the rows of `changes` and makes one record of each, in their order. `targets` are the source's objects.
pub(crate) async fn hydrate(
    rows: &Rows,
    targets: &[Arc<Target>],
    changes: &[Change],
) -> Result<Vec<Hydrated>, SourceError> {
    let mut found = Vec::with_capacity(targets.len());
    for target in targets {
        let ids: Vec<SalesforceId> = changes
            .iter()
            .filter(|change| change.kind != EventType::Deleted && change.last.channel == target.channel)
            .map(|change| change.last.id)
            .collect();
        found.push(find(rows, &target.name, &ids).await?);
    }
    let mut hydrated = Vec::with_capacity(changes.len());
    for change in changes {
        let index = targets
            .iter()
            .position(|target| target.channel == change.last.channel)
            .expect("the session hands over events of subscribed channels only");
        hydrated.push(outcome(rows, &targets[index], index, &mut found[index], change).await?);
    }
    Ok(hydrated)
}

async fn find(rows: &Rows, object: &str, ids: &[SalesforceId]) -> Result<Found, SourceError> {
    let images = rows.images(object, ids).await?;
    let missing: Vec<SalesforceId> = ids.iter().filter(|id| !images.contains_key(id)).copied().collect();
    let known = rows.known(object, &missing).await?;
    Ok(Found { images, known })
}

async fn outcome(
    rows: &Rows,
    target: &Target,
    index: usize,
    found: &mut Found,
    change: &Change,
) -> Result<Hydrated, SourceError> {
    let id = change.last.id;
    let (event, image, kind, count) = if let Some(image) = found.images.remove(&id) {
        (&change.last, image, change.kind, Count::Hydrated)
    } else if let Some(deletion) = &change.deletion {
        // Either the last event, or one that came before the older events of its own transaction.
        let image = rows.deleted(&target.name, id, Moment(deletion.created)).await?;
        (deletion, image, EventType::Deleted, Count::Deleted)
    } else if found.known.contains(&id) {
        return Ok(Hydrated { produced: None, count: Count::Skipped });
    } else {
        let image = rows.image_of_event(&target.name, &change.last).await?;
        (&change.last, image, change.kind, Count::NotHydrated)
    };
    let stamp = image.stamp.stamp();
    let standing = if kind == EventType::Deleted { Standing::Deleted(stamp) } else { Standing::Row(stamp) };
    let origin = Origin::Stream { channel: &event.channel, replay_id: event.replay_id };
    let record = image.into_record(kind, origin, &target.destination);
    Ok(Hydrated { produced: Some(Produced { record, object: index, id, standing }), count })
}
