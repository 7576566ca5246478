//! The asynchronous front of a member.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use orgstream_api::{Capacity, InputOffset, OpenJobs, TopicPartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::event::{Assigned, Event};
use super::gauge::Gauge;
use super::member::Member;
use super::notes::Notes;
use super::outbox::{Item, Outbox};
use super::starts::Starts;
use super::thread::{Command, Commit, Poll, commits};
use crate::kafka::lease::Term;
use crate::kafka::{CommitLease, Consumed, Error, KafkaConfig};

/// How long [`GroupConsumer::close`] waits.
const CLOSE: Duration = Duration::from_secs(10);

/// Which group, as whom, for what.
#[derive(Debug, Clone)]
pub struct GroupConfig {
    /// The group's name.
    pub group: String,
    /// The member's lasting name: node and task. Partitions of a member that stops stay its own for the session time-out.
    pub instance: String,
    /// For whom the records are consumed: the org id of a sink. It is committed beside each offset, and what was
    /// committed for another is refused, as the records before it were never consumed for this one.
    pub on_behalf_of: String,
    /// The topics; they exist.
    pub topics: Vec<String>,
    /// Where to begin in partitions of which the group has committed nothing.
    pub starts: Starts,
    /// How long the group waits for a silent member; 45 s by default.
    pub session_timeout: Duration,
    /// How much is read ahead of the worker.
    pub read_ahead: Capacity,
}

/// A member of a consumer group, on threads of its own.
///
/// Dropping it leaves without a commit; [`GroupConsumer::close`] waits until it has left.
pub struct GroupConsumer {
    group: String,
    items: UnboundedReceiver<Item>,
    /// Records and positions that were overtaken by assignments.
    stash: VecDeque<Event>,
    positions: BTreeMap<TopicPartition, i64>,
    gauge: Arc<Gauge>,
    lease: Arc<CommitLease>,
    /// The newest term of the lease that the worker knows of.
    term: Term,
    commands: Sender<Command>,
    commits: Sender<Commit>,
    notes: Arc<Notes>,
    leaving: Leaving,
    left: oneshot::Receiver<()>,
}

/// Tells the threads when the front is gone.
struct Leaving(Arc<AtomicBool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl GroupConsumer {
    /// Joins. Events come from [`GroupConsumer::next`]; brokers are not waited for.
    pub fn open(config: &KafkaConfig, group: GroupConfig) -> Result<Self, Error> {
        let brokers = config.bootstrap_servers.clone();
        let name = group.group.clone();
        let topics = group.topics.clone();
        let gauge = Arc::new(Gauge::new(group.read_ahead));
        let (outbox, items) = Outbox::new(Arc::clone(&gauge));
        let lease = Arc::new(CommitLease::new(group.session_timeout));
        let (leaving, notes) = (Arc::new(AtomicBool::new(false)), Arc::new(Notes::default()));
        let client = config.member_config(&group);
        // A call in flight takes at most half the session time-out, so the whole of it is enough to drain.
        let patience = group.session_timeout;
        let member = Member::new(
            brokers.clone(),
            group,
            Arc::clone(&lease),
            outbox,
            patience,
            Arc::clone(&leaving),
            Arc::clone(&notes),
        );
        let refused = |error| Error::refused_config(&brokers, &error);
        let consumer: BaseConsumer<Member> = client.create_with_context(member).map_err(refused)?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(refused)?;

        let consumer = Arc::new(consumer);
        let (commands, command_receiver) = channel();
        let (commit_sender, commit_receiver) = channel();
        let (left_sender, left) = oneshot::channel();
        let spawned = |error: std::io::Error| Error::Config {
            brokers: brokers.clone(),
            what: format!("no thread could be started for consumer group {name}: {error}"),
        };
        let committing = Builder::new()
            .name("kafka-commit".to_owned())
            .spawn({
                let consumer = Arc::clone(&consumer);
                move || commits(&consumer, &commit_receiver)
            })
            .map_err(spawned)?;
        Builder::new()
            .name("kafka-consumer".to_owned())
            .spawn(move || {
                Poll::new(Arc::clone(&consumer), command_receiver).run();
                // The consumer is closed where it is dropped last, which must be the thread that polls.
                if committing.join().is_err() {
                    tracing::error!("the committing thread panicked");
                }
                drop(consumer);
                // Nobody may be waiting.
                left_sender.send(()).ok();
            })
            .map_err(spawned)?;
        Ok(Self {
            group: name,
            items,
            stash: VecDeque::new(),
            positions: BTreeMap::new(),
            gauge,
            term: lease.term(),
            lease,
            commands,
            commits: commit_sender,
            notes,
            leaving: Leaving(leaving),
            left,
        })
    }

    /// An event that is there already and is not records or positions. To be asked for before anything else is done:
    /// partitions may have changed hands.
    pub fn change(&mut self) -> Option<Event> {
        while let Ok(item) = self.items.try_recv() {
            if let Some(change) = self.sort(item) {
                return Some(change);
            }
        }
        None
    }

    /// The next event. Cancel-safe. Assignments overtake records that were read ahead.
    pub async fn next(&mut self) -> Event {
        if let Some(change) = self.change() {
            return change;
        }
        loop {
            if let Some(event) = self.stash.pop_front() {
                self.take(&event);
                return event;
            }
            match self.items.recv().await {
                Some(item) => {
                    if let Some(change) = self.sort(item) {
                        return change;
                    }
                }
                None => return Event::Error(self.closed()),
            }
        }
    }

    /// The next event that is not records or positions, for a worker without room. Cancel-safe.
    pub async fn next_change(&mut self) -> Event {
        while let Some(item) = self.items.recv().await {
            if let Some(change) = self.sort(item) {
                return change;
            }
        }
        Event::Error(self.closed())
    }

    /// Reads no further in exactly these partitions, until the next call. What was read ahead still comes.
    pub fn set_paused(&self, partitions: &[TopicPartition]) {
        let wish = Command::Pause(partitions.iter().cloned().collect());
        // The thread is gone only after an error that `next` tells of.
        self.commands.send(wish).ok();
    }

    /// From the next commit on each offset says which jobs go on with records of its partition. Whoever has the partition next is
    /// told of them, see [`Assigned::jobs`].
    pub fn keep(&self, jobs: OpenJobs) {
        self.notes.set(jobs);
    }

    /// Commits offsets (the next to read) of partitions that are still held, and renews the lease when the broker
    /// acknowledges it. Without such offsets nothing happens. A call that is dropped may still commit.
    ///
    /// Waits for the group's coordinator, at most for the session time-out.
    pub async fn commit(&self, offsets: Vec<InputOffset>) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let (done, answer) = oneshot::channel();
        self.commits.send(Commit { offsets, term: self.term, done }).map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// The offset after the last record of `partition` that [`next`](Self::next) returned, commit markers included;
    /// `None` when it is not assigned.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.positions.get(partition).copied()
    }

    /// Whether `next` has returned everything of `partition` before `end`, a high watermark. Commit markers before
    /// `end` count as soon as they were passed, although no record tells of it.
    pub fn caught_up(&self, partition: &TopicPartition, end: i64) -> bool {
        self.position(partition).is_some_and(|position| position >= end)
    }

    /// Goes back to the committed offsets of these partitions, so that what came since comes again. Those that are
    /// not assigned are left out; one without a commit is an error. Nothing of what was read ahead comes afterwards.
    pub async fn rewind(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        let command = Command::Rewind(partitions.to_vec(), done);
        self.commands.send(command).map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// The permission that this membership gives.
    pub fn lease(&self) -> Arc<CommitLease> {
        Arc::clone(&self.lease)
    }

    /// Leaves without a commit; commit first. The group gives the partitions away after the session time-out.
    ///
    /// Brokers that are away are not waited for long: the threads end by themselves, or with the process.
    pub async fn close(self) {
        let Self { group, commands, commits, leaving, left, items, .. } = self;
        // A revocation that is on its way is let go with the rest.
        drop((leaving, commands, commits, items));
        // The sender is dropped without a word only when the thread panicked.
        if timeout(CLOSE, left).await.is_err() {
            tracing::warn!(group, "No broker answers the last words of a consumer; it is left to itself.");
        }
    }

    /// Changes are returned at once, the rest is stashed.
    fn sort(&mut self, item: Item) -> Option<Event> {
        match item {
            Item::Event(event @ (Event::Messages(_) | Event::Advanced(_))) => {
                self.stash.push_back(event);
                None
            }
            Item::Event(event) => {
                match &event {
                    Event::Assigned(assigned) => self
                        .positions
                        .extend(assigned.iter().map(|Assigned { at, .. }| (at.partition.clone(), at.offset))),
                    Event::Revoking(revocation) => self.forget(revocation.partitions()),
                    Event::Messages(_) | Event::Advanced(_) | Event::Lost(_) | Event::Error(_) => {}
                }
                Some(event)
            }
            Item::Lost(partitions, term) => {
                self.term = term;
                self.forget(&partitions);
                (!partitions.is_empty()).then_some(Event::Lost(partitions))
            }
            Item::Rewound(places) => {
                let partitions: Vec<TopicPartition> = places.iter().map(|at| at.partition.clone()).collect();
                self.forget(&partitions);
                self.positions.extend(places.into_iter().map(|at| (at.partition, at.offset)));
                None
            }
        }
    }

    /// Drops what was read ahead of these partitions.
    fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.positions.remove(partition);
        }
        let keep = |at: &InputOffset| !partitions.contains(&at.partition);
        for event in &mut self.stash {
            match event {
                Event::Messages(records) => records.retain(|record: &Consumed| {
                    let kept = keep(&record.at);
                    if !kept {
                        self.gauge.took(record);
                    }
                    kept
                }),
                Event::Advanced(positions) => positions.retain(keep),
                _ => {}
            }
        }
        self.stash.retain(|event| match event {
            Event::Messages(records) => !records.is_empty(),
            Event::Advanced(positions) => !positions.is_empty(),
            _ => true,
        });
    }

    /// The worker gets `event` now: positions follow what it has seen.
    fn take(&mut self, event: &Event) {
        match event {
            Event::Messages(records) => {
                for record in records {
                    self.gauge.took(record);
                    if let Some(position) = self.positions.get_mut(&record.at.partition) {
                        *position = record.at.offset + 1;
                    }
                }
            }
            Event::Advanced(positions) => {
                for at in positions {
                    if let Some(position) = self.positions.get_mut(&at.partition) {
                        *position = at.offset;
                    }
                }
            }
            _ => {}
        }
    }

    fn closed(&self) -> Error {
        Error::Closed { what: format!("consumer group {}", self.group) }
    }
}
