//! What a source is made of, and what is read made into batches: the records, and the positions behind them.
//!
//! What is changed here is the state behind the batch, before Kafka has it. A batch that Kafka never gets ends the source,
//! and another one is started from what is stored (D8).

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Links, Order, Produced, SourceBatch};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::as_event::{Names, Written};
use crate::bayeux::Session;
use crate::channel::Channel;
use crate::clock::OrgClock;
use crate::condition::Condition;
use crate::config::SourceConfig;
use crate::counters::{Count, SourceCounters};
use crate::deletions::Deletions;
use crate::described::Carried;
use crate::describing::Describing;
use crate::end::EndCheck;
use crate::error::SourceError;
use crate::event::Event;
use crate::evolution::TypesOnRecord;
use crate::health::Facts;
use crate::hydrate::Hydrated;
use crate::inbox::{Inbox, Item};
use crate::moment::Moment;
use crate::object::Object;
use crate::open::Opened;
use crate::produce::{Draft, Topics, shape};
use crate::recent::{Known, Recent};
use crate::returned::Returned;
use crate::rows::Rows;
use crate::snapshot::{Ground, Orders, Snapshot};
use crate::subjects::{Passed, Subjects};
use crate::sweep::Reader;
use crate::work::Told;

/// How often positions are stored that no record goes with.
const STORE_EVERY: Duration = Duration::from_mins(1);

/// How long what was produced is remembered at least: a little longer than the end asks for.
const REMEMBER: Duration = Duration::from_mins(15);

/// What a source is made of.
pub(crate) struct Parts {
    pub(crate) config: SourceConfig,
    pub(crate) rows: Rows,
    pub(crate) subjects: Subjects,
    pub(crate) topics: Topics,
    /// The types of fields that are on record.
    pub(crate) types: TypesOnRecord,
    /// Keeps the descriptions new.
    pub(crate) _describing: Describing,
    pub(crate) session: Session,
    pub(crate) inbox: Inbox,
    pub(crate) clock: Arc<OrgClock>,
    pub(crate) condition: Condition,
    pub(crate) counters: Arc<SourceCounters>,
    pub(crate) end: EndCheck,
    /// What was produced lately.
    pub(crate) recent: Recent,
    /// What lies on the topics.
    pub(crate) produced: Arc<dyn Produced>,
    /// What the target has; `None` without one.
    pub(crate) links: Option<Arc<dyn Links>>,
    pub(crate) commands: mpsc::Receiver<Order>,
    pub(crate) deletions: Deletions,
    pub(crate) ground: Ground,
    pub(crate) orders: Orders,
    /// When the progress of a snapshot was last logged.
    pub(crate) told: Option<Instant>,
    /// Bulk jobs that are not needed once the batch at hand is committed.
    pub(crate) spent_jobs: Vec<String>,
    /// What came back and may be pointed at again.
    pub(crate) returned: Returned,
    /// Of events that are written as they came.
    pub(crate) names: Names,
    /// When this source stored positions last.
    pub(crate) stored: Option<Instant>,
}

impl Parts {
    /// That the snapshots at hand are to be made, before any of them begins: those whose turn never comes in this run
    /// are made by a later one.
    pub(crate) fn ask(&self) -> SourceBatch {
        SourceBatch::of_positions(self.subjects.objects.iter().filter_map(Object::asked).collect())
    }

    /// The records of the events in the first `items` of the inbox, with the positions behind these events.
    pub(crate) fn finish_events(
        &mut self,
        items: usize,
        Told { occurrences, hydrated, written }: Told,
    ) -> SourceBatch {
        let mut batch = SourceBatch::default();
        for _ in 0..items {
            match self.inbox.pop() {
                Some(Item::Event(event)) if self.passed(&event) => {
                    self.note_losses(&event, &mut batch);
                }
                Some(Item::Polled { at, empty }) => self.subjects.polled(at, empty),
                _ => {}
            }
        }
        self.counters.count(Count::Folded, occurrences - hydrated.len());
        for Hydrated { draft, count } in hydrated {
            self.counters.count(count, 1);
            if let Some(draft) = draft {
                self.produce(draft, &mut batch);
            }
        }
        for written in written {
            self.finish_written(written, &mut batch);
        }
        batch.positions.extend(self.positions().positions);
        batch
    }

    /// As [`Subjects::passed`], with what may be missing before `event`.
    fn passed(&mut self, event: &Event) -> bool {
        let Passed { is_taken, missing } = self.subjects.passed(event);
        if let Some(missing) = missing {
            tracing::warn!(
                channel = %event.channel, replay_id = ?event.replay_id.map(|id| id.0),
                "org `{}` numbers the events of {} anew, as after a move to another instance; the stream goes on with \
                 these numbers, and what happened since {} counts as missing",
                self.rows.patience().org().name(), event.channel, missing.from
            );
            let now = self.now();
            for object in self.subjects.objects_by(&event.channel, None) {
                self.subjects.misses(object, Some(&event.channel), &missing, now);
            }
        }
        is_taken
    }

    /// The record of an event that is written as it came.
    fn finish_written(&mut self, written: Written, batch: &mut SourceBatch) {
        match written {
            Written::Envelope(envelope) => {
                let object = envelope.object;
                self.counters.count(Count::FromEvent, 1);
                let received = envelope.event.received.into_std();
                let target = &self.subjects.objects[object].target;
                if let Some(record) = envelope.record(&target.destination) {
                    batch.positions.extend(self.topics.begin(&record.topic, &target.name));
                    batch.push(record, Some(received));
                }
            }
            Written::Foreign => self.counters.count(Count::Foreign, 1),
            Written::Unfit { event, reason } => self.note_unfit(&event, &reason, batch),
        }
    }

    /// Puts the record of `draft` into `batch`.
    pub(crate) fn produce(&mut self, draft: Draft, batch: &mut SourceBatch) {
        let whole = draft.standing.is_deleted() || draft.image.carried == Carried::All;
        let key = (draft.object, draft.image.id);
        self.returned.note(&draft, self.recent.known(&key));
        self.recent.note(key, Known { standing: draft.standing, whole });
        self.note_for_snapshot(&draft);
        let target = &self.subjects.objects[draft.object].target;
        let received = draft.origin.received();
        // What a filter leaves out has been noted like what is produced: it is not missed.
        let described = Arc::clone(&draft.image.described);
        if let Some(record) = shape(draft, &target.destination) {
            batch.positions.extend(self.types.note(&described));
            batch.positions.extend(self.topics.begin(&record.topic, &target.name));
            batch.push(record, received);
        }
    }

    /// The positions that say more than what is stored.
    pub(crate) fn positions(&mut self) -> SourceBatch {
        self.stored = Some(Instant::now());
        // Of those that are swept, the sweep says so.
        for object in self.subjects.objects.iter().filter(|object| !object.has_rows()) {
            self.condition.notes(&object.target.name, "gaps", object.gaps.concern().as_deref());
        }
        let now = self.now();
        self.deletions.forget_before(self.subjects.as_of().unwrap_or(now));
        self.recent.forget_before(self.subjects.remembered(now - REMEMBER));
        let snapshots = self.subjects.objects.iter_mut().filter_map(|object| object.snapshot.as_mut());
        self.spent_jobs.extend(snapshots.flat_map(Snapshot::take_spent_jobs));
        let ordered = self.order_referrers(now);
        let mut positions = self.subjects.store();
        positions.extend(ordered);
        positions.extend(self.subjects.objects.iter_mut().flat_map(|object| object.forgets_orders(now)));
        SourceBatch::of_positions(positions)
    }

    /// When positions have to be stored although no record goes with them.
    pub(crate) fn store_at(&self) -> Option<Instant> {
        let due = || self.stored.map_or_else(Instant::now, |stored| stored + STORE_EVERY);
        self.subjects.are_unstored().then(due)
    }

    /// How everything is once the batches handed out are committed.
    pub(crate) fn facts(&self) -> Facts {
        Facts::of(&self.subjects, &self.clock, self.links.is_some())
    }

    /// What a sweep of an object reads with.
    pub(crate) fn reader(&self, index: usize) -> Reader {
        let names = self.subjects.objects.iter().map(|object| object.target.name.as_str().into()).collect();
        let (topics, links) = (Arc::clone(&self.produced), self.links.clone());
        Reader::new(self.rows.clone(), self.recent.clone(), topics, links, names, index)
    }

    /// The org's time. Before its first answer nothing is produced, and nothing compares with it.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now().unwrap_or(Moment::BEGINNING)
    }

    /// This object fails; an error when it was the last one.
    pub(crate) fn fail(&mut self, index: usize, error: &SourceError) -> Result<(), SourceError> {
        self.fails(index, error, None);
        if self.subjects.objects.iter().any(Object::is_well) {
            return Ok(());
        }
        Err(SourceError::NothingLeft(self.subjects.failures().join("; ")))
    }

    /// This object fails and is tried again `after` a time, or after the usual one.
    pub(crate) fn fails(&mut self, index: usize, error: &SourceError, after: Option<Duration>) {
        let name = self.subjects.objects[index].target.name.clone();
        let reason = format!("{name}: {error}");
        let shown = format!("{reason}; it is tried again from time to time, and the other objects go on");
        self.subjects.fail(index, reason, after);
        if let Some(snapshot) = &mut self.subjects.objects[index].snapshot {
            snapshot.halt();
        }
        self.condition.fails(&name, &shown, self.subjects.objects[index].next_attempt());
    }

    /// The channel of these objects rests until `next`.
    pub(crate) fn rest(&mut self, objects: &[usize], error: &SourceError, next: Instant) {
        for object in objects {
            let name = &self.subjects.objects[*object].target.name;
            self.condition.fails(name, &format!("{name}: {error}"), Some(next));
        }
    }

    /// The org answers about a channel, which may have rested.
    pub(crate) fn rested(&mut self, channel: &Channel, ask: u32) {
        for object in self.subjects.resting(channel, ask) {
            self.condition.recovers(&self.subjects.objects[object].target.name);
        }
    }

    /// This object, which had failed, can be read again, from where it was.
    pub(crate) fn recovers(&mut self, index: usize, opened: Opened) {
        let name = self.subjects.objects[index].target.name.clone();
        self.condition.notes(&opened.name, "push_topic", opened.ensured.drift());
        if let Some(subscription) = self.subjects.opened(index, opened) {
            self.session.ask(subscription);
        }
        self.condition.recovers(&name);
    }
}
