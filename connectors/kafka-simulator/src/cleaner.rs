//! What happens by itself: sessions and transactions end, logs are cleaned.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::now_ms;
use crate::core::Core;
use crate::topics::{Partition, Topic};

/// Between two looks at sessions, rebalances and transactions.
const SWEEP: Duration = Duration::from_millis(25);

/// Between two looks at the logs.
const CLEAN: Duration = Duration::from_millis(500);

/// Ends what took too long, until the broker stops.
pub(crate) async fn sweep(core: Arc<Core>) {
    while core.stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        core.groups.sweep();
        if core.transactions.sweep() {
            core.grown.notify_waiters();
        }
    }
}

/// Cleans one log after the other, on a thread where it may block, until the broker stops.
pub(crate) async fn clean(core: Arc<Core>) {
    while core.stop.run_until_cancelled(tokio::time::sleep(CLEAN)).await.is_some() {
        for topic in core.topics.all() {
            for (number, partition) in topic.partitions().into_iter().enumerate() {
                if core.stop.is_cancelled() {
                    return;
                }
                clean_one(&core, &topic, number, partition).await;
            }
        }
    }
}

async fn clean_one(core: &Core, topic: &Arc<Topic>, number: usize, partition: Arc<Partition>) {
    if !partition.log().is_due(now_ms()) {
        return;
    }
    let cleaned = tokio::task::spawn_blocking(move || {
        let compaction = partition.log().clean(now_ms())?;
        let Some(compaction) = compaction else { return Ok(()) };
        // Clients go on meanwhile.
        let compacted = compaction.run()?;
        partition.log().install(compacted)
    });
    match cleaned.await {
        Ok(Ok(())) => {}
        // Its files have gone with the topic.
        Ok(Err(_)) if core.topics.by_id(topic.id).is_none() => {}
        Ok(Err(error)) => tracing::warn!(%error, topic = topic.name, number, "A log cannot be cleaned."),
        Err(error) => tracing::error!(%error, topic = topic.name, number, "Cleaning a log has failed."),
    }
}
