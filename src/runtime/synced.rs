//! When everything has arrived: sources at their end, sinks without lag, nothing owed or parked.
//!
//! Sinks have no lag when every record before the end offsets taken after the sources reached their end is
//! settled and committed. The committed offsets and what waits are asked of Kafka, so partitions that another node
//! holds count, and those that nobody has taken yet.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{AtEnd, HealthReporter, IdMap as _, LinkState, Owed, ParentRecord, StoreError};
use tokio::time::{Instant, sleep};

use super::lag::look_up;
use super::orgs::Orgs;
use super::process::Shared;
use super::sink::SinkEntry;
use super::source_task::SourceEntry;
use crate::kafka::topics;
use crate::worker::parked::entry::{ParkedRecord, Until};
use crate::worker::waiting::{Waiting, read_waiting};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(300);
/// How long nothing may change before what is owed counts as owed for good. Links of other nodes come in a moment.
const STANDSTILL: Duration = Duration::from_secs(5);
/// The code of a record whose parent is missing.
const MISSING_PARENT: &str = "REQUIRED_PARENT_MISSING";
/// How many things that wait a message names.
const NAMED: usize = 20;

/// Everything has arrived but references and records whose parents have not, and nothing is left that could bring these.
#[derive(Debug, thiserror::Error)]
pub(super) struct WaitsForGood {
    pipeline: String,
    owed: Vec<Owed>,
    parked: Vec<ParkedRecord>,
}

impl fmt::Display for WaitsForGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pipeline, owed, parked } = self;
        write!(f, "everything else has arrived, but ")?;
        if !owed.is_empty() {
            write!(f, "pipeline {pipeline} owes {} references to parents that have not: ", owed.len())?;
            let said = owed.iter().map(|owed| {
                let Owed { object, id, field, parent_objects, parent_id, .. } = owed;
                format!("{object} {id} {field} -> {} {parent_id}", parent_objects.join(" or "))
            });
            list(f, said)?;
        }
        if !parked.is_empty() {
            let and = if owed.is_empty() { "" } else { "; and " };
            write!(f, "{and}{} records of pipeline {pipeline} wait for theirs: ", parked.len())?;
            let said = parked.iter().map(|parked| {
                let ParkedRecord { whose, consumed, until, .. } = parked;
                let why = until.cause().map_or_else(|| "behind another one".to_owned(), ToString::to_string);
                format!("{} at {} ({why})", whose.id, consumed.at)
            });
            list(f, said)?;
        }
        write!(
            f,
            ". The parents may be among the dead letters ({}), or in no pipeline of this file, or the source's user may \
             not see them; what waits for a parent is written as soon as it arrives",
            topics::dead_letters(pipeline)
        )
    }
}

/// The first of them, and how many there are more.
fn list(f: &mut fmt::Formatter<'_>, mut all: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let more = all.len().saturating_sub(NAMED);
    write!(f, "{}", all.by_ref().take(NAMED).collect::<Vec<_>>().join(", "))?;
    if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
}

/// Why not everything has arrived, though nothing more will by itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSynced {
    /// References and records are left whose parents have not arrived.
    #[error(transparent)]
    Waits(#[from] WaitsForGood),
    /// Objects could not be read; what could has arrived, as far as it does not refer to them.
    #[error("everything else has arrived, but not what cannot be read: {}", .0.join("; "))]
    Unreadable(Vec<String>),
}

/// How far a sink is.
enum Standing {
    /// Something is on its way, or Kafka does not say.
    Moving,
    /// All records are settled. Some of them, or references, wait for parents that have not arrived.
    Waits(WaitsForGood),
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
            Standing::Waits(waiting) if at_end(sources) => {
                let since = *still_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= STANDSTILL {
                    // What cannot be read may be why parents do not come.
                    return all_read(sources).and(Err(waiting.into()));
                }
            }
            Standing::Arrived | Standing::Waits(_) | Standing::Moving => still_since = None,
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
            waits @ Standing::Waits(_) => all = waits,
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
    // What waits is in Kafka before the offset of its record is committed (D3), so it is looked at after.
    let (unheard, _) = HealthReporter::new();
    let Ok(mut waiting) = read_waiting(&shared.kafka, &sink.pipeline, None, &unheard).await else {
        // Of which the sink tells.
        return Standing::Moving;
    };
    waiting.owed.retain(|(owed, _)| sink.topics.contains(&owed.at.partition.topic));
    waiting.records.retain(|record| sink.topics.contains(&record.consumed.at.partition.topic));
    if waiting.owed.is_empty() && waiting.records.is_empty() {
        return Standing::Arrived;
    }
    let target = orgs.get(&sink.org);
    let Some(target) = target.map(|org| org.id().as_str().to_owned()) else { return Standing::Moving };
    if !for_good(shared, &target, &mut waiting).await.unwrap_or(false) {
        return Standing::Moving;
    }
    if waiting.owed.is_empty() && waiting.records.is_empty() {
        return Standing::Arrived;
    }
    let mut owed: Vec<Owed> = waiting.owed.into_iter().map(|(owed, _)| owed).collect();
    owed.sort_by(|one, other| {
        (&one.object, &one.id, &one.field).cmp(&(&other.object, &other.id, &other.field))
    });
    let mut parked = waiting.records;
    parked.sort_by(|one, other| (&one.whose, &one.consumed.at).cmp(&(&other.whose, &other.consumed.at)));
    Standing::Waits(WaitsForGood { pipeline: sink.pipeline.clone(), owed, parked })
}

/// Whether nothing of what waits is about to be tried: none of the parents has a link, and no record only has bad luck. Takes out
/// references to deleted records, for which nobody waits: they are empty in their own org, and set should the parent come back.
async fn for_good(shared: &Shared, target: &str, waiting: &mut Waiting) -> Result<bool, StoreError> {
    let link = async |org: &str, object: &str, id: &String| {
        let links = shared.ids.resolve(org, object, target, std::slice::from_ref(id)).await?;
        Ok::<_, StoreError>(links.into_iter().flatten().next())
    };
    let mut owed = Vec::new();
    for (reference, since) in std::mem::take(&mut waiting.owed) {
        let mut known = None;
        for object in &reference.parent_objects {
            known = known.or(link(&reference.org, object, &reference.parent_id).await?);
        }
        match known.map(|link| link.state) {
            Some(LinkState::Live) => return Ok(false),
            Some(LinkState::Deleted(_)) => {}
            None => owed.push((reference, since)),
        }
    }
    waiting.owed = owed;
    for record in &waiting.records {
        let Until::For { cause, parents, .. } = &record.until else { continue };
        if cause.code != MISSING_PARENT {
            return Ok(false);
        }
        for ParentRecord { org, object, id } in parents {
            // One that was deleted may come back, and then its link lives.
            if link(org, object, id).await?.is_some_and(|link| link.state == LinkState::Live) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
