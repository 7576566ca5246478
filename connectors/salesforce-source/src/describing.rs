//! Describes the objects anew from time to time, so that what changes in them is known before a row or an event shows it:
//! a new field that is still empty everywhere, a field that is gone, a type.
//!
//! It runs beside the reads: each of them takes the newest description when it begins.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::push_topic::Watch;
use crate::rows::{Reading, Rows};

/// The task that describes. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Describing(JoinHandle<()>);

impl Describing {
    /// Describes the objects of `rows` every so often, the first time after one such span, and looks at their PushTopics.
    pub(crate) fn start(rows: Rows, push_topics: Watch, every: Duration) -> Self {
        Self(tokio::spawn(async move {
            let mut due = interval_at(Instant::now() + every, every);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                for object in rows.objects() {
                    match rows.describe(&object, Reading::Anew).await {
                        Ok(described) => push_topics.look(rows.patience().org(), described.describe()).await,
                        // Whoever reads the object next meets the same trouble, and acts on it.
                        Err(error) => {
                            tracing::debug!(%object, %error, "an object could not be described anew");
                        }
                    }
                }
            }
        }))
    }
}

impl Drop for Describing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
