//! What happens by itself: sessions and transactions end, logs are cleaned, producers forgotten.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::core::Core;
use crate::topics::Partition;

/// Between two looks at sessions, rebalances and transactions.
const SWEEP: Duration = Duration::from_millis(25);

/// Between two looks at the logs.
const CLEAN: Duration = Duration::from_millis(500);

/// Between two looks at producers, as Kafka has it.
const EXPIRE: Duration = Duration::from_mins(10);

/// Ends what took too long, until the broker stops.
pub(crate) async fn sweep(core: Arc<Core>) {
    while core.stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        let swept = core.blocking(|core| {
            core.groups.sweep();
            core.transactions.sweep();
        });
        if let Err(error) = swept.await {
            tracing::error!(%error, "Ending sessions and transactions has failed.");
        }
    }
}

/// Cleans one log after the other, until the broker stops.
pub(crate) async fn clean(core: Arc<Core>) {
    while core.stop.run_until_cancelled(tokio::time::sleep(CLEAN)).await.is_some() {
        if let Err(error) = core.blocking(clean_all).await {
            tracing::error!(%error, "Cleaning a log has failed.");
        }
    }
}

/// Forgets producers that have been silent for long, until the broker stops.
pub(crate) async fn expire(core: Arc<Core>) {
    while core.stop.run_until_cancelled(tokio::time::sleep(EXPIRE)).await.is_some() {
        if let Err(error) = core.blocking(expire_all).await {
            tracing::error!(%error, "Forgetting producers has failed.");
        }
    }
}

fn expire_all(core: &Core) {
    for partition in core.topics.all().iter().flat_map(|topic| topic.partitions()) {
        partition.log().expire_producers(now_ms());
    }
}

fn clean_all(core: &Core) {
    for topic in core.topics.all() {
        for (number, partition) in topic.partitions().into_iter().enumerate() {
            if core.stop.is_cancelled() {
                return;
            }
            // The files of a deleted topic have gone with it, and what is stopped half-way begins again the next time.
            if let Err(error) = clean_one(&partition, &core.stop)
                && !core.stop.is_cancelled()
                && core.topics.by_id(topic.id).is_some()
            {
                tracing::warn!(%error, topic = topic.name, partition = number, "A log cannot be cleaned.");
            }
        }
    }
}

fn clean_one(partition: &Partition, stop: &CancellationToken) -> io::Result<()> {
    let now = now_ms();
    if !partition.log().is_due(now) {
        return Ok(());
    }
    let Some(compaction) = partition.log().clean(now)? else { return Ok(()) };
    // Clients go on meanwhile.
    let compacted = compaction.run(stop)?;
    partition.log().install(compacted)
}
