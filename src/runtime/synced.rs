//! When everything has arrived: sources at their end, sinks without lag, nothing owed.
//!
//! Sinks have no lag when every record before the end offsets taken after the sources reached their end is
//! settled and committed. The committed offsets and what is owed are asked of Kafka, so partitions that another node
//! holds count, and those that nobody has taken yet.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{AtEnd, HealthReporter, IdMap as _, Owed, StoreError};
use tokio::time::{Instant, sleep};

use super::lag::look_up;
use super::orgs::Orgs;
use super::process::Shared;
use super::sink::SinkEntry;
use super::source_task::SourceEntry;
use crate::kafka::{read_compacted, topics};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(300);
/// How long nothing may change before what is owed counts as owed for good. Links of other nodes come in a moment.
const STANDSTILL: Duration = Duration::from_secs(5);
/// How many references a message names.
const NAMED: usize = 20;

/// Everything has arrived but references whose parents have not, and nothing is left that could bring these.
#[derive(Debug, thiserror::Error)]
pub(super) struct OwedForGood {
    pipeline: String,
    owed: Vec<Owed>,
}

impl fmt::Display for OwedForGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pipeline, owed } = self;
        write!(
            f,
            "everything else has arrived, but pipeline {pipeline} owes {} references to parents that have not: ",
            owed.len()
        )?;
        for (number, owed) in owed.iter().take(NAMED).enumerate() {
            let Owed { object, id, field, parent_objects, parent_id, .. } = owed;
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{object} {id} {field} -> {} {parent_id}", parent_objects.join(" or "))?;
        }
        if owed.len() > NAMED {
            write!(f, " and {} more", owed.len() - NAMED)?;
        }
        write!(
            f,
            ". The parents may be among the dead letters ({}), or in no pipeline of this file, or the source's user may \
             not see them; a reference is set as soon as its parent arrives",
            topics::dead_letters(pipeline)
        )
    }
}

/// Why not everything has arrived, though nothing more will by itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSynced {
    /// References to parents that have not arrived are left.
    #[error(transparent)]
    Owed(#[from] OwedForGood),
    /// Objects could not be read; what could has arrived, as far as it does not refer to them.
    #[error("everything else has arrived, but not what cannot be read: {}", .0.join("; "))]
    Unreadable(Vec<String>),
}

/// How far a sink is.
enum Standing {
    /// Something is on its way, or Kafka does not say.
    Moving,
    /// All records are settled. References are owed, to parents that have not arrived.
    Owes(OwedForGood),
    /// Everything has arrived.
    Arrived,
}

/// Waits until everything has arrived, or nothing more will.
pub(super) async fn synced(
    shared: &Shared,
    orgs: &Orgs,
    sources: &[Arc<SourceEntry>],
    sinks: &[Arc<SinkEntry>],
) -> Result<(), NotSynced> {
    let mut still_since = None;
    loop {
        sleep(LOOK).await;
        let standing = if at_end(sources) { together(shared, orgs, sinks).await } else { Standing::Moving };
        // A source that found something meanwhile has moved the ends that were looked at.
        match standing {
            Standing::Arrived if at_end(sources) => return all_read(sources),
            Standing::Owes(owed) if at_end(sources) => {
                let since = *still_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= STANDSTILL {
                    // What cannot be read may be why parents do not come.
                    return all_read(sources).and(Err(owed.into()));
                }
            }
            Standing::Arrived | Standing::Owes(_) | Standing::Moving => still_since = None,
        }
    }
}

fn at_end(sources: &[Arc<SourceEntry>]) -> bool {
    sources.iter().all(|source| *source.view.at_end.borrow() != AtEnd::No)
}

/// Whether no object of the sources, which are at their end, was left out.
fn all_read(sources: &[Arc<SourceEntry>]) -> Result<(), NotSynced> {
    let left_out = |source: &Arc<SourceEntry>| match &*source.view.at_end.borrow() {
        AtEnd::Without(why) => why.clone(),
        AtEnd::No | AtEnd::Yes | AtEnd::Unseen(_) => Vec::new(),
    };
    let why: Vec<String> = sources.iter().flat_map(left_out).collect();
    if why.is_empty() { Ok(()) } else { Err(NotSynced::Unreadable(why)) }
}

/// Moving while any sink moves: what it brings may be what another one waits for.
async fn together(shared: &Shared, orgs: &Orgs, sinks: &[Arc<SinkEntry>]) -> Standing {
    let mut all = Standing::Arrived;
    for sink in sinks {
        match look(shared, orgs, sink).await {
            Standing::Moving => return Standing::Moving,
            owes @ Standing::Owes(_) => all = owes,
            Standing::Arrived => {}
        }
    }
    all
}

async fn look(shared: &Shared, orgs: &Orgs, sink: &SinkEntry) -> Standing {
    let Ok(lag) = look_up(&shared.admin, &sink.group(), &sink.topics).await else { return Standing::Moving };
    if lag.iter().any(|partition| partition.lag() > 0) || sink.in_flight() > 0 {
        return Standing::Moving;
    }
    // What a record owes is in Kafka before its offset is committed (D3), so it is looked at after.
    match owed(shared, sink).await {
        Some(owed) if owed.is_empty() => Standing::Arrived,
        Some(owed) if are_unlinked(shared, orgs, sink, &owed).await.unwrap_or(false) => {
            Standing::Owes(OwedForGood { pipeline: sink.pipeline.clone(), owed })
        }
        Some(_) | None => Standing::Moving,
    }
}

/// What the parked topic holds for the sink's inputs, in order of the records; `None` when it cannot be read, of which
/// the sink tells.
async fn owed(shared: &Shared, sink: &SinkEntry) -> Option<Vec<Owed>> {
    let (unheard, _) = HealthReporter::new();
    let parked = read_compacted(&shared.kafka, &topics::parked(&sink.pipeline), None, &unheard).await.ok()?;
    let entries = parked.entries.into_values().filter_map(|entry| entry.value);
    let mut owed =
        entries.map(|value| serde_json::from_slice(&value)).collect::<Result<Vec<Owed>, _>>().ok()?;
    owed.retain(|owed| sink.topics.contains(&owed.at.partition.topic));
    owed.sort_by(|one, other| {
        (&one.object, &one.id, &one.field).cmp(&(&other.object, &other.id, &other.field))
    });
    Some(owed)
}

/// Whether none of the parents has a link. Those with one are about to be set by whoever holds their partition.
async fn are_unlinked(
    shared: &Shared,
    orgs: &Orgs,
    sink: &SinkEntry,
    owed: &[Owed],
) -> Result<bool, StoreError> {
    let Some(target) = orgs.get(&sink.org) else { return Ok(false) };
    for owed in owed {
        for object in &owed.parent_objects {
            let parent = std::slice::from_ref(&owed.parent_id);
            let links = shared.ids.resolve(&owed.org, object, target.id().as_str(), parent).await?;
            if links.iter().any(Option::is_some) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
