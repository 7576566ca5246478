//! The source: what the session delivers and what a snapshot reads, as batches of records with their positions.
//!
//! Everything is read by this one task, one read after the other, and what is read is produced before the next read
//! begins; therefore the records of one id stand on their topic in the order of their versions. A position stands in
//! the batch of the records it speaks of, never earlier (D8).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{AtEnd, Source, SourceBatch, SourcePosition, SourceRecord, TaskError};
use tokio::time::Instant;

use crate::bayeux::{Served, Session};
use crate::channel::Channel;
use crate::clock::OrgClock;
use crate::condition::Condition;
use crate::config::SourceConfig;
use crate::counters::{Count, SourceCounters};
use crate::end::EndCheck;
use crate::error::SourceError;
use crate::fold::fold;
use crate::gap;
use crate::hydrate::{Hydrated, Produced, hydrate};
use crate::inbox::{Inbox, Item};
use crate::moment::Moment;
use crate::object::{Granted, Object, Target};
use crate::position::{Gap, GapState, SnapshotState};
use crate::rows::Rows;
use crate::snapshot::{self, Page};

/// Records of one batch at most.
const BATCH: usize = 5_000;

/// How often positions are stored that no record goes with.
const STORE_EVERY: Duration = Duration::from_mins(1);

/// A stream of one org's changes.
pub struct PushTopicSource {
    parts: Parts,
    /// Whether that everything is to be read anew has still to be put on record.
    unasked: bool,
    /// What is being read. It outlives a dropped `poll`, which would otherwise begin it again and again.
    work: Option<Work>,
    turn: Turn,
    stream: Stream,
    /// When this source stored positions last.
    stored: Option<Instant>,
}

/// What a source is made of.
pub(crate) struct Parts {
    pub(crate) config: SourceConfig,
    pub(crate) rows: Rows,
    pub(crate) objects: Vec<Object>,
    pub(crate) session: Session,
    pub(crate) inbox: Inbox,
    pub(crate) clock: Arc<OrgClock>,
    pub(crate) condition: Condition,
    pub(crate) counters: Arc<SourceCounters>,
    pub(crate) end: EndCheck,
}

/// Whose turn it is while a snapshot runs, so that neither starves the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Events,
    Page,
}

/// How the stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stream {
    /// There is no live session.
    Down,
    /// All channels have been delivering since then.
    Live(Instant),
    /// Changes of these objects, by index, are missing. Nothing more is produced; other channels may have gaps too.
    Breaking(Vec<usize>),
    /// Changes are missing and that is stored; this is the message.
    Broken(String),
}

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send>>;

/// A read on its way, and what it is for.
enum Work {
    /// The rows of the events in the first so many items of the inbox.
    Events { items: usize, reading: Reading<Vec<Hydrated>> },
    /// The next page of this object's snapshot.
    Page { object: usize, reading: Reading<Page> },
}

/// A read that is done.
enum Done {
    Events { items: usize, hydrated: Vec<Hydrated> },
    Page { object: usize, page: Page },
}

impl PushTopicSource {
    /// A source that has not been polled; `anew` as in [`SourceContext`](crate::SourceContext).
    pub(crate) fn new(parts: Parts, anew: bool) -> Self {
        let (turn, stream) = (Turn::Events, Stream::Down);
        Self { parts, unasked: anew, work: None, turn, stream, stored: None }
    }

    /// What the source has done since it was started.
    pub fn counters(&self) -> Arc<SourceCounters> {
        Arc::clone(&self.parts.counters)
    }

    /// Works off what is no event at the front of the inbox, up to the first thing that has to be stored.
    fn settle(&mut self) -> Result<Option<SourceBatch>, SourceError> {
        while !matches!(self.parts.inbox.front(), None | Some(Item::Event(_))) {
            match self.parts.inbox.pop() {
                Some(Item::Subscribed { channel, served, at }) => {
                    if self.subscribed(&channel, served, at) == Some(Granted::First) {
                        return Ok(Some(self.positions()));
                    }
                    if matches!(self.stream, Stream::Breaking(_)) {
                        break;
                    }
                }
                Some(Item::Live) => self.stream = Stream::Live(Instant::now()),
                Some(Item::Lost) => self.stream = Stream::Down,
                Some(Item::Polled { at, empty }) => self.polled(at, empty),
                Some(Item::Failed(error)) => return Err(error),
                Some(Item::Gone) => return Err(SourceError::SessionGone),
                Some(Item::Event(_)) | None => {}
            }
        }
        Ok(None)
    }

    /// What a granted subscription means for its object.
    fn subscribed(&mut self, channel: &Channel, served: Served, at: Moment) -> Option<Granted> {
        let Parts { config, objects, .. } = &mut self.parts;
        let index = objects.iter().position(|object| object.target.channel == *channel)?;
        let object = &mut objects[index];
        let granted = object.granted(served, at, config.start, config.retention);
        if let Granted::Gap(gap) = &granted {
            // D9: a gap that is open already began earlier, and its repair has to reach back that far.
            let from = object.gap.as_ref().map_or(gap.from, |open| open.from.min(gap.from));
            object.gap = Some(Gap { from, ..gap.clone() });
            match &mut self.stream {
                Stream::Breaking(found) => found.push(index),
                stream => *stream = Stream::Breaking(vec![index]),
            }
        }
        Some(granted)
    }

    /// Changes are missing: finds out in which other channels as well, so that one repair serves all. What else
    /// comes stays behind the stored positions and is not lost by being passed over.
    async fn find_gaps(&mut self) -> SourceBatch {
        loop {
            self.parts.inbox.fill();
            match self.parts.inbox.pop() {
                Some(Item::Subscribed { channel, served, at }) => drop(self.subscribed(&channel, served, at)),
                Some(Item::Event(_) | Item::Polled { .. }) => {}
                Some(Item::Live | Item::Lost | Item::Failed(_) | Item::Gone) => break,
                None if self.parts.objects.iter().all(Object::is_subscribed) => break,
                None => self.parts.inbox.wait().await,
            }
        }
        let Stream::Breaking(found) = &self.stream else { return SourceBatch::default() };
        let objects = &self.parts.objects;
        let positions = found
            .iter()
            .filter_map(|index| objects[*index].open_gap())
            .map(|(channel, gap)| gap.stored(channel))
            .collect();
        let (org, pipeline) = (self.parts.rows.patience().org().name(), &self.parts.config.pipeline);
        self.stream =
            Stream::Broken(gap::message(org, pipeline, objects.iter().filter_map(Object::open_gap)));
        SourceBatch { records: Vec::new(), positions }
    }

    /// That the snapshots at hand are to be made, before any of them begins: those whose turn never comes in this run
    /// are made by a later one.
    fn ask(&self) -> SourceBatch {
        let asked = |object: &Object| {
            let snapshot = object.snapshot.as_ref()?;
            Some(snapshot.position(SnapshotState::Running).stored(&object.target.name))
        };
        let positions = self.parts.objects.iter().filter_map(asked).collect();
        SourceBatch { records: Vec::new(), positions }
    }

    fn polled(&mut self, at: Moment, empty: bool) {
        for object in &mut self.parts.objects {
            object.polled(at, empty);
        }
    }

    /// Begins the next read, if there is something to read.
    fn begin(&mut self) -> Option<Work> {
        let snapshot = snapshot::next(&self.parts.objects);
        match (self.parts.inbox.has_events(), snapshot) {
            (true, None) => Some(self.begin_events()),
            (true, Some(_)) if self.turn == Turn::Events => Some(self.begin_events()),
            (_, Some(object)) => Some(self.begin_page(object)),
            (false, None) => None,
        }
    }

    fn begin_events(&self) -> Work {
        let (events, items) = self.parts.inbox.run(BATCH);
        let rows = self.parts.rows.clone();
        let targets: Vec<Arc<Target>> =
            self.parts.objects.iter().map(|object| Arc::clone(&object.target)).collect();
        let changes = fold(&events);
        let reading = Box::pin(async move { hydrate(&rows, &targets, &changes).await });
        Work::Events { items, reading }
    }

    fn begin_page(&mut self, index: usize) -> Work {
        let now = self.now();
        let object = &mut self.parts.objects[index];
        let snapshot = object.snapshot.get_or_insert_default();
        snapshot.started.get_or_insert(now);
        let (place, target) = (snapshot.place(), Arc::clone(&object.target));
        let rows = self.parts.rows.clone();
        let reading = Box::pin(async move { place.read(&rows, &target.name).await });
        Work::Page { object: index, reading }
    }

    fn finish(&mut self, done: Done) -> SourceBatch {
        match done {
            Done::Events { items, hydrated } => self.finish_events(items, hydrated),
            Done::Page { object, page } => self.finish_page(object, page),
        }
    }

    /// The records of events, with the positions behind these events.
    fn finish_events(&mut self, items: usize, hydrated: Vec<Hydrated>) -> SourceBatch {
        self.turn = Turn::Page;
        let mut events = 0;
        for _ in 0..items {
            match self.parts.inbox.pop() {
                Some(Item::Event(event)) => {
                    events += 1;
                    let mut objects = self.parts.objects.iter_mut();
                    if let Some(object) = objects.find(|object| object.target.channel == event.channel) {
                        object.passed(&event);
                    }
                }
                Some(Item::Polled { at, empty }) => self.polled(at, empty),
                _ => {}
            }
        }
        self.parts.counters.count(Count::Folded, events - hydrated.len());
        let mut records = Vec::with_capacity(hydrated.len());
        for Hydrated { produced, count } in hydrated {
            self.parts.counters.count(count, 1);
            if let Some(produced) = produced {
                if let Some(snapshot) = &mut self.parts.objects[produced.object].snapshot {
                    snapshot.seen.note(produced.id, produced.standing);
                }
                records.push(self.produce(produced));
            }
        }
        SourceBatch { records, ..self.positions() }
    }

    /// The records of a page; with the last one the snapshot is done, and the gap that it repairs is closed.
    fn finish_page(&mut self, index: usize, page: Page) -> SourceBatch {
        self.turn = Turn::Events;
        let object = &mut self.parts.objects[index];
        let target = Arc::clone(&object.target);
        let snapshot = object.snapshot.get_or_insert_default();
        let goes_on = snapshot.goes_on(&page);
        let state = if goes_on { SnapshotState::Running } else { SnapshotState::Done };
        let mut positions = vec![snapshot.position(state).stored(&target.name)];
        let read = page.len();
        let produced = page.produce(&snapshot.seen, index, &target.destination);
        if !goes_on {
            object.snapshot = None;
            // D9: in the transaction of the last rows that repair it.
            if let Some(gap) = object.gap.take() {
                positions.push(Gap { state: GapState::Closed, ..gap }.stored(&target.channel));
            }
            tracing::info!(pipeline = %self.parts.config.pipeline, object = %target.name, "the snapshot is done");
        }
        self.parts.counters.count(Count::SnapshotRow, produced.len());
        self.parts.counters.count(Count::Superseded, read - produced.len());
        let records = produced.into_iter().map(|produced| self.produce(produced)).collect();
        positions.extend(self.positions().positions);
        SourceBatch { records, positions }
    }

    fn produce(&mut self, produced: Produced) -> SourceRecord {
        let now = self.now();
        self.parts.end.note(produced.object, produced.id, produced.standing, now);
        produced.record
    }

    /// The positions that say more than what is stored.
    fn positions(&mut self) -> SourceBatch {
        self.stored = Some(Instant::now());
        let now = self.now();
        self.parts.end.forget_old(now);
        let changed = self.parts.objects.iter_mut().filter(|object| object.unstored);
        let positions: Vec<SourcePosition> = changed.filter_map(Object::store).collect();
        SourceBatch { records: Vec::new(), positions }
    }

    /// When positions have to be stored although no record goes with them.
    fn store_at(&self) -> Option<Instant> {
        let due = || self.stored.map_or_else(Instant::now, |stored| stored + STORE_EVERY);
        self.parts.objects.iter().any(|object| object.unstored).then(due)
    }

    /// The org's time. Before its first answer nothing is produced, and nothing compares with it.
    fn now(&self) -> Moment {
        self.parts.clock.now().unwrap_or(Moment::BEGINNING)
    }

    /// Waits for a delivery, or until positions have to be stored.
    async fn wait(&mut self) {
        match self.store_at() {
            None => self.parts.inbox.wait().await,
            Some(at) => {
                tokio::select! {
                    () = self.parts.inbox.wait() => {}
                    () = tokio::time::sleep_until(at) => {}
                }
            }
        }
    }

    /// Since when the stream brings everything that happens; `None` while it does not, or while a snapshot runs.
    fn complete_since(&self) -> Option<Instant> {
        let snapshots = self.parts.objects.iter().any(|object| object.snapshot.is_some());
        match self.stream {
            Stream::Live(since) if self.parts.condition.is_good() && !snapshots => Some(since),
            _ => None,
        }
    }
}

impl Work {
    /// Waits until it is read. Cancel-safe.
    async fn done(&mut self) -> Result<Done, SourceError> {
        match self {
            Self::Events { items, reading } => Ok(Done::Events { items: *items, hydrated: reading.await? }),
            Self::Page { object, reading } => Ok(Done::Page { object: *object, page: reading.await? }),
        }
    }
}

#[async_trait]
impl Source for PushTopicSource {
    async fn poll(&mut self) -> Result<SourceBatch, TaskError> {
        if std::mem::take(&mut self.unasked) {
            return Ok(self.ask());
        }
        loop {
            match &self.stream {
                Stream::Broken(message) => return Err(TaskError::Gap(message.clone())),
                Stream::Breaking(_) => return Ok(self.find_gaps().await),
                Stream::Down | Stream::Live(_) => {}
            }
            if self.work.is_none() {
                self.parts.inbox.fill();
                if let Some(batch) = self.settle()? {
                    return Ok(batch);
                }
                if matches!(self.stream, Stream::Breaking(_)) {
                    continue;
                }
                self.work = self.begin();
            }
            if let Some(work) = &mut self.work {
                let done = work.done().await;
                // Only now: a poll that is dropped while it waits leaves the work where it is.
                self.work = None;
                return Ok(self.finish(done?));
            }
            if self.store_at().is_some_and(|at| at <= Instant::now()) {
                return Ok(self.positions());
            }
            self.wait().await;
        }
    }

    async fn at_end(&mut self, quiet: Duration) -> Result<AtEnd, TaskError> {
        let Some(since) = self.complete_since() else {
            self.parts.end.interrupted();
            return Ok(AtEnd::No);
        };
        self.parts.inbox.fill();
        let quiet_since = self.parts.inbox.last_event().map_or(since, |event| event.max(since));
        let waits = self.work.is_some() || self.parts.inbox.front().is_some();
        if waits || quiet_since.elapsed() < quiet {
            self.parts.end.outdated();
            return Ok(AtEnd::No);
        }
        let now = self.now();
        let Parts { end, rows, objects, .. } = &mut self.parts;
        let answer = end.ask(rows, objects, now).await?;
        if answer == AtEnd::Yes {
            // A run that ends here may be too short for an empty connect, and the next one a day later must not take
            // the quiet time before for a gap.
            for object in objects.iter_mut() {
                object.polled(now, true);
            }
            if objects.iter().any(|object| object.unstored) {
                // It ends as soon as the answer is yes, so what it has to store comes first.
                self.stored = None;
                return Ok(AtEnd::No);
            }
        }
        Ok(answer)
    }

    async fn stop(&mut self) {
        self.work = None;
        self.parts.session.stop().await;
    }
}

impl fmt::Debug for PushTopicSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushTopicSource")
            .field("config", &self.parts.config)
            .field("objects", &self.parts.objects)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
