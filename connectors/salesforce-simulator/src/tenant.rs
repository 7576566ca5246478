//! Everything that the calls of one org share, and the rule of its writes: rows, events and the data file change
//! together under one lock, before the call is answered and before anybody is told of the events.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::to_raw_value;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::{ClientKey, Logins};
use crate::bayeux::Streams;
use crate::builder::Settings;
use crate::bulk::{JobEntry, Jobs};
use crate::calls::Calls;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::data::{
    Entry, Form, Journal, Origin, Push, Refusal, Store, StoredEvent, Transaction, Writer, render,
};
use crate::events::{EventLog, Feeds, GapKind};
use crate::exchanges::Exchanges;
use crate::fault::Faults;
use crate::rest::Cursors;
use crate::schema::Schema;
use crate::setup::{Setting, Setup};
use crate::spanning::Spanning;
use crate::timestamp::Timestamp;
use crate::tooling::Definitions;
use crate::unfinished::Unfinished;
use crate::usage::{Allocation, Usage};

/// Who an org is. Kept in the data file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Part of the user name, and the org's own name.
    pub(crate) name: String,
    /// 18 characters.
    pub(crate) org_id: String,
    /// 18 characters.
    pub(crate) user_id: String,
    /// Two characters that all its ids share.
    pub(crate) pod: String,
    /// Where the counters of its ids start.
    pub(crate) id_base: u64,
    /// How often it was started again.
    #[serde(default)]
    pub(crate) starts: u64,
    /// When it was made, milliseconds since 1970.
    pub(crate) created: i64,
    /// How to log in.
    pub(crate) credentials: Credentials,
}

/// So many ids of each kind that is not kept may be given out between two starts.
const UNKEPT: u64 = 62 * 62 * 62 * 62 * 62;

impl Identity {
    /// The same org after a restart.
    #[must_use]
    pub(crate) fn started_again(self) -> Self {
        Self { starts: self.starts + 1, ..self }
    }

    /// Where ids of what the data file does not keep (jobs, query locators) begin: never where they have been before, so
    /// an id from before a restart is unknown, and not somebody else's.
    pub(crate) fn first_unkept(&self) -> u64 {
        self.id_base.saturating_add(self.starts.saturating_mul(UNKEPT))
    }
}

/// One org.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) identity: Identity,
    pub(crate) key: ClientKey,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<Clock>,
    pub(crate) calls: Calls,
    pub(crate) exchanges: Exchanges,
    pub(crate) usage: Usage,
    pub(crate) faults: Faults,
    pub(crate) stop: CancellationToken,
    pub(crate) changed: watch::Sender<()>,
    /// Told when a bulk job is ready to be processed.
    pub(crate) bulk_work: Notify,
    pub(crate) state: Mutex<State>,
    /// Wakes calls that waited for the end of a transaction that spans several writes.
    pub(crate) turn: Condvar,
}

/// What changes while an org runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) definitions: Definitions,
    pub(crate) log: EventLog,
    pub(crate) feeds: Feeds,
    pub(crate) logins: Logins,
    pub(crate) streams: Streams,
    pub(crate) cursors: Cursors,
    pub(crate) jobs: Jobs,
    pub(crate) journal: Option<Journal>,
    /// What was set up while the org ran.
    pub(crate) setup: Setup,
    /// The transaction that [`Tenant::together`] has open.
    pub(crate) spanning: Option<Spanning>,
}

impl Tenant {
    /// The state, for as short as it takes: never across an await. Waits while a transaction of another call spans
    /// several writes.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let foreign = |state: &mut State| state.spanning.as_ref().is_some_and(Spanning::foreign);
        let mut state = self.turn.wait_while(state, foreign).unwrap_or_else(PoisonError::into_inner);
        // Nobody ever sees a row whose time in the recycle bin is over.
        state.store.purge(self.clock.now());
        state
    }

    /// Runs writes of the org itself as one transaction.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> T) -> Result<T, Refusal> {
        self.write_as(Origin::default(), work)
    }

    /// The schema as it is now. It lives with the rows, under the lock of the state: custom fields that a client makes
    /// swap it for one in which every object and field keeps its place, so what is found in a schema that a call holds
    /// stays right until the call is done.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.state().store.schema)
    }

    /// Runs the writes of one call as one transaction, then stores it and raises its events; within
    /// [`Tenant::together`] that is done with the changes of its other writes.
    pub(crate) fn write_as<T>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Writer<'_>) -> T,
    ) -> Result<T, Refusal> {
        self.write_noting(origin, work, |_, _| None)
    }

    /// The same for a bulk job, which notes what became of its rows: that stands along with them, or not at all.
    pub(crate) fn write_noting<T>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Writer<'_>) -> T,
        note: impl FnOnce(&Jobs, &T) -> Option<JobEntry>,
    ) -> Result<T, Refusal> {
        let mut state = self.state();
        let now = self.clock.now();
        let publishable = self.usage.allowed(Allocation::PublishedEvents, now);
        let mut open = Unfinished { state: &mut state, tx: Transaction::new(origin) };
        let published = open.state.spanning.as_ref().map_or(0, |spanning| spanning.tx.published.len());
        open.tx.publishable = usize::try_from(publishable).unwrap_or(usize::MAX).saturating_sub(published);
        let done = work(&mut Writer {
            store: &mut open.state.store,
            tx: &mut open.tx,
            faults: &self.faults,
            now,
            user_id: &self.identity.user_id,
        });
        match &mut open.state.spanning {
            Some(spanning) => {
                spanning.tx.changes.append(&mut open.tx.changes);
                spanning.tx.published.append(&mut open.tx.published);
            }
            None => {
                let noted = note(&open.state.jobs, &done);
                self.commit(open, noted)?;
            }
        }
        Ok(done)
    }

    /// Stores what a transaction changed and raises its events. What the data file cannot keep is taken back.
    pub(crate) fn commit(&self, mut open: Unfinished<'_>, noted: Option<JobEntry>) -> Result<(), Refusal> {
        let Unfinished { state, tx } = &mut open;
        if tx.changes.is_empty() && tx.published.is_empty() && tx.pushed.is_empty() && noted.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let events = state.feeds.raise(&mut state.log, &state.store, tx, now);
        if let Some(journal) = &mut state.journal {
            let mut seen = HashSet::new();
            let changed = tx.changes.iter().filter(|change| seen.insert(change.id.as_str()));
            let changed = changed.filter_map(|change| state.store.row(&change.id));
            let rows = changed.map(|(object, row)| state.store.stored(object, row)).collect();
            let (last_replay_id, job) = (state.log.last(), noted.clone().map(Box::new));
            journal.append(&Entry::Commit { rows, events: events.clone(), last_replay_id, job })?;
        }
        state.log.keep(&events);
        state.feeds.committed(&state.store, tx);
        let published = u64::try_from(tx.published.len()).unwrap_or(u64::MAX);
        self.usage.spend(Allocation::PublishedEvents, published, now);
        if let Some(noted) = noted {
            state.jobs.restore(noted, &mut state.store.ids);
        }
        open.keep();
        self.compact(open.state);
        self.changed.send_replace(());
        Ok(())
    }

    /// Pushes text through generic channels; within [`Tenant::together`] with its other writes, or not at all.
    pub(crate) fn push(
        &self,
        work: impl FnOnce(&State, Timestamp) -> Result<Vec<Push>, Refusal>,
    ) -> Result<(), Refusal> {
        let mut state = self.state();
        let state = &mut *state;
        let pushed = work(state, self.clock.now())?;
        if let Some(spanning) = &mut state.spanning {
            spanning.tx.pushed.extend(pushed);
            return Ok(());
        }
        let mut tx = Transaction::new(Origin::default());
        tx.pushed = pushed;
        self.commit(Unfinished { state, tx }, None)
    }

    /// Stores events that no transaction raised, and puts them into the log.
    pub(crate) fn raise(
        &self,
        work: impl FnOnce(&mut State, Timestamp) -> Result<Vec<Arc<StoredEvent>>, Refusal>,
    ) -> Result<(), Refusal> {
        let mut state = self.state();
        let state = &mut *state;
        let events = work(state, self.clock.now())?;
        let last_replay_id = state.log.last();
        state.append(&Entry::Commit {
            rows: Vec::new(),
            events: events.clone(),
            last_replay_id,
            job: None,
        })?;
        state.log.keep(&events);
        self.compact(state);
        self.changed.send_replace(());
        Ok(())
    }

    /// Captures the changes of one more object from now on.
    pub(crate) fn capture(&self, object: &str) -> Result<(), String> {
        self.set_up(Setting::Captured(object.to_owned()))
    }

    /// Raises a gap event for these records; of an overflow for none.
    pub(crate) fn raise_gap(&self, object: &str, kind: GapKind, ids: &[String]) -> Result<(), String> {
        let raised = self.raise(|state, now| {
            let State { feeds, store, log, .. } = state;
            feeds.raise_gap(log, store, object, kind, ids, now)
        });
        raised.map_err(|refusal| refusal.message)
    }

    /// Raises an event of any shape.
    pub(crate) fn raise_data(&self, channel: &str, mut data: Json) {
        let channels: Arc<[Arc<str>]> = Arc::new([channel.into()]);
        let raised = self.raise(|state, now| {
            let event = state.log.next(channels, now, |replay_id| {
                if let Some(event) = data.get_mut("event").and_then(Json::as_object_mut) {
                    event.insert("replayId".to_owned(), replay_id.into());
                }
                to_raw_value(&data)
            });
            Ok(event.into_iter().collect())
        });
        if let Err(refusal) = raised {
            tracing::error!(refusal = refusal.message, "an event was not raised");
        }
    }

    /// Makes the next change events of an object gap events.
    pub(crate) fn order_gaps(&self, object: &str, times: usize) -> Result<(), String> {
        let mut state = self.state();
        let State { feeds, store, .. } = &mut *state;
        let at = store.schema.find(object).ok_or_else(|| format!("there is no object {object}"))?;
        feeds.capture.order_gaps(at, times);
        Ok(())
    }

    /// Moves the clock; sessions and events that are too old then are gone.
    pub(crate) fn advance(&self, by: Duration) {
        // Under the lock: no row leaves the recycle bin within a transaction that put it there.
        let mut state = self.state();
        self.clock.advance(by);
        // That it failed is in the log of the process.
        let _kept = state.append(&Entry::Clock(self.clock.offset_millis()));
        drop(state);
        self.changed.send_replace(());
    }

    /// Makes every access token void.
    pub(crate) fn expire_tokens(&self) {
        self.state().logins.expire_all();
        self.changed.send_replace(());
    }

    /// Forgets every CometD session.
    pub(crate) fn drop_streaming_sessions(&self) {
        self.state().streams.drop_all();
        self.changed.send_replace(());
    }

    /// Forgets all events up to this replay id; answers how many there were.
    pub(crate) fn forget_events(&self, replay_id: u64) -> usize {
        let mut state = self.state();
        match state.append(&Entry::Forgotten(replay_id)) {
            Ok(()) => state.log.forget_until(replay_id),
            // They would be back after a restart.
            Err(_) => 0,
        }
    }

    /// Forgets all events and sessions, and numbers events from the beginning.
    pub(crate) fn number_events_anew(&self) {
        let mut state = self.state();
        state.log.begin_anew();
        state.streams.drop_all();
        drop(state);
        self.changed.send_replace(());
    }

    /// Silences the present subscriptions to a channel.
    pub(crate) fn silence(&self, channel: &str) {
        self.state().streams.silence(channel);
    }

    /// Sets how many events of each kind may be delivered in 24 hours.
    pub(crate) fn limit_daily_events(&self, max: Option<u64>) {
        self.usage.limit_deliveries(max);
        self.changed.send_replace(());
    }

    /// Live rows of an object.
    pub(crate) fn count(&self, object: &str) -> usize {
        self.schema().find(object).map_or(0, |at| self.state().store.table(at).live())
    }

    /// Live rows of an object as REST shows them.
    pub(crate) fn rows(&self, object: &str) -> Vec<Json> {
        let state = self.state();
        let Some(object) = state.store.schema.find(object) else { return Vec::new() };
        let definition = state.store.schema.object(object);
        let live = state.store.table(object).rows().filter(|row| !row.deleted());
        live.map(|row| {
            Json::Object(
                definition
                    .visible_fields()
                    .map(|(at, f)| (f.name.clone(), render(&state.store, object, row, at, Form::Rest)))
                    .collect(),
            )
        })
        .collect()
    }

    /// The id of the last event raised.
    pub(crate) fn last_replay_id(&self) -> u64 {
        self.state().log.last()
    }
}

impl State {
    /// Writes to the data file, if there is one: before anybody sees what it tells of.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), Refusal> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(entry))
    }
}

impl Tenant {
    /// The org's own URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.identity.credentials.login_url
    }

    /// Whether a token is good; its time starts anew.
    pub(crate) fn token_is_good(&self, token: &str) -> bool {
        self.state().logins.use_token(token, self.clock.now(), self.settings.session_lifetime)
    }
}
