//! From folded changes to drafts of records, by reading the rows they are about, or by what their events tell.
//!
//! Rows are read after the last event of the batch, so an image may be newer than its event, never older; the later
//! event then produces the same image again. A row that is gone is not made up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use orgstream_api::EventType;
use orgstream_salesforce::SalesforceId;

use crate::counters::Count;
use crate::error::SourceError;
use crate::fold::{Change, Told};
use crate::produce::Draft;
use crate::record::{Image, Origin};
use crate::returned::back_alone;
use crate::rows::Rows;
use crate::standing::Standing;
use crate::work::Unread;

/// What became of a change.
#[derive(Debug, Clone)]
pub(crate) struct Hydrated {
    /// `None` where the row is gone by now: its delete was produced, or its event follows.
    pub(crate) draft: Option<Draft>,
    pub(crate) count: Count,
}

/// What was read for the changes of one object.
struct Found {
    images: HashMap<SalesforceId, Image>,
    known: HashSet<SalesforceId>,
}

/// Reads the rows of `changes` and makes one draft of each, in their order. `names` are those of the source's objects.
pub(crate) async fn hydrate(
    rows: &Rows,
    names: &[Arc<str>],
    changes: &[Change],
) -> Result<Vec<Hydrated>, Unread> {
    let mut found = Vec::with_capacity(names.len());
    for (object, name) in names.iter().enumerate() {
        let read = changes.iter().filter(|change| change.object == object && change.reads_a_row());
        let read: Vec<&Change> = read.collect();
        found.push(find(rows, name, &read).await.map_err(|error| Unread { object, error })?);
    }
    let mut hydrated = Vec::with_capacity(changes.len());
    for change in changes {
        let object = change.object;
        let outcome = outcome(rows, &names[object], &mut found[object], change).await;
        hydrated.push(outcome.map_err(|error| Unread { object, error })?);
    }
    Ok(hydrated)
}

async fn find(rows: &Rows, object: &str, changes: &[&Change]) -> Result<Found, SourceError> {
    let ids: Vec<SalesforceId> = changes.iter().map(|change| change.id).collect();
    let images = rows.images(object, &ids).await?;
    // Of one that was told to be deleted there is no question.
    let missing =
        changes.iter().filter(|change| change.deletion.is_none() && !images.contains_key(&change.id));
    let missing: Vec<SalesforceId> = missing.map(|change| change.id).collect();
    let known = rows.known(object, &missing).await?;
    Ok(Found { images, known })
}

async fn outcome(
    rows: &Rows,
    name: &str,
    found: &mut Found,
    change: &Change,
) -> Result<Hydrated, SourceError> {
    let id = change.id;
    let (event, image, kind, count) = if change.told == Told::ByEvent && change.deletion.is_none() {
        (&change.last, rows.image_of_event(name, id, &change.last).await?, change.kind, Count::FromEvent)
    } else if let Some(image) = found.images.remove(&id) {
        (&change.last, image, change.kind, Count::Hydrated)
    } else if let Some(deletion) = &change.deletion {
        // Either the last event, or one that came before the older events of its own transaction.
        let image = rows.deleted(name, id, deletion.created).await?;
        (deletion, image, EventType::Deleted, Count::Deleted)
    } else if change.told == Told::ByRowAlone || found.known.contains(&id) {
        return Ok(Hydrated { draft: None, count: Count::Skipped });
    } else {
        let image = rows.image_of_event(name, id, &change.last).await?;
        (&change.last, image, change.kind, Count::NotHydrated)
    };
    let stamp = image.stamp.stamp();
    let standing = if kind == EventType::Deleted { Standing::Deleted(stamp) } else { Standing::Row(stamp) };
    let origin = Origin::Stream { event: Arc::clone(event) };
    let back = back_alone(kind, change.is_back, standing);
    let draft = Draft { object: change.object, kind, standing, image, origin, back };
    Ok(Hydrated { draft: Some(draft), count })
}
