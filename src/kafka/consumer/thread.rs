//! The two threads of a member: one polls without a pause, one commits.
//!
//! Polling is what keeps the membership, so nothing on that thread waits for the worker except a revocation, and for half a second
//! at most a read-ahead that is full.
//! Commits wait for the broker's answer, and so have a thread of their own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use orgstream_api::{BootInstant, InputOffset, TopicPartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::event::Event;
use super::member::{Committed, Found, Member};
use super::outbox::Item;
use crate::kafka::error::{GONE, tells_of_missing_topic};
use crate::kafka::lease::Term;
use crate::kafka::query::{self, Ask};
use crate::kafka::{Consumed, Error};

/// How long a poll waits for a record, and so how late a command may be heard.
const TICK: Duration = Duration::from_millis(50);
/// How long a full read-ahead waits for room before partitions are paused. A pause throws away what librdkafka has fetched and
/// unpacked, so a sink that only takes a breath has everything fetched twice, and waits for it.
const BREATH: Duration = Duration::from_millis(500);
/// How often positions are looked at when nothing comes in.
const LOOK: Duration = Duration::from_millis(500);
/// How long trouble that may pass is not told of again.
const QUIET: Duration = Duration::from_secs(30);
/// How long setting back a partition may take.
const SEEK: Duration = Duration::from_secs(10);

/// What the front asks of the poll loop.
pub(super) enum Command {
    /// Exactly these partitions are paused by the worker's wish.
    Pause(BTreeSet<TopicPartition>),
    /// These partitions go back to their committed offsets.
    Rewind(Vec<TopicPartition>, oneshot::Sender<Result<(), Error>>),
}

/// What the front asks of the committing thread.
pub(super) struct Commit {
    /// The next offsets to read.
    pub(super) offsets: Vec<InputOffset>,
    /// The newest term of the lease that the worker knows of.
    pub(super) term: Term,
    /// Told when the broker has answered.
    pub(super) done: oneshot::Sender<Result<(), Error>>,
}

/// Commits until the front is gone.
pub(super) fn commits(consumer: &BaseConsumer<Member>, commits: &Receiver<Commit>) {
    let member = consumer.context();
    while let Ok(Commit { offsets, term, done }) = commits.recv() {
        let sent = BootInstant::now();
        let result = member.commit_held(consumer, offsets);
        match &result {
            Ok(Committed::Some) => member.lease.renew(term, sent),
            Err(error) if tells_of_lost_membership(error) => member.lost(Vec::new()),
            Ok(Committed::Nothing) | Err(_) => {}
        }
        let result = result.map(|_| ());
        // A worker that stopped waiting has its answer in the next commit.
        done.send(result).ok();
    }
}

/// The poll loop.
pub(super) struct Poll {
    consumer: Arc<BaseConsumer<Member>>,
    commands: Receiver<Command>,
    /// Positions may have moved without a record since this time; `None` when they were looked at.
    look_at: Option<Instant>,
    /// Since when enough is read ahead.
    full_since: Option<Instant>,
    /// When trouble that may pass was last told of.
    told: Option<Instant>,
    /// Set while it is in doubt whether the topics are all there.
    doubt: Option<Doubt>,
}

/// A broker said that it does not know a topic.
struct Doubt {
    /// Since when.
    since: Instant,
    /// When brokers are asked next.
    ask_at: Instant,
}

impl Poll {
    pub(super) fn new(consumer: Arc<BaseConsumer<Member>>, commands: Receiver<Command>) -> Self {
        Self { consumer, commands, look_at: None, full_since: None, told: None, doubt: None }
    }

    /// Polls until the front is gone.
    pub(super) fn run(mut self) {
        while self.serve_commands() {
            if self.waits_for_room() {
                continue;
            }
            self.settle_pauses();
            self.fetch();
            self.look_at_positions();
            self.look_for_topics();
        }
    }

    /// Whether the front is still there.
    fn serve_commands(&self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Pause(partitions)) => self.member().assignment().wish(partitions),
                Ok(Command::Rewind(partitions, done)) => {
                    // The worker may have been dropped meanwhile.
                    done.send(self.rewind(&partitions)).ok();
                }
                Err(TryRecvError::Empty) => return !self.member().is_leaving(),
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Waits a moment for room, where there is none and that is not for long yet. A rebalance is heard after it.
    fn waits_for_room(&mut self) -> bool {
        let gauge = self.consumer.context().outbox.gauge();
        if !gauge.is_full() {
            self.full_since = None;
            return false;
        }
        if self.full_since.get_or_insert_with(Instant::now).elapsed() >= BREATH {
            return false;
        }
        gauge.wait_for_room(TICK);
        true
    }

    fn settle_pauses(&self) {
        let member = self.member();
        let change = member.assignment().settle(member.outbox.gauge().level());
        let told = (|| {
            if !change.pause.is_empty() {
                self.consumer.pause(&list(&change.pause))?;
            }
            if !change.resume.is_empty() {
                self.consumer.resume(&list(&change.resume))?;
            }
            Ok(())
        })();
        if let Err(error) = told {
            self.report(member.failed("pausing partitions", error));
        }
    }

    /// Passes on what has come in; waits a moment when there is nothing.
    fn fetch(&mut self) {
        let member = Arc::clone(self.consumer.context());
        let mut wait = TICK;
        // `None` is nothing new, and also a rebalance that was served.
        while let Some(polled) = self.consumer.poll(wait) {
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    let record = Consumed::copy(&message);
                    member.assignment().read(&record.at.partition, message.offset() + 1);
                    member.outbox.push(record);
                    if member.outbox.gauge().is_full() {
                        break;
                    }
                }
                // At the end of a partition, beyond the commit markers.
                Err(KafkaError::PartitionEOF(_)) => self.look_at = Some(Instant::now()),
                Err(error) => self.failed(error),
            }
        }
        member.outbox.flush();
    }

    /// Tells the front of positions that moved without a record.
    ///
    /// librdkafka moves its position past a commit or abort marker when the marker is polled, as for a record, but
    /// returns nothing; and its end-of-partition does not name the topic. So positions are read after the polls.
    fn look_at_positions(&mut self) {
        let now = Instant::now();
        if self.look_at.is_some_and(|at| now < at) {
            return;
        }
        self.look_at = Some(now + LOOK);
        let Ok(positions) = self.consumer.position() else {
            return;
        };
        let positions = positions.elements().into_iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((
                TopicPartition { topic: element.topic().to_owned(), partition: element.partition() },
                offset,
            )),
            // Nothing was polled yet.
            _ => None,
        });
        let news: Vec<InputOffset> = self
            .member()
            .assignment()
            .advance(positions)
            .into_iter()
            .map(|(partition, offset)| InputOffset { partition, offset })
            .collect();
        if !news.is_empty() {
            self.member().outbox.send(Item::Event(Event::Advanced(news)));
        }
    }

    /// While topics are in doubt, asks whether they are there. One that stays away was deleted.
    fn look_for_topics(&mut self) {
        let now = Instant::now();
        let Some(doubt) = self.doubt.as_mut().filter(|doubt| doubt.ask_at <= now) else { return };
        doubt.ask_at = now + LOOK;
        let since = doubt.since;
        let member = self.member();
        let missing = member.group.topics.iter().find_map(|topic| {
            match query::count_partitions(self.consumer.client(), &member.brokers, topic) {
                Ok(Some(_)) => None,
                Ok(None) => Some(Ok(topic.clone())),
                Err(error) => Some(Err(error)),
            }
        });
        match missing {
            None => self.doubt = None,
            Some(Ok(topic)) if since.elapsed() >= GONE => {
                self.report(Error::topic_gone(&self.member().brokers, &topic));
                self.doubt = None;
            }
            // Brokers that are away say nothing.
            Some(Ok(_) | Err(_)) => {}
        }
    }

    fn rewind(&self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let member = self.member();
        let held: Vec<TopicPartition> =
            partitions.iter().filter(|partition| member.assignment().contains(partition)).cloned().collect();
        let committed = member.committed(&self.consumer, &held)?;
        for partition in &held {
            if !committed.contains_key(partition) {
                let source = KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset);
                return Err(member.failed(&format!("setting {partition} back to its commit"), source));
            }
        }
        for (partition, Found { offset, .. }) in &committed {
            self.consumer
                .seek(&partition.topic, partition.partition, Offset::Offset(*offset), SEEK)
                .map_err(|error| member.failed(&format!("setting {partition} back to {offset}"), error))?;
            member.assignment().read(partition, *offset);
        }
        let rewound = committed
            .into_iter()
            .map(|(partition, found)| InputOffset { partition, offset: found.offset })
            .collect();
        member.outbox.send(Item::Rewound(rewound));
        Ok(())
    }

    fn failed(&mut self, error: KafkaError) {
        let member = Arc::clone(self.consumer.context());
        let (brokers, group) = (member.brokers.clone(), member.group.group.clone());
        let reason = member.reports.last().unwrap_or_else(|| error.to_string());
        let code = error.rdkafka_error_code();
        if tells_of_missing_topic(code) {
            let now = Instant::now();
            self.doubt.get_or_insert(Doubt { since: now, ask_at: now });
        }
        let told = match (code, error) {
            (Some(RDKafkaErrorCode::AutoOffsetReset), _) => {
                let reason = self.vanished().unwrap_or(reason);
                Error::OffsetGone { brokers, group, reason }
            }
            (Some(RDKafkaErrorCode::FencedInstanceId), _) => {
                member.lost(Vec::new());
                let instance = &member.group.instance;
                let what = format!(
                    "another process joined group {group} as {instance}. Two processes run with copies of one state \
                     directory: stop one, and give it a directory of its own"
                );
                Error::Fenced { brokers, what }
            }
            (
                Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::GroupAuthorizationFailed),
                _,
            )
            | (_, KafkaError::MessageConsumptionFatal(_)) => {
                let what = format!("consumer group {group} cannot be run: {reason}");
                Error::Config { brokers, what }
            }
            // While brokers are away every attempt to reach them fails; one that just came back may not know the topics.
            _ if self.told.is_some_and(|told| told.elapsed() < QUIET) => return,
            (_, error) => {
                self.told = Some(Instant::now());
                member.failed(&format!("consuming waits for brokers ({reason})"), error)
            }
        };
        self.report(told);
    }

    /// Where records vanished, which librdkafka does not say; `None` when that cannot be found out.
    fn vanished(&self) -> Option<String> {
        let member = self.member();
        let positions = member.assignment().positions();
        let places: Vec<TopicPartition> = positions.keys().cloned().collect();
        let ask = |ask| query::list_offsets(&self.consumer, &member.brokers, &places, ask).ok();
        let (firsts, ends) = (ask(Ask::First)?, ask(Ask::End)?);
        let gaps: Vec<String> = positions
            .iter()
            .filter_map(|(place, position)| {
                let (first, end) = (firsts.get(place)?, ends.get(place)?);
                let outside = position < first || position > end;
                outside.then(|| format!("{place} is read from {position} and has {first} to {end}"))
            })
            .collect();
        (!gaps.is_empty()).then(|| gaps.join(", "))
    }

    fn report(&self, error: Error) {
        self.member().outbox.send(Item::Event(Event::Error(error)));
    }

    fn member(&self) -> &Member {
        self.consumer.context()
    }
}

fn tells_of_lost_membership(error: &Error) -> bool {
    let Error::Failed { source, .. } = error else {
        return false;
    };
    matches!(
        source.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::FencedInstanceId
        )
    )
}

fn list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for place in partitions {
        list.add_partition(&place.topic, place.partition);
    }
    list
}
