//! Between the book and the sink: a worker with a broker in memory and a sink that only takes notes.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use orgstream_api::{
    Capacity, Delivered, Headers, History, InputOffset, LinkChange, LinkState, Mark, Parked, Rejection,
    Stamp, TopicPartition, Tried, Wait,
};
use orgstream_kafka_simulator::Broker;

use super::*;
use crate::codec::Registry;
use crate::kafka::{Cleanup, Consumed, GroupConfig, Outgoing, Place, TopicSpec, read_compacted, topics};
use crate::schema_store::{Given, Options, SchemaStore};
use crate::store::{Database, IdHealth};
use crate::worker::owed::Parent;

const ORG_A: &str = "00D00000000000A";
const ORG_B: &str = "00D00000000000B";
const ORG_C: &str = "00D00000000000C";

/// What a sink was handed, and how much more it takes.
#[derive(Default)]
struct Notes {
    room: usize,
    taken: Vec<Tracked<Item>>,
    asks: Option<Mark>,
    reached: Vec<Mark>,
}

struct NotingSink(Arc<Mutex<Notes>>);

#[async_trait]
impl Sink for NotingSink {
    fn capacity(&self) -> Capacity {
        Capacity { records: self.0.lock().unwrap().room, bytes: 1 << 20 }
    }

    fn submit(&mut self, items: Vec<Tracked<Item>>) -> Vec<Tracked<Item>> {
        self.0.lock().unwrap().taken.extend(items);
        Vec::new()
    }

    async fn settled(&mut self) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        std::future::pending().await
    }

    fn paused(&self) -> Vec<TopicPartition> {
        Vec::new()
    }

    fn rank(&self, _topic: &str) -> u32 {
        0
    }

    fn asks_for_mark(&mut self) -> Option<Mark> {
        self.0.lock().unwrap().asks.take()
    }

    fn reached(&mut self, mark: Mark) {
        self.0.lock().unwrap().reached.push(mark);
    }

    fn revoke(&mut self, _partitions: &[TopicPartition]) {}

    async fn drain(
        &mut self,
        _partitions: &[TopicPartition],
        _deadline: Instant,
    ) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        Ok(Vec::new())
    }
}

/// A worker that holds one partition of contacts, and what it needs around it.
struct Rig {
    worker: SinkWorker,
    notes: Arc<Mutex<Notes>>,
    _broker: Broker,
    _schemas: SchemaStore,
    _data: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let broker = Broker::builder().data(data.path()).start().await.unwrap();
        let kafka = KafkaConfig {
            bootstrap_servers: broker.bootstrap_servers(),
            partitions: Some(1),
            replication_factor: Some(1),
            ..KafkaConfig::default()
        };
        let admin = Admin::connect(&kafka).await.unwrap();
        let task = SinkTask { pipeline: "crm".to_owned(), number: 0 };
        let topic = |name: &str, cleanup| TopicSpec { name: name.to_owned(), partitions: Some(1), cleanup };
        let wanted = [
            topic(topics::IDS, Cleanup::Compact),
            topic(&topics::parked(&task.pipeline), Cleanup::Compact),
            topic(&contacts().topic, Cleanup::Delete),
        ];
        admin.ensure_topics(&wanted).await.unwrap();
        let database = Database::open(Path::new(Database::IN_MEMORY)).unwrap();
        let schemas =
            SchemaStore::start(Options { port: 0, database: database.clone(), given: Given::default() })
                .await
                .unwrap();
        let health = || HealthReporter::new().0;
        let ids_health = IdHealth { writing: health(), following: health() };
        let (ids, _following) = IdStore::open(database, &kafka, &admin, ids_health).await.unwrap();
        let group = GroupConfig {
            group: task.group(),
            instance: task.instance("node"),
            on_behalf_of: ORG_B.to_owned(),
            topics: vec![contacts().topic],
            starts: crate::kafka::Starts::default(),
            session_timeout: Duration::from_secs(45),
            read_ahead: Capacity { records: 10, bytes: 1 << 20 },
        };
        let notes = Arc::new(Mutex::new(Notes::default()));
        let mut worker = SinkWorker::new(Parts {
            task,
            consumer: GroupConsumer::open(&kafka, group).unwrap(),
            codec: Codec::new(Registry::connect(schemas.url(), health()).await.unwrap()),
            sink: Box::new(NotingSink(Arc::clone(&notes))),
            refusals: Refusals::default(),
            reports: None,
            target_org: ORG_B.to_owned(),
            ids,
            producer: Producer::open(&kafka, health()).unwrap(),
            intents: None,
            admin,
            front: Front::default(),
            renewal: Duration::from_secs(15),
            spool: data.path().join("bulk"),
            view: Arc::default(),
            health: health(),
            kafka,
        });
        worker.ledger.assign(contacts(), 0);
        Self { worker, notes, _broker: broker, _schemas: schemas, _data: data }
    }

    /// What the sink was handed so far.
    fn taken(&self) -> usize {
        self.notes.lock().unwrap().taken.len()
    }

    /// How many entries the parked topic has, those that were ended left out.
    async fn waiting(&self) -> usize {
        let (kafka, health) = (&self.worker.parts.kafka, HealthReporter::new().0);
        let read = read_compacted(kafka, &topics::parked("crm"), None, &health).await.unwrap();
        read.entries.values().filter(|entry| entry.value.is_some()).count()
    }

    fn make_room(&self) {
        self.notes.lock().unwrap().room = 10;
    }
}

fn contacts() -> TopicPartition {
    TopicPartition { topic: "a.Contact".to_owned(), partition: 0 }
}

fn at(offset: i64) -> InputOffset {
    InputOffset { partition: contacts(), offset }
}

fn taken(offset: i64) -> Flight {
    let consumed =
        Consumed { at: at(offset), key: None, value: None, headers: Headers::default(), timestamp: 0 };
    let original = Originals::new(PathBuf::new()).keep(consumed);
    Flight::Record(Box::new(Taken { original, id: None, reported: None, came: Instant::now() }))
}

fn owed(offset: i64, parent: &str) -> Owed {
    Owed {
        at: at(offset),
        org: ORG_A.to_owned(),
        object: "Contact".to_owned(),
        id: "003A".to_owned(),
        field: "AccountId".to_owned(),
        parent_objects: vec!["Account".to_owned()],
        parent_id: parent.to_owned(),
    }
}

fn parent(id: &str) -> Parent {
    (ORG_A.to_owned(), "Account".to_owned(), id.to_owned())
}

fn link(object: &str, id: &str, target_org: &str, last: i64) -> IdLink {
    IdLink {
        source_org: ORG_A.to_owned(),
        object: object.to_owned(),
        source_id: id.to_owned(),
        target_org: target_org.to_owned(),
        target_id: Some(format!("{id}-in-{target_org}")),
        state: LinkState::Live,
        last: at(last),
        stamp: Some(Stamp(1)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_a_newer_state_decided_while_it_waited_for_room_is_not_handed_on() {
    let mut rig = Rig::new().await;
    let worker = &mut rig.worker;
    // The record that owes, at 1, is long settled; a newer state of it, at 5, is with the sink.
    worker.book.add(owed(1, "001A"), 0);
    let ticket = worker.ledger.track(&contacts(), 5).unwrap();
    worker.flights.insert(ticket.id(), taken(5));
    // The parent comes while the sink has no room.
    worker.submit_owed(&[parent("001A")]);
    worker.fill();
    assert_eq!(worker.backlog.len(), 1);

    let delivered = Delivered {
        link: Some(LinkChange::Bind(link("Contact", "003A", ORG_B, 5))),
        paid: vec!["AccountId".to_owned()],
        ..Delivered::default()
    };
    worker.answer(vec![(ticket, Outcome::Delivered(delivered))]).await.unwrap();
    rig.make_room();
    rig.worker.fill();
    assert_eq!((rig.taken(), rig.worker.backlog.len()), (0, 0));
    assert_eq!((rig.worker.ledger.in_flight(), rig.worker.flights.len()), (0, 0));
    rig.worker.ledger.check_dropped().unwrap();
    assert_eq!(rig.waiting().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_reference_that_is_owed_anew_while_it_waits_for_room_only_the_newer_is_handed_on() {
    let mut rig = Rig::new().await;
    rig.worker.book.add(owed(1, "001A"), 0);
    rig.worker.submit_owed(&[parent("001A")]);
    rig.worker.book.add(owed(5, "001B"), 0);
    rig.worker.submit_owed(&[parent("001B")]);
    rig.make_room();
    rig.worker.fill();
    let taken: Vec<Item> =
        rig.notes.lock().unwrap().taken.iter().map(|tracked| tracked.item.clone()).collect();
    assert_eq!(taken, [Item::Owed(owed(5, "001B"))]);
    assert_eq!(rig.worker.ledger.in_flight(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_link_to_the_sinks_own_org_wakes_what_waits_for_it() {
    let mut rig = Rig::new().await;
    rig.make_room();
    rig.worker.book.add(owed(1, "001A"), 0);
    rig.worker.wake(&link("Account", "001A", ORG_C, 3));
    rig.worker.fill();
    assert_eq!((rig.taken(), rig.worker.book.count()), (0, 1));
    rig.worker.wake(&link("Account", "001A", ORG_B, 3));
    rig.worker.fill();
    assert_eq!(rig.taken(), 1);
}

/// Else, after a crash, the later one is written from its entry, and the link that it gets hides the earlier one.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_parked_in_the_topic_when_all_is_there_that_an_earlier_one_of_its_id_demands() {
    let mut rig = Rig::new().await;
    let mut answers = Vec::new();
    let whose = History { org: ORG_A.to_owned(), id: "003A".to_owned() };
    let refused = Rejection { code: "NO".to_owned(), message: "no".to_owned(), fields: Vec::new() };
    let parked = Box::new(Parked { whose, wait: Wait::Turn, tried: Tried::default() });
    for (offset, outcome) in [(0, Outcome::Rejected(refused)), (1, Outcome::Parked(parked))] {
        let ticket = rig.worker.ledger.track(&contacts(), offset).unwrap();
        rig.worker.flights.insert(ticket.id(), taken(offset));
        answers.push((ticket, outcome));
    }
    // The topic of dead letters is not there.
    assert!(rig.worker.answer(answers).await.is_err());
    assert_eq!(rig.waiting().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_to_a_deleted_record_waits_for_its_return_as_long_as_it_can_come_back() {
    let mut rig = Rig::new().await;
    rig.make_room();
    let deleted = |ago: i64| {
        let state = LinkState::Deleted(crate::clock::now_ms() - ago);
        IdLink { state, ..link("Account", "001A", ORG_B, 3) }
    };
    let owes = owes(&mut rig.worker, owed(1, "001A"));
    rig.worker.answer(vec![owes]).await.unwrap();
    rig.worker.parts.ids.write(vec![deleted(LinkState::RESTORABLE_MS - 60_000)]).await.unwrap();
    rig.worker.wake(&deleted(0));
    rig.worker.submit_linked(rig.worker.book.parents()).await.unwrap();
    rig.worker.end_bygone().await.unwrap();
    rig.worker.fill();
    // It is kept, and nobody misses it.
    assert_eq!((rig.taken(), rig.worker.book.count(), rig.worker.book.parents().len()), (0, 0, 1));

    rig.worker.parts.ids.write(vec![deleted(LinkState::RESTORABLE_MS + 60_000)]).await.unwrap();
    rig.worker.end_bygone().await.unwrap();
    assert_eq!((rig.worker.book.parents().len(), rig.waiting().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_reference_is_kept_until_its_dead_letter_is_there() {
    let mut rig = Rig::new().await;
    let owes = owes(&mut rig.worker, owed(1, "001A"));
    rig.worker.answer(vec![owes]).await.unwrap();
    rig.worker.submit_owed(&[parent("001A")]);
    let Some(Tracked { ticket, .. }) = rig.worker.backlog.pop_front() else { panic!("it is submitted") };
    let refused = Rejection { code: "NO".to_owned(), message: "no".to_owned(), fields: Vec::new() };
    // The topic of dead letters is not there.
    assert!(rig.worker.answer(vec![(ticket, Outcome::Rejected(refused))]).await.is_err());
    assert_eq!(rig.waiting().await, 1);
}

/// The answer to a record that was written and owes `owed`.
fn owes(worker: &mut SinkWorker, owed: Owed) -> (Ticket, Outcome) {
    let ticket = worker.ledger.track(&contacts(), owed.at.offset).unwrap();
    worker.flights.insert(ticket.id(), taken(owed.at.offset));
    (ticket, Outcome::Delivered(Delivered { owed: vec![owed], ..Delivered::default() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_reached_when_the_sink_has_all_that_lay_in_its_inputs() {
    let mut rig = Rig::new().await;
    let reached = |rig: &Rig| rig.notes.lock().unwrap().reached.clone();
    let record = || Outgoing {
        topic: contacts().topic,
        place: Place::Partition(0),
        key: None,
        value: None,
        headers: Headers::default(),
        timestamp: None,
    };
    rig.worker.parts.producer.send(vec![record(), record()]).await.unwrap();
    rig.notes.lock().unwrap().asks = Some(Mark(0));
    rig.worker.mark().await;
    let _first = rig.worker.ledger.track(&contacts(), 0).unwrap();
    rig.worker.mark().await;
    assert_eq!(reached(&rig), [], "the second record is in the topic");

    let _second = rig.worker.ledger.track(&contacts(), 1).unwrap();
    rig.worker.book.add(owed(1, "001A"), 0);
    rig.worker.submit_owed(&[parent("001A")]);
    rig.worker.fill();
    rig.worker.mark().await;
    assert_eq!(reached(&rig), [], "something that was consumed waits for room");
    rig.make_room();
    rig.worker.fill();
    rig.worker.mark().await;
    assert_eq!(reached(&rig), [Mark(0)]);

    // What comes later is not waited for.
    rig.notes.lock().unwrap().asks = Some(Mark(1));
    rig.worker.mark().await;
    rig.worker.parts.producer.send(vec![record()]).await.unwrap();
    rig.worker.mark().await;
    assert_eq!(reached(&rig), [Mark(0), Mark(1)]);
}
