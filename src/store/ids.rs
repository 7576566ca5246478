//! The id map: SQLite for reading, the compacted topic `_orgstream.ids` for every node (D7).
//!
//! A link is bound when Kafka has acknowledged it and SQLite has committed it, in that order: the other way
//! round, a crash between the two would leave a link that this node takes for bound and no other node ever
//! sees. Every node follows the topic all the time, its own entries included.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use orgstream_api::{HealthReporter, IdLink, IdMap, StoreError, TopicPartition};
use tokio::sync::mpsc;

use super::applied::Applied;
use super::database::Database;
use super::following::Following;
use super::id_entries::{Entry, outgoing};
use super::id_error::IdStoreError;
use super::links::{self, LinkKey};
use super::source_links::SourceLinks;
use crate::kafka::{Admin, Follower, KafkaConfig, Producer, topics};

/// Entries applied in one SQLite transaction at most.
pub(super) const BATCH: usize = 1_000;

/// The id map of this node. Clones share it.
#[derive(Clone)]
pub struct IdStore {
    database: Database,
    producer: Producer,
    watchers: Arc<Mutex<Vec<mpsc::UnboundedSender<IdLink>>>>,
    /// How often links were taken out.
    forgotten: Arc<AtomicU64>,
    /// The topic reaches at least up to here.
    pub(super) end: Arc<AtomicI64>,
    applied: Arc<Mutex<Applied>>,
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
        let applied = Arc::new(Mutex::new(Applied::from(from)));
        let store = Self { database, producer, watchers, forgotten, end: Arc::new(end.into()), applied };
        let mut following = Following::new(store.clone(), follower, from, health.following);
        following.reach(&ends).await?;
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
        // Behind all that was known before it was sent: an older entry must not stay because the broker was silent.
        let entries: Vec<(i64, Entry)> =
            offsets.iter().map(|offset| if *offset < 0 { end } else { *offset }).zip(entries).collect();
        let links = offsets.iter().zip(&entries).filter(|(_, (_, entry))| matches!(entry, Entry::Link(_)));
        let links: Vec<i64> = links.map(|(offset, _)| *offset).collect();
        let next = self.applied().passed();
        self.apply(entries, next).await?;
        self.applied().add(links);
        Ok(())
    }

    pub(super) fn applied(&self) -> MutexGuard<'_, Applied> {
        self.applied.lock().expect("no holder of this lock panics")
    }

    /// Applies entries, and remembers that the topic is followed up to `next`.
    pub(super) async fn apply(&self, entries: Vec<(i64, Entry)>, next: i64) -> Result<(), StoreError> {
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
                let transaction = db.transaction()?;
                let written = links::write(&transaction, bound)?;
                // Each only takes out what is older than itself, so it may come behind them all.
                let forgotten = links::forget(&transaction, &gone)?;
                links::set_followed(&transaction, topics::IDS, next)?;
                transaction.commit()?;
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
