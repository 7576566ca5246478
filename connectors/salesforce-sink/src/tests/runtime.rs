//! What the runtime does around a sink, without Kafka: tickets, outcomes, links, owed references, parked records.
//!
//! It fails the test on its own when a ticket is dropped or settled twice, or when outcomes of one record come out of
//! order.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::store::MemoryIdMap;
use orgstream_api::{
    Delivered, Health, History, IdLink, IdMap, InputOffset, Item, LinkChange, LinkState, Mark, Outcome, Owed,
    Parked, ParkedPlace, Rejection, Resumed, Sink, SinkRecord, Skip, Ticket, TicketId, TopicPartition,
    Tracked, Wait,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::change::Change;
use crate::counters::SinkCounts;
use crate::sink::SalesforceSink;

/// Longer than any record here is tried for; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(4);

pub(super) struct Runtime {
    pub(super) sink: SalesforceSink,
    pub(super) health: watch::Receiver<Health>,
    /// Outcomes of records, in the order they came.
    pub(super) outcomes: Vec<(Change, Outcome)>,
    /// Outcomes of owed references, in the order they came.
    pub(super) payments: Vec<(Owed, Outcome)>,
    /// What is owed now, by record and field.
    pub(super) owed: BTreeMap<(String, String), Owed>,
    /// What is parked now, by history and place.
    pub(super) parked: BTreeMap<(History, InputOffset), Aside>,
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

/// A parked record.
#[derive(Clone)]
pub(super) struct Aside {
    change: Box<Change>,
    record: SinkRecord,
    pub(super) parked: Parked,
    since: Instant,
    due: Instant,
}

enum Flight {
    Record(Box<Change>, Item),
    Owed(Owed),
    Parked(Box<Aside>),
}

impl Runtime {
    pub(super) fn new(sink: SalesforceSink, ids: Arc<MemoryIdMap>, health: watch::Receiver<Health>) -> Self {
        Self {
            sink,
            health,
            outcomes: Vec::new(),
            payments: Vec::new(),
            owed: BTreeMap::new(),
            parked: BTreeMap::new(),
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

    /// Waits until everything submitted is settled and nothing is parked.
    pub(super) async fn settle(&mut self) {
        while !self.in_flight.is_empty() || !self.parked.is_empty() {
            self.step().await;
        }
        assert!(self.sink.paused().is_empty(), "nothing is in retry any more");
    }

    /// Works for a while, whatever comes of it.
    pub(super) async fn run_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.resume();
            self.keep();
            if let Ok(answers) = timeout(Duration::from_millis(20), self.sink.settled()).await {
                self.answer(answers.unwrap()).await;
            }
        }
    }

    /// Works for a moment, with outcomes or without.
    pub(super) async fn step_or_not(&mut self) {
        self.resume();
        self.keep();
        if let Ok(answers) = timeout(Duration::from_millis(20), self.sink.settled()).await {
            self.answer(answers.unwrap()).await;
        }
    }

    /// Waits for outcomes once.
    pub(super) async fn step(&mut self) {
        let work = async {
            loop {
                self.resume();
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
                        Outcome::Skipped(_) | Outcome::Parked(_) | Outcome::Rejected(_) => {}
                    }
                    if let (Outcome::Parked(parked), Item::Record(record)) = (&outcome, &item) {
                        self.park(&change, record, parked, None);
                    }
                    self.outcomes.push((*change, outcome));
                }
                Flight::Parked(aside) => {
                    match &outcome {
                        Outcome::Delivered(delivered) => self.delivered(delivered, &mut woken).await,
                        Outcome::Parked(parked) => {
                            self.park(&aside.change, &aside.record, parked, Some(aside.since));
                        }
                        Outcome::Skipped(_) | Outcome::Rejected(_) => {}
                    }
                    self.outcomes.push((*aside.change, outcome));
                }
                Flight::Owed(owed) => {
                    // Another one may have taken its place meanwhile.
                    let key = (owed.id.clone(), owed.field.clone());
                    if outcome != Outcome::Skipped(Skip::StillOwed) && self.owed.get(&key) == Some(&owed) {
                        self.owed.remove(&key);
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
            Flight::Record(..) | Flight::Parked(_) | Flight::Owed(_) => None,
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
        for aside in self.parked.values_mut() {
            if let Wait::For { parents, .. } = &aside.parked.wait
                && parents.iter().any(|parent| parent.object == link.object && parent.id == link.source_id)
            {
                aside.due = Instant::now();
            }
        }
        let waiting: Vec<Owed> = self.owed.values().cloned().collect();
        for owed in waiting {
            if self.is_linked(&owed, link).await && !self.is_submitted(&owed) && !woken.contains(&owed) {
                woken.push(owed);
            }
        }
    }

    fn park(&mut self, change: &Change, record: &SinkRecord, parked: &Parked, since: Option<Instant>) {
        let now = Instant::now();
        let due = match &parked.wait {
            Wait::Turn => now,
            Wait::For { again_in, .. } => now + *again_in,
        };
        let aside = Aside {
            change: Box::new(change.clone()),
            record: record.clone(),
            parked: parked.clone(),
            since: since.unwrap_or(now),
            due,
        };
        let place = (parked.whose.clone(), record.at.clone());
        assert!(self.parked.insert(place, aside).is_none(), "a record is parked once");
    }

    /// Submits the histories whose first parked record is due, each as a whole.
    fn resume(&mut self) {
        let now = Instant::now();
        let mut histories: Vec<History> = self.parked.keys().map(|(whose, _)| whose.clone()).collect();
        histories.dedup();
        for whose in histories {
            let busy = self
                .in_flight
                .values()
                .any(|flight| matches!(flight, Flight::Parked(aside) if aside.parked.whose == whose));
            let mut of_history = self.parked.iter().filter(|((other, _), _)| *other == whose);
            if busy || of_history.next().is_none_or(|(_, first)| first.due > now) {
                continue;
            }
            let places: Vec<_> = self.parked.keys().filter(|(other, _)| *other == whose).cloned().collect();
            for place in places {
                let aside = self.parked.remove(&place).expect("it is there");
                self.submit_item(Flight::Parked(Box::new(aside)));
            }
        }
    }

    /// The process ends: what was not settled comes again to the next sink, and what waits is known to it.
    pub(super) fn crash_into(mut self, next: &mut Self) {
        let open = self.take_open();
        next.offsets = self.offsets;
        next.owed = self.owed;
        next.inherit(self.parked);
        next.come_again(open);
    }

    /// The partitions go and come back: what was not settled in time comes again.
    pub(super) async fn reassign(&mut self) {
        let partitions: Vec<TopicPartition> = self.offsets.keys().cloned().collect();
        let answers = self.sink.drain(&partitions, Instant::now() + PATIENCE).await.unwrap();
        let answered: HashSet<TicketId> = answers.iter().map(|(ticket, _)| ticket.id()).collect();
        self.inert.extend(self.in_flight.keys().filter(|ticket| !answered.contains(ticket)));
        self.answer(answers).await;
        let open = self.take_open();
        self.backlog.clear();
        self.sink.revoke(&partitions);
        let parked = std::mem::take(&mut self.parked);
        self.inherit(parked);
        self.come_again(open);
    }

    /// The records that are in flight, in order; parked ones are parked as they were.
    fn take_open(&mut self) -> Vec<Flight> {
        let mut open = BTreeMap::new();
        for (ticket, flight) in self.in_flight.drain() {
            match flight {
                Flight::Parked(aside) => {
                    self.parked.insert((aside.parked.whose.clone(), aside.record.at.clone()), *aside);
                }
                Flight::Record(..) => drop(open.insert(ticket.sequence, flight)),
                Flight::Owed(_) => {}
            }
        }
        open.into_values().collect()
    }

    fn come_again(&mut self, open: Vec<Flight>) {
        self.newest.clear();
        self.submit_what_is_owed();
        for flight in open {
            self.submit_item(flight);
        }
    }

    /// What is parked goes on with another sink.
    pub(super) fn inherit(&mut self, parked: BTreeMap<(History, InputOffset), Aside>) {
        let places = parked.iter().map(|((whose, at), aside)| ParkedPlace {
            whose: whose.clone(),
            at: at.clone(),
            size: aside.record.size,
        });
        self.sink.set_aside(places.collect());
        self.parked = parked;
    }

    /// Whether the parent of an owed reference is in org B by now.
    async fn is_linked(&self, owed: &Owed, link: &IdLink) -> bool {
        for object in &owed.parent_objects {
            let ids = std::slice::from_ref(&owed.parent_id);
            let links = self.ids.resolve(&owed.org, object, &link.target_org, ids).await.unwrap();
            if links[0].as_ref().is_some_and(|link| link.state == LinkState::Live) {
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
            Flight::Parked(aside) => Item::Parked(Box::new(Resumed {
                record: aside.record.clone(),
                waited: aside.since.elapsed(),
                tried: aside.parked.tried.clone(),
            })),
        };
        self.in_flight.insert(id, flight);
        self.backlog.push_back(Tracked { ticket, item });
        self.fill();
    }

    /// Hands over as much as the sink takes, but for records of topics that it reads later.
    fn fill(&mut self) {
        let room = self.sink.capacity().records.min(self.backlog.len());
        if room > 0 {
            let later = self.sink.later();
            let mut taken = Vec::with_capacity(room);
            let mut left = VecDeque::new();
            while taken.len() < room
                && let Some(tracked) = self.backlog.pop_front()
            {
                let waits = later.contains(&tracked.item.partition().topic);
                if waits && matches!(tracked.item, Item::Record(_)) {
                    left.push_back(tracked);
                } else {
                    taken.push(tracked);
                }
            }
            left.append(&mut self.backlog);
            self.backlog = left;
            let rest = self.sink.submit(taken);
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
