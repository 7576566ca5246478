//! Jobs of an earlier run, or of the partitions' owner before. Their rows come again, so nothing is asked of them but that they
//! write no more.
//!
//! A job that never began is stopped. One that is at work is waited for: org B may still write rows of a job that was stopped,
//! so nothing is gained by it before it takes too long.

use std::collections::BTreeSet;
use std::time::Duration;

use orgstream_salesforce::{IngestState, Org};

use super::book::Book;
use super::watch::Watch;
use crate::counters::SinkCounters;

/// Returns when none of `jobs` writes any more. Until then they stand in the book.
pub(crate) async fn outlive(
    org: &Org,
    book: &Book,
    counters: &SinkCounters,
    jobs: BTreeSet<String>,
    give_up_after: Duration,
) {
    for job in jobs {
        let watch = Watch { org, book, counters, job: &job, give_up_after };
        match watch.look().await {
            // Should it begin meanwhile, that is seen before it counts as stopped.
            Some(found) if found.state == IngestState::Open => drop(watch.stopped().await),
            Some(_) => drop(watch.over(Duration::ZERO).await),
            None => {}
        }
        book.strike(&job);
    }
}
