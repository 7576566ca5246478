//! Rebalances of one member. They happen inside the poll loop's polls, on its thread, and may block it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orgstream_api::{InputOffset, TopicPartition};
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::assignment::Assignment;
use super::event::{Assigned, Event, Revocation};
use super::notes::{Note, Notes};
use super::outbox::{Item, Outbox};
use crate::kafka::context::{Reports, log};
use crate::kafka::lease::CommitLease;
use crate::kafka::query::{self, Ask};
use crate::kafka::token;
use crate::kafka::{Error, GroupConfig, waiting};

/// How long one question to the brokers may take during a rebalance.
const QUESTION: Duration = Duration::from_secs(5);

/// What the callbacks of a member share with its threads.
pub(super) struct Member {
    pub(super) brokers: String,
    pub(super) group: GroupConfig,
    pub(super) lease: Arc<CommitLease>,
    pub(super) outbox: Outbox,
    /// How long revoked partitions wait for the worker.
    pub(super) patience: Duration,
    /// Set when the front is gone: nobody is asked any more.
    pub(super) leaving: Arc<AtomicBool>,
    pub(super) reports: Reports,
    notes: Arc<Notes>,
    assignment: Mutex<Assignment>,
    /// Held while the committing thread commits: partitions go before it or after it.
    committing: Mutex<()>,
}

/// What the group committed of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The next offset to read.
    pub(super) offset: i64,
    /// The jobs that went on with its records.
    pub(super) jobs: BTreeSet<String>,
}

/// What became of a commit that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// Offsets.
    Some,
    /// No partition of it is held any more.
    Nothing,
}

impl Member {
    pub(super) fn new(
        brokers: String,
        group: GroupConfig,
        lease: Arc<CommitLease>,
        outbox: Outbox,
        patience: Duration,
        leaving: Arc<AtomicBool>,
        notes: Arc<Notes>,
    ) -> Self {
        let assignment = Mutex::new(Assignment::new(group.read_ahead));
        let (reports, committing) = (Reports::default(), Mutex::default());
        Self { brokers, group, lease, outbox, patience, leaving, reports, notes, assignment, committing }
    }

    /// The assignment, which the poll loop's thread alone changes.
    pub(super) fn assignment(&self) -> MutexGuard<'_, Assignment> {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the front is gone.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self, what: &str, source: KafkaError) -> Error {
        let what = format!("{what}, consumer group {}", self.group.group);
        Error::failed(&self.brokers, what, source)
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, places: &[TopicPartition]) {
        // Without an answer nothing is taken, but the group is told so: it waits for that.
        let starts = self.starts(consumer, places).unwrap_or_default();
        let mut list = TopicPartitionList::with_capacity(starts.len());
        let assigned = starts.iter().try_for_each(|start| {
            let Assigned { at, .. } = start;
            let offset = Offset::Offset(at.offset);
            list.add_partition_offset(&at.partition.topic, at.partition.partition, offset)
        });
        // librdkafka keeps a partition paused beyond its revocation, so it is resumed when it comes back.
        let assigned =
            assigned.and_then(|()| consumer.incremental_assign(&list)).and_then(|()| consumer.resume(&list));
        match assigned {
            Ok(()) if starts.is_empty() => {}
            Ok(()) => {
                self.assignment()
                    .add(starts.iter().map(|start| (start.at.partition.clone(), start.at.offset)));
                self.outbox.send(Item::Event(Event::Assigned(starts)));
            }
            Err(error) => self.error(self.failed("taking partitions", error)),
        }
    }

    /// Where to start; `None` when nothing can be taken. Asks until there is an answer: only this thread waits, and the
    /// group waits with it.
    fn starts(&self, consumer: &BaseConsumer<Self>, places: &[TopicPartition]) -> Option<Vec<Assigned>> {
        loop {
            match self.ask_starts(consumer, places) {
                Ok(starts) => return Some(starts),
                Err(_) if self.is_leaving() || consumer.assignment_lost() => return None,
                Err(error @ Error::Failed { .. }) => self.error(error),
                Err(error) => {
                    self.error(error);
                    return None;
                }
            }
            waiting::block(Duration::from_millis(500));
        }
    }

    fn ask_starts(
        &self,
        consumer: &BaseConsumer<Self>,
        places: &[TopicPartition],
    ) -> Result<Vec<Assigned>, Error> {
        let committed = self.committed(consumer, places)?;
        self.group.starts.are_committed(committed.keys());
        let (mut fresh, mut starts) = (Vec::new(), BTreeMap::new());
        for place in places.iter().filter(|place| !committed.contains_key(place)) {
            match self.group.starts.of(place) {
                Some(start) => drop(starts.insert(place.clone(), start)),
                None => fresh.push(place.clone()),
            }
        }
        let firsts = query::list_offsets(consumer, &self.brokers, &fresh, Ask::First)?;
        self.refuse_cut(&firsts)?;
        starts.extend(firsts);
        let committed = committed.into_iter().map(|(partition, Found { offset, jobs })| Assigned {
            at: InputOffset { partition, offset },
            committed: true,
            jobs,
        });
        let fresh = starts.into_iter().map(|(partition, offset)| Assigned {
            at: InputOffset { partition, offset },
            committed: false,
            jobs: BTreeSet::new(),
        });
        Ok(committed.chain(fresh).collect())
    }

    /// A partition of which the group never committed anything has to be read from its very first record, unless it was told to
    /// begin elsewhere. Where that is gone, only the user knows whether anybody misses it.
    fn refuse_cut(&self, firsts: &BTreeMap<TopicPartition, i64>) -> Result<(), Error> {
        let cut: Vec<String> = firsts
            .iter()
            .filter(|(_, first)| **first > 0)
            .map(|(place, first)| {
                format!("{place} begins at {first}, and the group has committed nothing of it")
            })
            .collect();
        if cut.is_empty() {
            return Ok(());
        }
        let (brokers, group) = (self.brokers.clone(), self.group.group.clone());
        Err(Error::OffsetGone { brokers, group, reason: cut.join(", ") })
    }

    /// What the group committed; partitions without a commit are left out.
    pub(super) fn committed(
        &self,
        consumer: &BaseConsumer<Self>,
        places: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Found>, Error> {
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut list = TopicPartitionList::with_capacity(places.len());
        for place in places {
            list.add_partition(&place.topic, place.partition);
        }
        let failed = |source| self.failed("asking for committed offsets", source);
        let answer = consumer.committed_offsets(list, QUESTION).map_err(failed)?;
        let mut committed = BTreeMap::new();
        for (place, element) in names(&answer).into_iter().zip(answer.elements()) {
            element.error().map_err(failed)?;
            if let Offset::Offset(offset) = element.offset() {
                let note = Note::read(element.metadata());
                self.refuse_foreign(&place, &note.org)?;
                committed.insert(place, Found { offset, jobs: note.jobs });
            }
        }
        Ok(committed)
    }

    /// Offsets that were committed for another org say nothing of what this one was sent. Kafka's own tools commit
    /// without a word: an offset that an operator has set counts.
    fn refuse_foreign(&self, place: &TopicPartition, committed_for: &str) -> Result<(), Error> {
        let own = &self.group.on_behalf_of;
        if committed_for.is_empty() || committed_for == own {
            return Ok(());
        }
        let what = format!(
            "consumer group {} has consumed {place} for org {committed_for}, and now it would for {own}, which was never \
             sent those records; give the pipeline another name, so that org {own} gets everything, or restore the url \
             and credentials of {committed_for}",
            self.group.group
        );
        Err(Error::Config { brokers: self.brokers.clone(), what })
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let places = names(list);
        if consumer.assignment_lost() {
            self.lost(places.clone());
        } else if !places.is_empty() && !self.is_leaving() {
            self.let_go(consumer, &places);
        }
        {
            let _after = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
            self.assignment().remove(&places);
        }
        if let Err(error) = consumer.incremental_unassign(list) {
            self.error(self.failed("giving partitions back", error));
        }
    }

    /// Asks the worker what to commit, and waits for its answer. The member keeps its place in the group meanwhile:
    /// heartbeats come from a thread of librdkafka's.
    fn let_go(&self, consumer: &BaseConsumer<Self>, places: &[TopicPartition]) {
        let (reply, answer) = sync_channel(1);
        let (done, committed) = oneshot::channel();
        let deadline = Instant::now() + self.patience;
        let revocation = Revocation::new(places.to_vec(), deadline, reply, committed);
        self.outbox.send(Item::Event(Event::Revoking(revocation)));
        match answer.recv_timeout(self.patience) {
            Ok(offsets) => {
                let result = if offsets.is_empty() { Ok(()) } else { self.commit(consumer, &offsets) };
                // The worker may have stopped waiting for the result.
                done.send(result).ok();
            }
            // The worker dropped the revocation: it is done with the partitions. What it did since its last commit comes
            // again, elsewhere (D2).
            Err(RecvTimeoutError::Disconnected) => {}
            // Whoever owns the partitions next must not meet a worker that does not know yet that they are gone.
            Err(RecvTimeoutError::Timeout) => self.lost(places.to_vec()),
        }
    }

    /// Ends the lease. It comes back with a commit of a worker that was told of it.
    pub(super) fn lost(&self, places: Vec<TopicPartition>) {
        let term = self.lease.end();
        self.outbox.send(Item::Lost(places, term));
    }

    /// Commits what is still held. A partition that another member may own by now is left alone: the brokers take
    /// anybody's commit for it, also one that sets it back.
    pub(super) fn commit_held(
        &self,
        consumer: &BaseConsumer<Self>,
        mut offsets: Vec<InputOffset>,
    ) -> Result<Committed, Error> {
        let _before = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        offsets.retain(|at| self.assignment().contains(&at.partition));
        if offsets.is_empty() {
            return Ok(Committed::Nothing);
        }
        self.commit(consumer, &offsets).map(|()| Committed::Some)
    }

    /// Commits and waits for the broker's answer (D1: the caller says what is settled).
    pub(super) fn commit(&self, consumer: &BaseConsumer<Self>, offsets: &[InputOffset]) -> Result<(), Error> {
        let names: Vec<String> = offsets.iter().map(ToString::to_string).collect();
        let failed = |source| self.failed(&format!("committing {}", names.join(", ")), source);
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for at in offsets {
            let place = &at.partition;
            list.add_partition_offset(&place.topic, place.partition, Offset::Offset(at.offset))
                .map_err(failed)?;
        }
        for mut element in list.elements() {
            let partition =
                TopicPartition { topic: element.topic().to_owned(), partition: element.partition() };
            element.set_metadata(self.notes.of(&partition, &self.group.on_behalf_of));
        }
        consumer.commit(&list, CommitMode::Sync).map_err(failed)?;
        self.group.starts.are_committed(offsets.iter().map(|at| &at.partition));
        Ok(())
    }

    fn error(&self, error: Error) {
        self.outbox.send(Item::Event(Event::Error(error)));
    }
}

impl ClientContext for Member {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::of(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.note(&error, reason);
    }
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, &names(list)),
            // Every assignment must be answered; without a reason to keep the partitions they are let go.
            _ => self.revoke(consumer, list),
        }
    }
}

fn names(list: &TopicPartitionList) -> Vec<TopicPartition> {
    list.elements()
        .iter()
        .map(|element| TopicPartition { topic: element.topic().to_owned(), partition: element.partition() })
        .collect()
}
