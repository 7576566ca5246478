//! Following the topic of the id links, as long as the map is used.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use orgstream_api::{HealthReporter, with_causes};
use tokio::time::timeout;

use super::id_entries::entry;
use super::id_error::IdStoreError;
use super::ids::{BATCH, IdStore};
use crate::kafka::{Error, Followed, Follower};

/// How long after the last entry it is remembered how far the topic is followed. Writing does that on the way; who comes to
/// entries again finds them applied.
const QUIET: Duration = Duration::from_secs(1);

/// The part of the id map that follows the topic; it has to run as long as the map is used.
pub struct Following {
    store: IdStore,
    follower: Follower,
    /// The offset after the last entry seen.
    next: i64,
    /// What is remembered of it.
    remembered: i64,
    health: HealthReporter,
}

impl Following {
    pub(super) fn new(store: IdStore, follower: Follower, from: i64, health: HealthReporter) -> Self {
        Self { store, follower, next: from, remembered: from, health }
    }

    /// Follows the topic up to these high watermarks.
    pub(super) async fn reach(&mut self, ends: &BTreeMap<i32, i64>) -> Result<(), IdStoreError> {
        while !self.follower.reached(ends) {
            self.step().await?;
        }
        Ok(())
    }

    /// Follows the topic until the store fails.
    pub async fn run(mut self) -> Result<(), IdStoreError> {
        loop {
            self.step().await?;
        }
    }

    /// Applies what is there, at least one entry or one move of the place.
    async fn step(&mut self) -> Result<(), IdStoreError> {
        let mut entries = Vec::new();
        let mut followed = Some(self.first().await?);
        while let Some(came) = followed {
            match came {
                Followed::Record(record) => {
                    if record.at.offset < self.next {
                        return Err(IdStoreError::MadeAnew { end: self.next, found: record.at.offset });
                    }
                    self.next = record.at.offset + 1;
                    self.health.running();
                    if !self.store.applied().has(record.at.offset) {
                        entries.extend(entry(&record));
                    }
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
        self.store.end.fetch_max(self.next, Ordering::SeqCst);
        if !entries.is_empty() {
            self.store.apply(entries, self.next).await?;
            self.remembered = self.next;
        }
        self.store.applied().pass(self.next);
        Ok(())
    }

    /// What comes next. Where nothing comes for a while, it is remembered meanwhile what has come.
    async fn first(&mut self) -> Result<Followed, IdStoreError> {
        if self.remembered < self.next {
            if let Ok(came) = timeout(QUIET, self.follower.next()).await {
                return Ok(came);
            }
            self.store.apply(Vec::new(), self.next).await?;
            self.remembered = self.next;
        }
        Ok(self.follower.next().await)
    }
}
