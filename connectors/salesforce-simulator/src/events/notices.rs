//! Which changes of a transaction notify a PushTopic, and in which order.
//!
//! A record is judged as it stands at the end of the transaction, and once one of its changes counts, all its changes
//! in that transaction do: each notification shows the final values. Notifications of one record come last change
//! first. Bulk loads notify nobody.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value as Json, json};

use super::event_log::EventLog;
use super::push_topic::PushTopic;
use crate::data::{Api, Operation, Row, Store, StoredEvent, Transaction};
use crate::timestamp::Timestamp;

/// One change of a record, in the light of the others of its transaction.
#[derive(Debug)]
struct Step<'a> {
    operation: Operation,
    before: Option<&'a Row>,
    /// The row right after the change.
    after: &'a Row,
}

/// All changes of one record in a transaction, the oldest first, by their place in it.
#[derive(Debug)]
struct Story<'a> {
    steps: Vec<(usize, Step<'a>)>,
    /// The row at the end.
    end: &'a Row,
}

/// Raises the notifications of a transaction.
pub(super) fn raise(
    log: &mut EventLog,
    store: &Store,
    topics: &[PushTopic],
    tx: &Transaction,
    now: Timestamp,
) -> Vec<Arc<StoredEvent>> {
    let mut due: Vec<(usize, &PushTopic, Operation, Json)> = Vec::new();
    if tx.origin.api != Api::Bulk {
        for topic in topics {
            for story in stories(store, topic, tx) {
                due.extend(noticed(store, topic, &story));
            }
        }
    }
    // Records in the order of their first change; the places of one record's changes are already reversed.
    due.sort_by_key(|(place, ..)| *place);
    let raised = due.into_iter().filter_map(|(_, topic, operation, sobject)| {
        log.next(Arc::clone(&topic.channels), now, |replay_id| {
            notification(topic, replay_id, now, operation, &sobject)
        })
    });
    raised.collect()
}

/// The changes of the topic's object, record by record.
fn stories<'a>(store: &'a Store, topic: &PushTopic, tx: &'a Transaction) -> Vec<Story<'a>> {
    let mut found: Vec<Story<'a>> = Vec::new();
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    let watched = tx.changes.iter().enumerate().filter(|(_, change)| change.object == topic.object);
    for (place, change) in watched {
        let Some((_, end)) = store.row(&change.id) else { continue };
        let nth = *by_id.entry(change.id.as_str()).or_insert_with(|| {
            found.push(Story { steps: Vec::new(), end });
            found.len() - 1
        });
        let steps = &mut found[nth].steps;
        if let (Some((_, last)), Some(before)) = (steps.last_mut(), change.before.as_ref()) {
            last.after = before;
        }
        let before = change.before.as_ref();
        steps.push((place, Step { operation: change.operation, before, after: end }));
    }
    found
}

/// The notifications of one record, each with the place in the transaction that orders it.
fn noticed<'a>(
    store: &Store,
    topic: &'a PushTopic,
    story: &Story<'_>,
) -> Vec<(usize, &'a PushTopic, Operation, Json)> {
    if !topic.matches(store, story.end) {
        return Vec::new();
    }
    let told: Vec<&(usize, Step<'_>)> =
        story.steps.iter().filter(|(_, step)| topic.tells(step.operation)).collect();
    let counts = told.iter().any(|(_, step)| {
        step.operation != Operation::Updated
            || step.before.is_none_or(|before| topic.watched.differ(before, step.after))
    });
    if !counts {
        return Vec::new();
    }
    let changed = told.into_iter().filter(|(_, step)| {
        step.operation != Operation::Updated
            || step.before.is_none_or(|before| topic.watched.any_differ(before, step.after))
    });
    let changed: Vec<&(usize, Step<'_>)> = changed.collect();
    // Up to API version 36 only the last one of a transaction was sent.
    let first = if topic.legacy { changed.len().saturating_sub(1) } else { 0 };
    let changed = changed.get(first..).unwrap_or_default();
    let places = changed.iter().map(|(place, _)| *place);
    places
        .zip(changed.iter().rev())
        .map(|(place, (_, step))| {
            (place, topic, step.operation, topic.show(store, step.operation, story.end))
        })
        .collect()
}

/// The `data` of a PushTopic's event.
fn notification(
    topic: &PushTopic,
    replay_id: u64,
    now: Timestamp,
    operation: Operation,
    sobject: &Json,
) -> serde_json::Result<Box<RawValue>> {
    let kind = match operation {
        Operation::Created => "created",
        Operation::Deleted => "deleted",
        Operation::Undeleted => "undeleted",
        Operation::Updated | Operation::Cascaded | Operation::Relinked | Operation::Followed => "updated",
    };
    let created = if topic.legacy { now.rest() } else { now.event() };
    to_raw_value(&json!({
        "event": {"createdDate": created, "replayId": replay_id, "type": kind},
        "sobject": sobject,
    }))
}
