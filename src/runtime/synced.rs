//! When everything has arrived: sources at their end, sinks without lag, nothing owed.
//!
//! Sinks have no lag when every record before the end offsets taken after the sources reached their end is
//! settled and committed. The committed offsets are asked of Kafka, so partitions that another node holds count.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::lag::look_up;
use super::sink_task::SinkEntry;
use super::source_task::SourceEntry;
use crate::kafka::Admin;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(300);

/// Waits until everything has arrived.
pub(super) async fn synced(admin: &Admin, sources: &[Arc<SourceEntry>], sinks: &[Arc<SinkEntry>]) {
    loop {
        sleep(LOOK).await;
        if !at_end(sources) {
            continue;
        }
        let mut arrived = true;
        for sink in sinks {
            arrived = arrived && has_arrived(admin, sink).await;
        }
        // A source that found something meanwhile has moved the ends that were looked at.
        if arrived && at_end(sources) {
            return;
        }
    }
}

fn at_end(sources: &[Arc<SourceEntry>]) -> bool {
    sources.iter().all(|source| *source.view.at_end.borrow())
}

/// Brokers that do not answer say nothing; they are asked again.
async fn has_arrived(admin: &Admin, sink: &SinkEntry) -> bool {
    let Ok(lag) = look_up(admin, &sink.group(), &sink.topics).await else { return false };
    // Owed references are registered before the offsets they hang on are committed, so they are looked at after.
    lag.iter().all(|partition| partition.lag() == 0) && sink.view.in_flight() == 0 && sink.view.owed() == 0
}
