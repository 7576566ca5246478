//! The source: what the session delivers and what a snapshot reads, as batches of records with their positions.
//!
//! Everything is read one after the other, and what is read is produced in that order; therefore the records of one id
//! stand on their topic in the order of their versions. The next read is on its way while the batch before it is made
//! into bytes and committed. A position stands in the batch of the records it speaks of, never earlier (D8).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{AtEnd, Source, SourceBatch, TaskError};
use tokio::time::Instant;

use crate::as_event;
use crate::batch::Parts;
use crate::channel::Channel;
use crate::counters::SourceCounters;
use crate::error::SourceError;
use crate::fold::fold;
use crate::gap;
use crate::health::Facts;
use crate::hydrate::hydrate;
use crate::inbox::Item;
use crate::open::open_as_wanted;
use crate::overtaken;
use crate::snapshot::Reply;
use crate::subjects::Answered;
use crate::sweep::Reader;
use crate::work::{Next, Read, Told, Turn, Unread, Work};

/// Records of one batch at most.
const BATCH: usize = 5_000;

/// The pause before what cannot be read yet is looked at again.
const SOON: Duration = Duration::from_millis(500);

/// A stream of one org's changes.
pub struct PushTopicSource {
    parts: Parts,
    /// Whether that everything is to be read anew has still to be put on record.
    unasked: bool,
    /// What is being read. It outlives a dropped `poll`, which would otherwise begin it again and again.
    work: Option<Work>,
    turn: Turn,
    stream: Stream,
    /// The batches that are not committed yet, the oldest first.
    handed_out: VecDeque<HandedOut>,
}

/// What holds once a batch is committed.
#[derive(Debug)]
struct HandedOut {
    /// How everything is.
    facts: Facts,
    /// Bulk jobs that are not needed any more.
    spent_jobs: Vec<String>,
    /// Those whose orders are on record.
    replies: Vec<Reply>,
}

/// How the stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stream {
    /// There is no live session.
    Down,
    /// All channels that can be read have been delivering since then.
    Live(Instant),
    /// Changes are missing. Nothing more is produced; other channels may have gaps too.
    Breaking,
    /// Changes are missing and that is stored; this is the message.
    Broken(String),
}

impl PushTopicSource {
    /// A source that has not been polled; `anew` as in [`SourceContext`](crate::SourceContext).
    pub(crate) fn new(parts: Parts, anew: bool) -> Self {
        Self {
            parts,
            unasked: anew,
            work: None,
            turn: Turn::default(),
            stream: Stream::Down,
            handed_out: VecDeque::new(),
        }
    }

    /// What the source has done since it was started.
    pub fn counters(&self) -> Arc<SourceCounters> {
        Arc::clone(&self.parts.counters)
    }

    /// Shows how everything is, unless that is not in Kafka yet.
    fn show(&self) {
        if self.handed_out.is_empty() {
            self.parts.condition.shows(self.parts.facts());
        }
    }

    /// Works off what is no event at the front of the inbox, up to the first thing that has to be stored.
    fn settle(&mut self) -> Result<Option<SourceBatch>, SourceError> {
        loop {
            self.take_signs();
            if matches!(self.parts.inbox.front(), Some(Item::Event(_))) {
                return Ok(None);
            }
            match self.parts.inbox.pop() {
                Some(Item::Subscribed { channel, ask, served, at }) => {
                    self.parts.rested(&channel, ask);
                    match self.parts.subjects.granted(&channel, ask, served, at) {
                        Answered::Store => return Ok(Some(self.parts.positions())),
                        Answered::Again(subscription) => {
                            self.parts.session.ask(subscription);
                            return Ok(Some(self.parts.positions()));
                        }
                        Answered::Gap => {
                            self.stream = Stream::Breaking;
                            return Ok(None);
                        }
                        Answered::GoesOn => {}
                    }
                }
                Some(Item::Refused { channel, ask, error, after }) => {
                    self.refused(&channel, ask, &error, after);
                }
                Some(Item::Rests { channel, ask, error, next }) => self.rests(&channel, ask, &error, next),
                Some(Item::Failed(error)) => return Err(error),
                Some(Item::Gone) => return Err(SourceError::TaskGone("the streaming session")),
                Some(Item::Live | Item::Lost | Item::Polled { .. } | Item::Event(_)) | None => {
                    return Ok(None);
                }
            }
        }
    }

    /// Works off what says how the stream is, at the front of the inbox. Nothing of it has to be stored at once.
    fn take_signs(&mut self) {
        while let Some(Item::Live | Item::Lost | Item::Polled { .. }) = self.parts.inbox.front() {
            match self.parts.inbox.pop() {
                Some(Item::Live) => self.stream = Stream::Live(Instant::now()),
                Some(Item::Lost) => self.stream = Stream::Down,
                Some(Item::Polled { at, empty }) => self.parts.subjects.polled(at, empty),
                _ => {}
            }
        }
    }

    /// A channel brings nothing any more, so its objects fail; `after` as in [`Delivery`](crate::bayeux::Delivery). The
    /// source goes on even without any other, since what is refused today may be granted tomorrow.
    fn refused(&mut self, channel: &Channel, ask: u32, error: &SourceError, after: Option<Duration>) {
        for object in self.parts.subjects.of_channel(channel, ask) {
            self.parts.fails(object, error, after);
        }
    }

    /// A channel brings nothing until the org's allowance is renewed. Where the source has a place in it, that waits, and
    /// its objects go on by sweeps; otherwise nothing can be said of what it would bring.
    fn rests(&mut self, channel: &Channel, ask: u32, error: &SourceError, next: Instant) {
        match self.parts.subjects.rests(channel, ask) {
            Some(objects) => self.parts.rest(&objects, error, next),
            None => self.refused(channel, ask, error, Some(next - Instant::now())),
        }
    }

    /// A read failed: by its object's fault, which then fails alone, or by the task's. An object that once could be read is
    /// tried again even when it is the last one: an odd answer may be that of a maintenance.
    fn unread(&mut self, unread: Unread) -> Result<(), SourceError> {
        let Unread { object, error } = unread;
        // What a failed object meets when it is tried again concerns nobody else.
        if error.is_of_one_object() || !self.parts.subjects.objects[object].is_well() {
            self.parts.fails(object, &error, None);
            return Ok(());
        }
        Err(error)
    }

    /// Changes are missing: finds out in which other channels as well, so that one repair serves all. What else
    /// comes stays behind the stored positions and is not lost by being passed over.
    async fn find_gaps(&mut self) -> Result<SourceBatch, SourceError> {
        loop {
            self.parts.inbox.fill();
            match self.parts.inbox.pop() {
                Some(Item::Subscribed { channel, ask, served, at }) => {
                    self.parts.rested(&channel, ask);
                    self.parts.subjects.granted(&channel, ask, served, at);
                }
                Some(Item::Refused { channel, ask, error, after }) => {
                    self.refused(&channel, ask, &error, after);
                }
                Some(Item::Rests { channel, ask, error, next }) => self.rests(&channel, ask, &error, next),
                Some(Item::Event(_) | Item::Polled { .. }) => {}
                Some(Item::Live | Item::Lost | Item::Failed(_) | Item::Gone) => break,
                None if self.parts.subjects.are_settled() => break,
                None => self.parts.inbox.wait().await,
            }
        }
        let gaps = self.parts.subjects.open_gaps();
        let (org, pipeline) = (self.parts.rows.patience().org().name(), &self.parts.config.pipeline);
        self.stream = Stream::Broken(gap::message(org, pipeline, gaps));
        // Positions stay where they are, in front of what is missing.
        Ok(SourceBatch::of_positions(self.parts.subjects.take_pending()))
    }

    /// Begins the next read, if there is something to read.
    fn begin(&mut self) {
        let events = matches!(self.parts.inbox.front(), Some(Item::Event(_)));
        let now = self.parts.now();
        self.parts.subjects.begin_polling(now);
        self.parts.compare_clocks(now);
        let page = self.parts.ready_page().map(Next::Page);
        let saves = self.parts.rows.patience().org().is_on_reserve();
        let subjects = &mut self.parts.subjects;
        let page = page.or_else(|| subjects.next_sweep(events, saves, now).map(Next::Sweep));
        let next = self.turn.next(events, page, subjects.due(Instant::now()));
        self.work = next.and_then(|next| match next {
            Next::Events => Some(self.begin_events()),
            Next::Page(object) => Some(self.parts.begin_page(object)),
            Next::Sweep(object) => self.begin_step(object),
            Next::Opening(object) => Some(self.begin_opening(object)),
        });
    }

    /// Begins the next read before the batch at hand is committed, so that it goes on meanwhile.
    fn read_ahead(&mut self) {
        self.parts.inbox.fill();
        self.take_signs();
        // What else comes may have to be stored first.
        if matches!(self.parts.inbox.front(), None | Some(Item::Event(_))) {
            self.begin();
        }
    }

    fn begin_events(&mut self) -> Work {
        let (events, items) = self.parts.inbox.run(BATCH);
        let mut occurrences = self.parts.subjects.occurrences(&events);
        self.parts.deletions.judge(&mut occurrences);
        self.parts.recent.begins(self.parts.now());
        overtaken::judge(&mut occurrences, &self.parts.recent);
        let changes = fold(&occurrences);
        let occurrences = occurrences.len();
        let names: Vec<Arc<str>> =
            self.parts.subjects.objects.iter().map(|object| object.target.name.as_str().into()).collect();
        let tasks = self.parts.subjects.as_events(&events);
        let (rows, of_schemas) = (self.parts.rows.clone(), self.parts.names.clone());
        Work::begin(async move {
            let hydrated = hydrate(&rows, &names, &changes).await?;
            let written = as_event::write(&rows, &of_schemas, &tasks).await?;
            Ok(Read::Events { items, told: Told { occurrences, hydrated, written } })
        })
    }

    fn begin_step(&mut self, object: usize) -> Option<Work> {
        let now = self.parts.now();
        let repairs = self.parts.subjects.repairs(object);
        let swept = &mut self.parts.subjects.objects[object];
        let run = swept.sweeps.take(&swept.gaps, repairs, now)?;
        let is_polled = swept.is_polled();
        let (reader, clock) = (self.parts.reader(object), Arc::clone(&self.parts.clock));
        Some(Work::begin(async move {
            let (run, found) = run.step(&reader).await.map_err(|error| Unread { object, error })?;
            if is_polled {
                // No session may be there to tell.
                clock.heard_by(reader.org());
            }
            Ok(Read::Swept { object, run: Box::new(run), found })
        }))
    }

    fn begin_opening(&self, object: usize) -> Work {
        let opening = &self.parts.subjects.objects[object];
        let (target, way) = (Arc::clone(&opening.target), Arc::clone(&opening.way));
        let rows = self.parts.rows.clone();
        Work::begin(async move {
            let opened = open_as_wanted(&rows, &target.name, &way).await;
            let opened = opened.map_err(|error| Unread { object, error })?;
            Ok(Read::Opened { object, opened })
        })
    }

    /// The batch of what was read; `None` where it makes none.
    fn finish(&mut self, read: Result<Read, Unread>) -> Result<Option<SourceBatch>, SourceError> {
        Ok(match read {
            Ok(Read::Events { items, told }) => Some(self.parts.finish_events(items, told)),
            Ok(Read::Page { object, page }) => Some(self.parts.finish_page(object, page)),
            Ok(Read::Swept { object, run, found }) => self.parts.finish_sweep(object, *run, found),
            Ok(Read::Opened { object, opened }) => {
                self.parts.recovers(object, opened);
                None
            }
            Err(unread) => {
                self.unread(unread)?;
                None
            }
        })
    }

    /// Waits for a delivery, rows or an order, or until positions have to be stored or a failed object is to be tried again.
    async fn wait(&mut self) {
        // What is due and waits for the stream is looked at again soon.
        let soon = Instant::now() + SOON;
        let swept = self.parts.subjects.next_sweep_at().map(|at| at.max(soon));
        let next = [self.parts.store_at(), self.parts.subjects.next_attempt(), swept];
        let next = next.into_iter().flatten().min();
        let due = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let Parts { inbox, commands, ground, .. } = &mut self.parts;
        tokio::select! {
            () = inbox.wait() => {}
            () = ground.ready.notified() => {}
            () = due => {}
            // Closed when nobody can ask any more.
            Some(order) = commands.recv() => self.parts.obey(order),
        }
    }

    /// Since when the stream brings everything that happens to the objects that can be read; `None` while it does not,
    /// or while a snapshot runs.
    fn complete_since(&self) -> Option<Instant> {
        let is_complete = self.parts.condition.is_good() && self.parts.subjects.are_streamed();
        match self.stream {
            Stream::Live(since) if is_complete => Some(since),
            _ => None,
        }
    }

    /// Whether everything that can be read is produced.
    async fn ask_end(&mut self, quiet: Duration) -> Result<AtEnd, SourceError> {
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
        let now = self.parts.now();
        if self.parts.subjects.hurry(now) {
            // What is due is read at once: nobody would look for it after the end.
            self.parts.end.outdated();
            return Ok(AtEnd::No);
        }
        let readers: Vec<Reader> =
            (0..self.parts.subjects.objects.len()).map(|index| self.parts.reader(index)).collect();
        let Parts { end, subjects, .. } = &mut self.parts;
        let answer = match end.ask(&readers, subjects, now).await {
            Ok(answer) => answer,
            Err(unread) => {
                self.unread(unread)?;
                return Ok(AtEnd::No);
            }
        };
        if answer == AtEnd::Yes {
            // A run that ends here may be too short for an empty connect, and the next one a day later must not take
            // the quiet time before for a gap.
            self.parts.subjects.polled(now, true);
            if self.parts.subjects.are_unstored() {
                // It ends as soon as the answer is yes, so what it has to store comes first.
                self.parts.stored = None;
                return Ok(AtEnd::No);
            }
            let missing = self.parts.subjects.missing();
            if !missing.is_empty() {
                return Ok(AtEnd::Without(missing));
            }
        }
        Ok(answer)
    }

    /// The next batch. Cancel-safe.
    async fn next(&mut self) -> Result<SourceBatch, TaskError> {
        if std::mem::take(&mut self.unasked) {
            return Ok(self.parts.ask());
        }
        self.show();
        loop {
            while let Ok(order) = self.parts.commands.try_recv() {
                self.parts.obey(order);
            }
            if let Some(batch) = self.parts.take_orders() {
                return Ok(batch);
            }
            match &self.stream {
                Stream::Broken(message) => return Err(TaskError::Gap(message.clone())),
                Stream::Breaking => return Ok(self.find_gaps().await?),
                Stream::Down | Stream::Live(_) => {}
            }
            if self.parts.subjects.are_broken() {
                self.stream = Stream::Breaking;
                continue;
            }
            if self.work.is_none() {
                self.parts.inbox.fill();
                if let Some(batch) = self.settle()? {
                    return Ok(batch);
                }
                if self.stream == Stream::Breaking {
                    continue;
                }
                self.begin();
            }
            if let Some(work) = &mut self.work {
                let read = work.done().await;
                // Only now: a poll that is dropped while it waits leaves the work where it is.
                self.work = None;
                if let Some(batch) = self.finish(read?)? {
                    self.read_ahead();
                    return Ok(batch);
                }
                continue;
            }
            if self.parts.store_at().is_some_and(|at| at <= Instant::now()) {
                return Ok(self.parts.positions());
            }
            self.show();
            self.wait().await;
        }
    }
}

#[async_trait]
impl Source for PushTopicSource {
    async fn poll(&mut self) -> Result<SourceBatch, TaskError> {
        let batch = self.next().await?;
        let spent_jobs = std::mem::take(&mut self.parts.spent_jobs);
        let replies = self.parts.orders.take_recorded();
        self.handed_out.push_back(HandedOut { facts: self.parts.facts(), spent_jobs, replies });
        Ok(batch)
    }

    fn committed(&mut self) {
        if let Some(HandedOut { facts, spent_jobs, replies }) = self.handed_out.pop_front() {
            self.parts.condition.shows(facts);
            self.parts.give_up(spent_jobs);
            for reply in replies {
                // Who ordered may have gone away.
                reply.send(Ok(())).ok();
            }
        }
    }

    async fn at_end(&mut self, quiet: Duration) -> Result<AtEnd, TaskError> {
        Ok(self.ask_end(quiet).await?)
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
            .field("subjects", &self.parts.subjects)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
