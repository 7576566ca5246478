//! Org B, and what writes to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{HealthReporter, Lease, Sink, TopicPartition};
use orgstream_salesforce::Row;
use orgstream_salesforce_simulator::CallKind;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, timeout};

use super::source::{RECORDS, Source, State, Told, number, text};
use crate::Tally;
use crate::bulk::rules::{BulkFrom, BulkRules};
use crate::config::{Algorithm, Operation, SinkConfig, SinkContext};
use crate::tests::change::{Change, id};
use crate::tests::runtime::Runtime;
use crate::tests::world::{EXTERNAL, World, config};

/// How long a call may take.
const CALL: Duration = Duration::from_secs(1);

/// How it is written: how many twins each record has, which have all its changes, and from how many rows on a job is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// One record a call.
    Single,
    /// Up to 200 records a call.
    Collections,
    /// More records a call than a collection has.
    Composite,
    /// Jobs.
    Bulk,
}

/// Org B, and what writes to it.
pub(super) struct Replica {
    way: Way,
    pub(super) world: World,
    config: SinkConfig,
    pub(super) runtime: Runtime,
    /// All records of each topic.
    log: BTreeMap<String, Vec<Change>>,
}

/// A lease under which a call is given up soon.
struct Brief;

#[async_trait]
impl Lease for Brief {
    async fn held(&self) -> Duration {
        CALL
    }

    fn is_held(&self) -> bool {
        true
    }
}

impl Way {
    pub(super) fn twins(self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Collections => 15,
            Self::Composite => 105,
            Self::Bulk => 30,
        }
    }

    fn bulk(self) -> BulkRules {
        let from = match self {
            Self::Single | Self::Collections | Self::Composite => BulkFrom::Never,
            Self::Bulk => BulkFrom::Waiting(20),
        };
        BulkRules { from, ..BulkRules::default() }
    }

    /// Whether it was gone by what was written so far.
    pub(super) fn was_gone(self, world: &World) -> bool {
        let writes = world.sandbox.writes();
        match self {
            Self::Single => !writes.is_empty(),
            Self::Collections => writes.iter().any(|call| call.records > 1),
            Self::Composite => world.sandbox.calls(CallKind::Composite) > 0,
            Self::Bulk => world.sandbox.calls(CallKind::Bulk) > 0,
        }
    }
}

impl Replica {
    pub(super) async fn start(way: Way, algorithm: Algorithm) -> Self {
        let world = World::start().await;
        let config = config(Operation::Sync, Duration::from_mins(2));
        let config = SinkConfig { algorithm, bulk: way.bulk(), ..config };
        let runtime = sink(&world, &config).await;
        let log = ["Account", "Contact"].map(|object| (object.to_owned(), Vec::new()));
        Self { way, world, config, runtime, log: BTreeMap::from(log) }
    }

    pub(super) fn tell(&mut self, told: &Told) {
        for twin in 0..self.way.twins() {
            let change = told.change(twin);
            let log = self.log.get_mut(change.object()).unwrap();
            let offset = i64::try_from(log.len()).unwrap();
            log.push(change.clone());
            self.runtime.submit_again(change, offset);
        }
    }

    /// Takes outcomes for a while.
    pub(super) async fn work(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.runtime.keep();
            if let Ok(answers) = timeout(Duration::from_millis(20), self.runtime.sink.settled()).await {
                self.runtime.answer(answers.unwrap()).await;
            }
        }
    }

    /// From which offset of each topic on its records come again, with so many twins' changes that are settled.
    fn committed(&self, again: usize) -> BTreeMap<String, usize> {
        let again = again * usize::try_from(self.way.twins()).unwrap();
        let first = |(object, log): (&String, &Vec<Change>)| {
            let open = self.runtime.first_open(&format!("a.{object}"));
            let open = open.map_or(log.len(), |offset| usize::try_from(offset).unwrap());
            (object.clone(), open.saturating_sub(again))
        };
        self.log.iter().map(first).collect()
    }

    /// What is owed and what was read before comes again.
    fn redeliver(&mut self, from: &BTreeMap<String, usize>) {
        self.runtime.submit_what_is_owed();
        for (object, log) in &self.log {
            for (offset, change) in log.iter().enumerate().skip(from[object]) {
                self.runtime.submit_again(change.clone(), i64::try_from(offset).unwrap());
            }
        }
    }

    pub(super) async fn rebalance(&mut self, again: usize) {
        let jobs = self.runtime.sink.open_jobs();
        let topics = self.log.keys().map(|object| format!("a.{object}"));
        let partitions: Vec<_> = topics.map(|topic| TopicPartition { topic, partition: 0 }).collect();
        // Before it goes, so that what a drain settles comes again, too.
        let from = self.committed(again);
        self.runtime.give_away(&partitions).await;
        self.runtime.sink.adopt_jobs(jobs);
        self.redeliver(&from);
    }

    pub(super) async fn crash(mut self, again: usize) -> Self {
        let from = self.committed(again);
        self.runtime.keep();
        let unbound = timeout(Duration::from_millis(20), self.runtime.sink.settled()).await;
        let jobs = self.runtime.sink.open_jobs();
        drop(unbound);
        let owed = std::mem::take(&mut self.runtime.owed);
        let outcomes = std::mem::take(&mut self.runtime.outcomes);
        drop(self.runtime);
        let mut runtime = sink(&self.world, &self.config).await;
        (runtime.owed, runtime.outcomes) = (owed, outcomes);
        runtime.sink.adopt_jobs(jobs);
        let mut next = Self { runtime, ..self };
        next.redeliver(&from);
        next
    }

    pub(super) fn assert_equal(&self, source: &Source) {
        assert!(self.runtime.rejections().is_empty(), "{:?}", self.runtime.rejections());
        assert!(self.runtime.owed.is_empty(), "{:?}", self.runtime.owed);
        let twins = usize::try_from(self.way.twins()).unwrap();
        for object in ["Account", "Contact"] {
            let lives =
                |record: &usize| RECORDS[*record].0 == object && source.state[*record] == State::Lives;
            let living = (0..RECORDS.len()).filter(lives).count();
            assert_eq!(self.world.sandbox.count(object), living * twins, "{object}");
        }
        let rows = ["Account", "Contact"].into_iter().flat_map(|object| self.world.rows(object));
        let rows: HashMap<String, Row> =
            rows.map(|row| (row[EXTERNAL].as_str().expect("an id of org A").to_owned(), row)).collect();
        for twin in 0..self.way.twins() {
            assert_twin(source, &rows, twin);
        }
    }
}

/// Whether org B has the twin's records as org A has them.
fn assert_twin(source: &Source, rows: &HashMap<String, Row>, twin: u32) {
    let row = |record: usize| rows.get(&id(RECORDS[record].0, number(record, twin)));
    for record in (0..RECORDS.len()).filter(|record| source.state[*record] == State::Lives) {
        let found = row(record).unwrap_or_else(|| panic!("{} {record} is not there", RECORDS[record].0));
        for (name, value) in &source.texts[record] {
            assert_eq!(found[*name], json!(value.map(text)), "{name} of {record}");
        }
        for (name, parent) in &source.pointing[record] {
            let expected = parent.map_or(Json::Null, |parent| row(parent).unwrap()["Id"].clone());
            assert_eq!(found[*name], expected, "{name} of {record}");
        }
    }
}

async fn sink(world: &World, config: &SinkConfig) -> Runtime {
    let (health, listener) = HealthReporter::new();
    let context = SinkContext {
        ids: world.ids.clone(),
        intents: world.intents.clone(),
        lease: Arc::new(Brief),
        health,
        source: None,
        spool: std::env::temp_dir(),
        tally: Arc::new(Tally::new(None)),
    };
    let sink = loop {
        // An org that is in trouble lets no sink start; the runtime tries again.
        match crate::start(config.clone(), world.org.clone(), context.clone()).await {
            Ok(sink) => break sink,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    Runtime::new(sink, world.ids.clone(), listener)
}
