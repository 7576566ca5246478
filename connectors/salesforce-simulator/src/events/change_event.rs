//! Change events: one for each record that a transaction changed, or for several that changed alike.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value as Json, json};

use super::capture::Capture;
use super::change_body::{self, Body};
use super::event_log::EventLog;
use super::net_change::{self, ChangeType, NetChange};
use crate::data::{Api, Origin, Store, StoredEvent, Transaction};
use crate::schema::ObjectIndex;
use crate::timestamp::Timestamp;

/// The largest event, in bytes; what would be larger is a gap event.
const MAX_BYTES: usize = 1024 * 1024;

/// The largest number of records that one event tells of.
const MAX_MERGED: usize = 1000;

/// The record id of an overflow event.
const NO_RECORD: &str = "000000000000000AAA";

/// What commit numbers start at: real ones have as many digits.
const FIRST_COMMIT: u64 = 10_915_706_370_983;

/// What all change events of a transaction have in common.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    number: u64,
    user: &'a str,
    origin: String,
    key: String,
    now: Timestamp,
    sequence: usize,
}

/// An event before it has its replay id.
#[derive(Debug)]
struct Draft {
    object: ObjectIndex,
    kind: Kind,
    ids: Vec<String>,
    body: Body,
}

/// `changeType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Change(ChangeType),
    Gap(GapKind),
}

/// What is known of changes that are told of without their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GapKind {
    /// Records were created.
    Create,
    /// Records were changed.
    Update,
    /// Records were deleted.
    Delete,
    /// Records came back from the recycle bin.
    Undelete,
    /// More was changed than change events tell of.
    Overflow,
}

impl GapKind {
    /// As the header writes it.
    fn name(self) -> &'static str {
        match self {
            Self::Create => "GAP_CREATE",
            Self::Update => "GAP_UPDATE",
            Self::Delete => "GAP_DELETE",
            Self::Undelete => "GAP_UNDELETE",
            Self::Overflow => "GAP_OVERFLOW",
        }
    }
}

impl From<ChangeType> for GapKind {
    fn from(kind: ChangeType) -> Self {
        match kind {
            ChangeType::Create => Self::Create,
            ChangeType::Update => Self::Update,
            ChangeType::Delete => Self::Delete,
            ChangeType::Undelete => Self::Undelete,
        }
    }
}

/// Raises the change events of a transaction.
pub(super) fn raise(
    log: &mut EventLog,
    store: &Store,
    capture: &mut Capture,
    tx: &Transaction,
    commit: (&str, Timestamp),
    threshold: usize,
) -> Vec<Arc<StoredEvent>> {
    let changes = net_change::of(store, tx, |object| capture.channels(object).is_some());
    let drafts = drafts(store, &changes, threshold);
    if drafts.is_empty() {
        return Vec::new();
    }
    let mut commit = Commit::new(log, &tx.origin, commit);
    let raised = drafts.into_iter().filter_map(|draft| commit.append(log, store, capture, draft));
    raised.collect()
}

/// Raises a gap event that no change caused, such as one of a clean-up in the database.
pub(super) fn raise_gap(
    log: &mut EventLog,
    store: &Store,
    capture: &mut Capture,
    (object, kind, ids): (ObjectIndex, GapKind, &[String]),
    commit: (&str, Timestamp),
) -> Option<Arc<StoredEvent>> {
    let mut commit = Commit::new(log, &Origin::default(), commit);
    let ids = if kind == GapKind::Overflow { vec![NO_RECORD.to_owned()] } else { ids.to_vec() };
    commit.append(log, store, capture, Draft { object, kind: Kind::Gap(kind), ids, body: Body::default() })
}

/// The events to be raised: changes that are alike are one, and what is beyond the threshold is one for each object.
fn drafts(store: &Store, changes: &[NetChange<'_>], threshold: usize) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut alike: HashMap<(ObjectIndex, ChangeType, String), usize> = HashMap::new();
    let mut overflow = BTreeSet::new();
    let mut counted = 0;
    for change in changes {
        let body = change_body::of(store, change);
        if change.kind == ChangeType::Update && body.changed.is_empty() {
            continue;
        }
        // LastModifiedDate comes with every update and is no change of its own.
        counted += body.changed.len().saturating_sub(1).max(1);
        if counted > threshold {
            overflow.insert(change.object);
            continue;
        }
        let id = change.id.to_owned();
        let mergeable = matches!(change.kind, ChangeType::Update | ChangeType::Delete) && changes.len() > 1;
        if mergeable {
            let key = (change.object, change.kind, Json::Object(body.fields.clone()).to_string());
            match alike.get(&key).and_then(|nth| drafts.get_mut(*nth)) {
                Some(draft) if draft.ids.len() < MAX_MERGED => {
                    draft.ids.push(id);
                    continue;
                }
                // The first of its kind, or the first that has no room: the next ones join it.
                _ => alike.insert(key, drafts.len()),
            };
        }
        drafts.push(Draft { object: change.object, kind: Kind::Change(change.kind), ids: vec![id], body });
    }
    let none = || vec![NO_RECORD.to_owned()];
    drafts.extend(overflow.into_iter().map(|object| Draft {
        object,
        kind: Kind::Gap(GapKind::Overflow),
        ids: none(),
        body: Body::default(),
    }));
    drafts
}

impl<'a> Commit<'a> {
    fn new(log: &EventLog, origin: &Origin, (user, now): (&'a str, Timestamp)) -> Self {
        let mut random = rand::rng();
        let key = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            random.random_range(0..0x0010_0000_u32),
            random.random::<u16>(),
            random.random::<u16>(),
            random.random::<u16>(),
            random.random_range(0..1_u64 << 48),
        );
        Self {
            // Every commit raises an event, and replay ids go on over restarts: so do these.
            number: FIRST_COMMIT.saturating_add(log.last()),
            user,
            origin: change_origin(origin),
            key,
            now,
            sequence: 0,
        }
    }

    /// Puts an event into the log, as a gap event if it has to be one.
    fn append(
        &mut self,
        log: &mut EventLog,
        store: &Store,
        capture: &mut Capture,
        mut draft: Draft,
    ) -> Option<Arc<StoredEvent>> {
        let channels = Arc::clone(capture.channels(draft.object)?);
        let schema_id = capture.schema_id(draft.object);
        let object = store.schema.object(draft.object);
        if let Kind::Change(kind) = draft.kind
            && (capture.take_gap(draft.object)
                || size(&draft.body) > MAX_BYTES
                || change_body::too_many_digits(object, &draft.body))
        {
            draft.kind = Kind::Gap(kind.into());
            draft.body = Body::default();
        }
        self.sequence += 1;
        let payload = self.payload(&object.name, draft);
        log.next(channels, self.now, |replay_id| data(&schema_id, &payload, replay_id))
    }

    fn payload(&self, object: &str, draft: Draft) -> Json {
        let header = json!({
            "commitNumber": self.number,
            "commitUser": self.user,
            "sequenceNumber": self.sequence,
            "entityName": object,
            "changeType": match draft.kind {
                Kind::Change(kind) => kind.name(),
                Kind::Gap(kind) => kind.name(),
            },
            "changedFields": draft.body.changed,
            "changeOrigin": self.origin,
            "transactionKey": self.key,
            "commitTimestamp": self.now.to_second().millis(),
            "recordIds": draft.ids,
        });
        let mut fields = draft.body.fields;
        let mut payload = Map::new();
        if let Some(modified) = fields.shift_remove("LastModifiedDate") {
            payload.insert("LastModifiedDate".to_owned(), modified);
        }
        payload.insert("ChangeEventHeader".to_owned(), header);
        payload.extend(fields);
        Json::Object(payload)
    }
}

fn data(schema_id: &str, payload: &Json, replay_id: u64) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&json!({"schema": schema_id, "payload": payload, "event": {"replayId": replay_id}}))
}

/// Bytes of a body. Only long texts make an event too large, so short bodies are not written twice.
fn size(body: &Body) -> usize {
    body.fields.values().map(length).sum()
}

fn length(value: &Json) -> usize {
    64 + match value {
        Json::String(text) => text.len(),
        // A compound field, or how a long text differs.
        Json::Object(members) => members.values().map(length).sum(),
        _ => 0,
    }
}

/// `changeOrigin`; empty for what no API did.
fn change_origin(origin: &Origin) -> String {
    let api = match origin.api {
        Api::Internal => return String::new(),
        Api::Rest => "rest",
        Api::Soap => "soap",
        Api::Bulk => "bulkapi",
    };
    let client = if origin.client.is_empty() { String::new() } else { format!(";client={}", origin.client) };
    format!("com/salesforce/api/{api}/{}{client}", origin.version)
}
