//! A running source, and all that was committed of it: what the runtime does, without Kafka.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::record::header;
use orgstream_api::seen::MemorySeen;
use orgstream_api::{
    AtEnd, Command, Found, Health, HealthReporter, Links, Offsets, Order, Produced, Source, SourceBatch,
    SourceHealth, SourcePosition, SourceRecord, StoreError, TaskError, TopicTemplate, Unreadable, Version,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use super::world::World;
use crate::backoff::Backoff;
use crate::bayeux::Timing;
use crate::config::{
    OnGap, SnapshotConfig, SourceConfig, SourceContext, SourceObject, Start, StreamConfig, SweepConfig,
};
use crate::source::PushTopicSource;
use crate::start::start_with;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is committed. Survives the sources that wrote it.
#[derive(Default)]
pub(super) struct Committed {
    pub(super) records: Vec<SourceRecord>,
    pub(super) positions: Vec<SourcePosition>,
    /// Records whose batch says when they were received.
    pub(super) measured: u32,
    /// Whether the next source is to read everything anew.
    pub(super) anew: bool,
    /// The Bulk jobs of accounts that positions spoke of.
    pub(super) jobs: BTreeSet<String>,
    /// How they read all rows.
    pub(super) snapshot: SnapshotConfig,
    /// How the sources stream.
    pub(super) stream: StreamConfig,
    /// What the sources do about gaps.
    pub(super) on_gap: OnGap,
    /// How the sources sweep.
    pub(super) sweep: SweepConfig,
    /// What the sources say of themselves.
    pub(super) source_health: watch::Sender<SourceHealth>,
    /// After which the sources try again what failed alone; `None`: soon.
    pub(super) again: Option<Duration>,
    /// What the file says beside that.
    pub(super) configure: Option<fn(&mut SourceConfig)>,
    /// What could not be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// The topics read back, for the source's question.
    pub(super) topics: Arc<Topics>,
    /// What the pipeline's sink has brought to its target.
    pub(super) links: Option<Arc<dyn Links>>,
}

/// What a source is told when it asks what lies on the topics.
#[derive(Default)]
pub(super) struct Topics(Mutex<Vec<(Version, Brought)>>, AtomicBool);

impl Topics {
    /// Has nothing of them be left to read back.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Has a part of them be gone.
    pub(super) fn cut(&self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

/// How a record came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brought {
    BySnapshot,
    Otherwise,
}

pub(super) struct Feed<'a> {
    pub(super) source: PushTopicSource,
    pub(super) committed: &'a mut Committed,
    pub(super) health: watch::Receiver<Health>,
    /// Where orders go.
    pub(super) orders: mpsc::Sender<Order>,
}

impl Committed {
    /// Starts a source for accounts and contacts at what is committed.
    pub(super) async fn source(&mut self, world: &World, start: Start) -> Feed<'_> {
        self.try_source(world, start).await.unwrap()
    }

    pub(super) async fn try_source(&mut self, world: &World, start: Start) -> Result<Feed<'_>, TaskError> {
        self.open(world, start, &["Account", "Contact"]).await
    }

    pub(super) async fn try_source_of(
        &mut self,
        world: &World,
        objects: &[&str],
    ) -> Result<Feed<'_>, TaskError> {
        self.open(world, Start::Latest, objects).await
    }

    async fn open(&mut self, world: &World, start: Start, objects: &[&str]) -> Result<Feed<'_>, TaskError> {
        let millis = Duration::from_millis;
        let timing = Timing {
            answer: Duration::from_secs(10),
            held: Duration::from_secs(10),
            margin: millis(1500),
            retry: Backoff::new(millis(20), millis(200)),
            busy: Backoff::new(millis(20), millis(200)),
            again: self.again.unwrap_or(millis(300)),
            limited: millis(300),
            room: millis(500),
            allowance: millis(300),
        };
        let object = |name: &&str| SourceObject::new(*name, TopicTemplate::fixed(format!("a.{name}")));
        let objects = objects.iter().map(object).collect();
        let (stream, snapshot, on_gap, sweep) = (self.stream, self.snapshot, self.on_gap, self.sweep);
        let config = SourceConfig::new("crm", start, objects);
        let mut config = SourceConfig { on_gap, sweep, snapshot, stream, ..config };
        if let Some(configure) = &self.configure {
            configure(&mut config);
        }
        let (reporter, health) = HealthReporter::new();
        let (orders, commands) = mpsc::channel(1);
        let context = SourceContext {
            positions: self.positions.clone(),
            anew: std::mem::take(&mut self.anew),
            produced: self.topics.clone(),
            links: self.links.clone(),
            seen: Arc::new(MemorySeen::default()),
            commands,
            health: reporter,
            source_health: self.source_health.clone(),
        };
        let source = start_with(config, world.org.clone(), context, timing).await?;
        Ok(Feed { source, committed: self, health, orders })
    }

    /// The position of a part, such as `("snapshot", "Account")`.
    pub(super) fn position(&self, kind: &str, name: &str) -> Option<&Value> {
        let partition = json!({kind: name});
        self.positions.iter().find(|known| known.partition == partition).map(|known| &known.offset)
    }

    /// All gaps of an object, the oldest first.
    pub(super) fn gaps(&self, object: &str) -> Vec<&Value> {
        let of_object = |known: &&SourcePosition| known.partition.get("gap") == Some(&json!(object));
        let mut gaps: Vec<_> = self.positions.iter().filter(of_object).collect();
        gaps.sort_by_key(|known| known.partition["n"].as_u64());
        gaps.into_iter().map(|known| &known.offset).collect()
    }

    /// The newest gap of an object.
    pub(super) fn gap(&self, object: &str) -> Option<&Value> {
        let of_object = |known: &&SourcePosition| known.partition.get("gap") == Some(&json!(object));
        let gaps = self.positions.iter().filter(of_object);
        gaps.max_by_key(|known| known.partition["n"].as_u64()).map(|known| &known.offset)
    }

    pub(super) fn commit(&mut self, batch: SourceBatch) {
        assert!(batch.records.len() <= 5_000, "a batch has {} records", batch.records.len());
        self.measured += batch.received.iter().map(|(_, records)| records).sum::<u32>();
        for position in batch.positions {
            if position.partition == json!({"snapshot": "Account"}) {
                self.jobs.extend(position.offset["job"].as_str().map(str::to_owned));
            }
            self.positions.retain(|known| known.partition != position.partition);
            self.positions.push(position);
        }
        let mut versions = self.topics.0.lock().unwrap();
        for record in &batch.records {
            let headers = &record.record.headers;
            let carried: Vec<&str> =
                serde_json::from_str(headers.text(header::CARRIED).unwrap_or("[]")).unwrap();
            let fields = record.record.value.as_ref().unwrap().schema().fields().len();
            let version = Version {
                object: text(record, "_ObjectType").to_owned(),
                id: id(record).to_owned(),
                stamp: orgstream_api::Stamp(record.record.timestamp.div_euclid(1000)),
                deleted: kind(record) == "deleted",
                whole: carried.len() + 2 == fields,
            };
            let by_snapshot = headers.text(header::ORIGIN) == Some("snapshot");
            versions.push((version, if by_snapshot { Brought::BySnapshot } else { Brought::Otherwise }));
        }
        self.records.extend(batch.records);
        self.unreadable.extend(batch.unreadable);
    }

    /// Every event stands on the topics once at most, and the states of each record in their order.
    pub(super) fn assert_order(&self) {
        let mut events = HashSet::new();
        let mut last: HashMap<&str, (i64, &str)> = HashMap::new();
        for record in &self.records {
            let headers = &record.record.headers;
            if let Some(replay_id) = headers.text(header::REPLAY_ID) {
                let event = (headers.text(header::CHANNEL), replay_id, id(record));
                assert!(events.insert(event), "{event:?} stands twice");
            }
            let (stamp, kind) = (record.record.timestamp.div_euclid(1000), kind(record));
            if let Some((before, was)) = last.insert(id(record), (stamp, kind)) {
                assert!(stamp >= before, "{}: {kind} of {stamp} behind {was} of {before}", id(record));
            }
        }
    }

    /// The last name or kind that stands on the topics for each account that is not deleted.
    pub(super) fn names(&self) -> HashMap<String, String> {
        let mut names = HashMap::new();
        for record in self.records.iter().filter(|record| record.topic == "a.Account") {
            if kind(record) == "deleted" {
                names.remove(id(record));
            } else {
                names.insert(id(record).to_owned(), text(record, "Name").to_owned());
            }
        }
        names
    }
}

impl Feed<'_> {
    /// The next batch, committed.
    pub(super) async fn next(&mut self) -> Result<(), TaskError> {
        let polled = tokio::time::timeout(PATIENCE, self.source.poll()).await;
        let batch = polled.expect("the source has something to say within a minute")?;
        self.committed.commit(batch);
        self.source.committed();
        Ok(())
    }

    /// Batch by batch until what is committed is as wanted.
    pub(super) async fn until(&mut self, wanted: impl Fn(&Committed) -> bool) {
        while !wanted(self.committed) {
            self.next().await.unwrap();
        }
    }

    /// Until both channels are subscribed and that is stored.
    pub(super) async fn until_subscribed(&mut self) {
        self.until(|committed| {
            ["Account", "Contact"]
                .iter()
                .all(|name| committed.position("channel", &format!("/topic/orgstream_{name}")).is_some())
        })
        .await;
    }

    /// Until nothing waits and no object fails.
    pub(super) async fn until_running(&mut self) {
        self.until_health(|health| *health == Health::Running).await;
    }

    /// Batch by batch until the health that is shown is as wanted.
    pub(super) async fn until_health(&mut self, wanted: impl Fn(&Health) -> bool) {
        let shown = async {
            loop {
                let mut health = self.health.clone();
                tokio::select! {
                    batch = self.source.poll() => {
                        self.committed.commit(batch.unwrap());
                        self.source.committed();
                    }
                    shown = health.wait_for(&wanted) => {
                        shown.unwrap();
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.expect("the health changes within a minute");
    }

    /// Has a gap confirmed, as a person does.
    pub(super) async fn asks_confirm(&mut self, object: &str, gap: u64) -> Result<(), String> {
        let (reply, mut answer) = oneshot::channel();
        let command = Command::Confirm { object: object.to_owned(), gap };
        self.orders.send(Order { command, reply }).await.unwrap();
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer.unwrap(),
                batch = self.source.poll() => {
                    self.committed.commit(batch.unwrap());
                    self.source.committed();
                }
            }
        }
    }

    /// What the status shows now.
    pub(super) fn shown(&self) -> SourceHealth {
        self.committed.source_health.borrow().clone()
    }

    /// Until the status shows what is wanted.
    pub(super) async fn until_shown(&mut self, wanted: impl Fn(&SourceHealth) -> bool) {
        let mut shown = self.committed.source_health.subscribe();
        let wait = async {
            loop {
                tokio::select! {
                    batch = self.source.poll() => {
                        self.committed.commit(batch.unwrap());
                        self.source.committed();
                    }
                    shown = shown.wait_for(&wanted) => {
                        shown.unwrap();
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the status shows it within a minute");
    }

    pub(super) async fn until_records(&mut self, count: usize) {
        self.until(|committed| committed.records.len() >= count).await;
    }

    /// Asks as the runtime does, between polls that it drops, until the answer is as wanted.
    pub(super) async fn until_end(&mut self, quiet: Duration, wanted: impl Fn(&AtEnd) -> bool) {
        let asking = async {
            loop {
                let tick = Duration::from_millis(100);
                if let Ok(batch) = tokio::time::timeout(tick, self.source.poll()).await {
                    self.committed.commit(batch.unwrap());
                    self.source.committed();
                }
                if wanted(&self.source.at_end(quiet).await.unwrap()) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the answer comes within a minute");
    }

    pub(super) fn counter(&self, name: &str) -> u64 {
        self.source.counters().value(name).expect("the counter exists")
    }
}

#[async_trait]
impl Produced for Topics {
    async fn since(&self, since: i64, each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError> {
        let versions = self.0.lock().unwrap();
        let late = |version: &&Version| version.stamp.0 >= since.div_euclid(1000);
        versions.iter().map(|(version, _)| version).filter(late).cloned().for_each(each);
        Ok(())
    }

    async fn ends(&self, _object: &str) -> Result<Offsets, StoreError> {
        let end = i64::try_from(self.0.lock().unwrap().len()).unwrap();
        Ok(Offsets::from([("all".to_owned(), [(0, end)].into())]))
    }

    async fn from(
        &self,
        object: &str,
        offsets: &Offsets,
        each: &mut (dyn FnMut(Version) + Send),
    ) -> Result<Found, StoreError> {
        if self.1.load(Ordering::Relaxed) {
            return Ok(Found::Cut);
        }
        let start = usize::try_from(offsets["all"][&0]).unwrap();
        let versions = self.0.lock().unwrap();
        let of_object = |(version, brought): &&(Version, Brought)| {
            version.object == object && *brought == Brought::Otherwise
        };
        versions.iter().skip(start).filter(of_object).map(|(version, _)| version.clone()).for_each(each);
        Ok(Found::All)
    }
}

pub(super) fn id(record: &SourceRecord) -> &str {
    text(record, "Id")
}

pub(super) fn kind(record: &SourceRecord) -> &str {
    text(record, "_EventType")
}

pub(super) fn text<'a>(record: &'a SourceRecord, field: &str) -> &'a str {
    record.record.text(field).unwrap_or_default()
}
