//! The id map: SQLite for reading, the compacted topic `_orgstream.ids` for every node (D7).
//!
//! A link is bound when Kafka has acknowledged it and SQLite has committed it, in that order: the other way
//! round, a crash between the two would leave a link that this node takes for bound and no other node ever
//! sees. Every node follows the topic all the time, its own entries included.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use orgstream_api::{HealthReporter, IdLink, IdMap, StoreError, TopicPartition};
use tokio::sync::mpsc;

use super::database::Database;
use super::id_entries::{Entry, entry, outgoing};
use super::id_error::IdStoreError;
use super::links::{self, LinkKey};
use super::source_links::SourceLinks;
use crate::kafka::{Admin, Error, Followed, Follower, KafkaConfig, Producer, topics};
use orgstream_api::with_causes;

/// Entries applied in one SQLite transaction at most.
const BATCH: usize = 1_000;

/// The id map of this node. Clones share it.
#[derive(Clone)]
pub struct IdStore {
    database: Database,
    producer: Producer,
    watchers: Arc<Mutex<Vec<mpsc::UnboundedSender<IdLink>>>>,
    /// How often links were taken out.
    forgotten: Arc<AtomicU64>,
    /// The topic reaches at least up to here.
    end: Arc<AtomicI64>,
}

/// The part of the id map that follows the topic; it has to run as long as the map is used.
pub struct Following {
    store: IdStore,
    follower: Follower,
    /// The offset after the last entry seen.
    next: i64,
    health: HealthReporter,
}

/// Where the map says that it waits. Every task that uses the map waits with it.
pub struct IdHealth {
    /// For writing to the topic.
    pub writing: HealthReporter,
    /// For following it.
    pub following: HealthReporter,
}

impl IdStore {
    /// Opens the map and reads the topic to its end, so that no node writes with links it has not seen.
    pub async fn open(
        database: Database,
        config: &KafkaConfig,
        admin: &Admin,
        health: IdHealth,
    ) -> Result<(Self, Following), IdStoreError> {
        let from = database
            .run("read how far the id links are followed", |db| links::followed(db, topics::IDS))
            .await?;
        let ends = admin.end_offsets(&[topics::IDS.to_owned()]).await?;
        let ends: BTreeMap<i32, i64> =
            ends.into_iter().map(|(partition, end)| (partition.partition, end)).collect();
        let end = ends.get(&0).copied().unwrap_or(0);
        if from > end {
            return Err(IdStoreError::OtherKafka { from, end });
        }
        let producer = Producer::open(config, health.writing)?;
        let follower = Follower::open(config, topics::IDS, BTreeMap::from([(0, from)]))?;
        let (watchers, forgotten) = (Arc::default(), Arc::default());
        let store = Self { database, producer, watchers, forgotten, end: Arc::new(end.into()) };
        let mut following =
            Following { store: store.clone(), follower, next: from, health: health.following };
        while !following.follower.reached(&ends) {
            following.step().await?;
        }
        Ok((store, following))
    }

    /// The links of `source_org` to the org that the file calls `sink`, for the source that reads the former.
    pub fn of_source(&self, source_org: &str, sink: &str) -> SourceLinks {
        SourceLinks::new(self.database.clone(), source_org.to_owned(), sink.to_owned())
    }

    /// Every link that becomes known from now on, bound here or by another node.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<IdLink> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.watchers.lock().expect("no holder of this lock panics").push(sender);
        receiver
    }

    /// The links to `target_org` whose newest write came from `partition`. Looks at all links.
    pub async fn written_from(
        &self,
        target_org: &str,
        partition: &TopicPartition,
    ) -> Result<Vec<IdLink>, StoreError> {
        let (target_org, partition) = (target_org.to_owned(), partition.clone());
        self.database
            .run("find the id links of a partition", move |db| {
                links::written_from(db, &target_org, &partition)
            })
            .await
    }

    /// Whether any link of `object` leads to `target_org`.
    pub async fn has_any(&self, object: &str, target_org: &str) -> Result<bool, StoreError> {
        let (object, target_org) = (object.to_owned(), target_org.to_owned());
        self.database
            .run("look for id links of an object", move |db| links::has_any(db, &object, &target_org))
            .await
    }

    /// Stores links, as [`IdMap::bind`].
    pub async fn write(&self, links: Vec<IdLink>) -> Result<(), IdStoreError> {
        self.send(links.into_iter().map(Entry::Link).collect()).await
    }

    /// Takes out links. As durable as [`IdStore::write`].
    pub async fn forget(&self, keys: Vec<LinkKey>) -> Result<(), IdStoreError> {
        self.send(keys.into_iter().map(Entry::Gone).collect()).await
    }

    /// Takes out the links of records that were deleted before this time, in milliseconds since the epoch: no older state of
    /// them is on its way any more, and they cannot come back. Answers with how many there were.
    pub async fn drop_deleted(&self, before: i64) -> Result<usize, IdStoreError> {
        let old = self.database.run("find old id links", move |db| links::deleted_before(db, before)).await?;
        for keys in old.chunks(BATCH) {
            self.forget(keys.to_vec()).await?;
        }
        Ok(old.len())
    }

    async fn send(&self, entries: Vec<Entry>) -> Result<(), IdStoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let end = self.end.load(Ordering::SeqCst);
        let offsets = self.producer.send(entries.iter().map(outgoing).collect()).await?;
        for offset in &offsets {
            // SQLite keeps what has the higher offset, so the links of a topic made anew would never come to be.
            // The broker tells no offset of a batch that it had before.
            if (0..end).contains(offset) {
                return Err(IdStoreError::MadeAnew { end, found: *offset });
            }
            self.end.fetch_max(offset + 1, Ordering::SeqCst);
        }
        Ok(self.apply(offsets.into_iter().zip(entries).collect(), None).await?)
    }

    async fn apply(&self, entries: Vec<(i64, Entry)>, next: Option<i64>) -> Result<(), StoreError> {
        let (mut bound, mut gone) = (Vec::new(), Vec::new());
        for (offset, entry) in entries {
            match entry {
                Entry::Link(link) => bound.push((offset, link)),
                Entry::Gone(key) => gone.push((offset, key)),
            }
        }
        let (written, forgotten) = self
            .database
            .run("store id links", move |db| {
                let written = links::write(db, bound)?;
                // Each only takes out what is older than itself, so it may come behind them all.
                let forgotten = links::forget(db, &gone)?;
                if let Some(next) = next {
                    links::set_followed(db, topics::IDS, next)?;
                }
                Ok((written, forgotten))
            })
            .await?;
        if forgotten > 0 {
            self.forgotten.fetch_add(1, Ordering::SeqCst);
        }
        let mut watchers = self.watchers.lock().expect("no holder of this lock panics");
        watchers.retain(|watcher| {
            written.iter().all(|link| watcher.send(link.clone()).is_ok()) && !watcher.is_closed()
        });
        Ok(())
    }
}

#[async_trait]
impl IdMap for IdStore {
    async fn resolve(
        &self,
        source_org: &str,
        object: &str,
        target_org: &str,
        ids: &[String],
    ) -> Result<Vec<Option<IdLink>>, StoreError> {
        let (source_org, object, target_org) =
            (source_org.to_owned(), object.to_owned(), target_org.to_owned());
        let ids = ids.to_vec();
        self.database
            .run("resolve id links", move |db| links::read(db, &source_org, &object, &target_org, &ids))
            .await
    }

    async fn bind(&self, links: Vec<IdLink>) -> Result<(), StoreError> {
        self.write(links).await.map_err(|error| StoreError {
            what: "cannot bind id links".to_owned(),
            source: Some(Box::new(error)),
        })
    }

    fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    async fn linked(
        &self,
        object: &str,
        target_org: &str,
        target_ids: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let (object, target_org) = (object.to_owned(), target_org.to_owned());
        let ids = target_ids.to_vec();
        self.database
            .run("find the id links to records", move |db| links::linked(db, &object, &target_org, &ids))
            .await
    }
}

impl Following {
    /// Follows the topic until the store fails.
    pub async fn run(mut self) -> Result<(), IdStoreError> {
        loop {
            self.step().await?;
        }
    }

    /// Applies what is there, at least one entry or one move of the place.
    async fn step(&mut self) -> Result<(), IdStoreError> {
        let mut entries = Vec::new();
        let mut next = None;
        let mut followed = Some(self.follower.next().await);
        while let Some(came) = followed {
            match came {
                Followed::Record(record) => {
                    if record.at.offset < self.next {
                        return Err(IdStoreError::MadeAnew { end: self.next, found: record.at.offset });
                    }
                    self.next = record.at.offset + 1;
                    next = Some(self.next);
                    entries.extend(entry(&record));
                    self.health.running();
                }
                Followed::Advanced => self.health.running(),
                Followed::Error(error @ Error::Failed { .. }) => {
                    self.health
                        .degraded(format!("id links of other nodes may come late: {}", with_causes(&error)));
                }
                Followed::Error(error) => return Err(error.into()),
            }
            if entries.len() >= BATCH {
                break;
            }
            followed = self.follower.next().now_or_never();
        }
        if next.is_none() {
            return Ok(());
        }
        self.store.end.fetch_max(self.next, Ordering::SeqCst);
        Ok(self.store.apply(entries, next).await?)
    }
}
