//! What the runtime does around a sink, without Kafka: tickets, outcomes, links, owed references.
//!
//! It fails the test on its own when a ticket is dropped or settled twice, or when outcomes of one record come out of
//! order.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::store::MemoryIdMap;
use orgstream_api::{
    Delivered, Health, IdLink, IdMap, Item, LinkChange, LinkState, Mark, Outcome, Owed, Rejection, Sink,
    Skip, Ticket, TicketId, TopicPartition, Tracked,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::change::Change;
use crate::counters::SinkCounts;
use crate::sink::SalesforceSink;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Runtime {
    pub(super) sink: SalesforceSink,
    pub(super) health: watch::Receiver<Health>,
    /// Outcomes of records, in the order they came.
    pub(super) outcomes: Vec<(Change, Outcome)>,
    /// Outcomes of owed references, in the order they came.
    pub(super) payments: Vec<(Owed, Outcome)>,
    /// What is owed now, by record and field.
    pub(super) owed: BTreeMap<(String, String), Owed>,
    ids: Arc<MemoryIdMap>,
    in_flight: HashMap<TicketId, Flight>,
    backlog: VecDeque<Tracked<Item>>,
    offsets: HashMap<TopicPartition, i64>,
    /// The newest settled ticket of each record.
    newest: HashMap<(String, TopicPartition), u64>,
    tickets: u64,
    /// Whether the topics hold more than was read, so that no mark is reached.
    pub(super) is_behind: bool,
    marks: Vec<Mark>,
    /// Tickets of partitions that were taken away.
    inert: HashSet<TicketId>,
    dropped: (UnboundedSender<TicketId>, UnboundedReceiver<TicketId>),
}

enum Flight {
    Record(Box<Change>, Item),
    Owed(Owed),
}

impl Runtime {
    pub(super) fn new(sink: SalesforceSink, ids: Arc<MemoryIdMap>, health: watch::Receiver<Health>) -> Self {
        Self {
            sink,
            health,
            outcomes: Vec::new(),
            payments: Vec::new(),
            owed: BTreeMap::new(),
            ids,
            in_flight: HashMap::new(),
            backlog: VecDeque::new(),
            offsets: HashMap::new(),
            newest: HashMap::new(),
            tickets: 0,
            is_behind: false,
            marks: Vec::new(),
            inert: HashSet::new(),
            dropped: unbounded_channel(),
        }
    }

    /// Submits a change as the next record of partition 0 of its object's topic.
    pub(super) fn submit(&mut self, change: Change) {
        self.submit_to(change, 0);
    }

    pub(super) fn submit_to(&mut self, change: Change, partition: i32) {
        let topic = format!("a.{}", change.object());
        let place = TopicPartition { topic: topic.clone(), partition };
        let offset = self.offsets.entry(place).or_default();
        let record = change.at(&topic, partition, *offset);
        *offset += 1;
        self.submit_item(Flight::Record(Box::new(change), Item::Record(record)));
    }

    /// Submits the last record of a partition again, as after a crash.
    pub(super) fn submit_again(&mut self, change: Change, offset: i64) {
        let topic = format!("a.{}", change.object());
        let record = change.at(&topic, 0, offset);
        self.submit_item(Flight::Record(Box::new(change), Item::Record(record)));
    }

    pub(super) fn submit_owed(&mut self, owed: Owed) {
        self.submit_item(Flight::Owed(owed));
    }

    /// Waits until everything submitted is settled.
    pub(super) async fn settle(&mut self) {
        while !self.in_flight.is_empty() {
            self.step().await;
        }
        assert!(self.sink.paused().is_empty(), "nothing is in retry any more");
    }

    /// Waits for outcomes once.
    pub(super) async fn step(&mut self) {
        let work = async {
            loop {
                self.keep();
                // Room comes without an outcome where rows went to disk.
                if let Ok(answers) = timeout(Duration::from_millis(50), self.sink.settled()).await {
                    break answers;
                }
            }
        };
        let answers = timeout(PATIENCE, work).await.expect("nothing settled").unwrap();
        assert!(!answers.is_empty());
        self.answer(answers).await;
    }

    /// Hands over what there is room for, and keeps the names of bulk jobs as the runtime does.
    pub(super) fn keep(&mut self) {
        self.fill();
        let jobs = self.sink.open_jobs();
        self.sink.jobs_kept(&jobs);
    }

    pub(super) async fn answer(&mut self, answers: Vec<(Ticket, Outcome)>) {
        let mut woken = Vec::new();
        for (ticket, outcome) in answers {
            let ticket = ticket.redeem();
            if self.inert.remove(&ticket) {
                continue;
            }
            let flight = self.in_flight.remove(&ticket).expect("a ticket settles once (D4)");
            match flight {
                Flight::Record(change, item) => {
                    self.in_order(&item, ticket.sequence);
                    match &outcome {
                        Outcome::Delivered(delivered) => self.delivered(delivered, &mut woken).await,
                        Outcome::Skipped(Skip::Cancelled(Some(link))) => {
                            self.bind(link, &mut woken).await;
                        }
                        Outcome::Skipped(_) | Outcome::Rejected(_) => {}
                    }
                    self.outcomes.push((*change, outcome));
                }
                Flight::Owed(owed) => {
                    if outcome != Outcome::Skipped(Skip::StillOwed) {
                        self.owed.remove(&(owed.id.clone(), owed.field.clone()));
                    }
                    self.payments.push((owed, outcome));
                }
            }
        }
        while let Ok(ticket) = self.dropped.1.try_recv() {
            assert!(self.inert.remove(&ticket), "a ticket was dropped (D4)");
        }
        for owed in woken {
            self.submit_owed(owed);
        }
    }

    /// Forgets what is in flight: the tickets were taken back, or the sink is gone.
    pub(super) fn forget(&mut self) -> usize {
        while self.dropped.1.try_recv().is_ok() {}
        self.backlog.clear();
        std::mem::take(&mut self.in_flight).len()
    }

    /// Gives all partitions away as the runtime does: what is in flight may end, and all else comes again.
    pub(super) async fn give_away(&mut self, partitions: &[TopicPartition]) {
        let deadline = Instant::now() + PATIENCE;
        let answers = self.sink.drain(partitions, deadline).await.unwrap();
        let answered: HashSet<TicketId> = answers.iter().map(|(ticket, _)| ticket.id()).collect();
        let inert: Vec<TicketId> =
            self.in_flight.keys().filter(|ticket| !answered.contains(ticket)).copied().collect();
        for ticket in inert {
            self.in_flight.remove(&ticket);
            self.inert.insert(ticket);
        }
        self.backlog.clear();
        self.answer(answers).await;
    }

    /// Submits all references that are owed, as at the start.
    pub(super) fn submit_what_is_owed(&mut self) {
        for owed in self.owed.values().cloned().collect::<Vec<_>>() {
            if !self.is_submitted(&owed) {
                self.submit_owed(owed);
            }
        }
    }

    /// The first offset of a topic's partition 0 that is not settled, if one is in flight.
    pub(super) fn first_open(&self, topic: &str) -> Option<i64> {
        let records = self.in_flight.values().filter_map(|flight| match flight {
            Flight::Record(_, Item::Record(record)) => Some(&record.at),
            Flight::Record(..) | Flight::Owed(_) => None,
        });
        records.filter(|at| at.partition.topic == topic).map(|at| at.offset).min()
    }

    pub(super) fn counts(&self) -> SinkCounts {
        self.sink.counters().read()
    }

    pub(super) fn delivered_count(&self) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Delivered(_))).count()
    }

    pub(super) fn rejections(&self) -> Vec<&Rejection> {
        let outcomes = self.outcomes.iter().map(|(_, outcome)| outcome);
        outcomes
            .filter_map(|outcome| match outcome {
                Outcome::Rejected(rejection) => Some(rejection),
                _ => None,
            })
            .collect()
    }

    /// The outcome of the record that was settled last.
    pub(super) fn last(&self) -> &Outcome {
        &self.outcomes.last().expect("a record is settled").1
    }

    async fn delivered(&mut self, delivered: &Delivered, woken: &mut Vec<Owed>) {
        let Some(LinkChange::Bind(link)) = &delivered.link else { return };
        for field in &delivered.paid {
            self.owed.remove(&(link.source_id.clone(), field.clone()));
        }
        for owed in &delivered.owed {
            self.owed.insert((owed.id.clone(), owed.field.clone()), owed.clone());
        }
        self.bind(link, woken).await;
    }

    async fn bind(&mut self, link: &IdLink, woken: &mut Vec<Owed>) {
        if link.state != LinkState::Live {
            self.owed.retain(|(id, _), _| *id != link.source_id);
        }
        self.ids.bind(vec![link.clone()]).await.unwrap();
        let waiting: Vec<Owed> = self.owed.values().cloned().collect();
        for owed in waiting {
            if self.is_linked(&owed, link).await && !self.is_submitted(&owed) && !woken.contains(&owed) {
                woken.push(owed);
            }
        }
    }

    /// Whether the parent of an owed reference has a link by now.
    async fn is_linked(&self, owed: &Owed, link: &IdLink) -> bool {
        for object in &owed.parent_objects {
            let ids = std::slice::from_ref(&owed.parent_id);
            let links = self.ids.resolve(&owed.org, object, &link.target_org, ids).await.unwrap();
            if links[0].is_some() {
                return true;
            }
        }
        false
    }

    fn is_submitted(&self, owed: &Owed) -> bool {
        self.in_flight.values().any(|flight| matches!(flight, Flight::Owed(other) if other == owed))
    }

    fn submit_item(&mut self, flight: Flight) {
        self.tickets += 1;
        let id = TicketId { lane: 0, sequence: self.tickets };
        let ticket = Ticket::new(id, self.dropped.0.clone());
        let item = match &flight {
            Flight::Record(_, item) => item.clone(),
            Flight::Owed(owed) => Item::Owed(owed.clone()),
        };
        self.in_flight.insert(id, flight);
        self.backlog.push_back(Tracked { ticket, item });
        self.fill();
    }

    /// Hands over as much as the sink takes.
    fn fill(&mut self) {
        let room = self.sink.capacity().records.min(self.backlog.len());
        if room > 0 {
            let rest = self.sink.submit(self.backlog.drain(..room).collect());
            rest.into_iter().rev().for_each(|back| self.backlog.push_front(back));
        }
        self.marks.extend(self.sink.asks_for_mark());
        if self.backlog.is_empty() && !self.is_behind {
            self.marks.drain(..).for_each(|mark| self.sink.reached(mark));
        }
    }

    fn in_order(&mut self, item: &Item, sequence: u64) {
        let Item::Record(record) = item else { return };
        let Some(id) = record.record.text("Id") else { return };
        let key = (id.to_owned(), record.at.partition.clone());
        let newest = self.newest.insert(key, sequence).unwrap_or_default();
        assert!(newest < sequence, "the outcomes of {id} are out of order (D5)");
    }
}
