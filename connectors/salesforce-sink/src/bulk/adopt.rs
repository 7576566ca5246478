//! Jobs of an earlier run, or of the partitions' owner before. Their rows come again, so nothing is asked of them but that they
//! write no more.
//!
//! A job that never began is stopped. One that is at work is waited for: org B may still write rows of a job that was stopped,
//! and nobody says when it has written the last one.

use std::collections::BTreeSet;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Blame, Disposition, IngestState, Org};
use tokio::time::sleep;

use super::book::Book;

/// Between two looks, first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Returns when none of `jobs` writes any more. Until then they stand in the book.
pub(crate) async fn outlive(org: &Org, book: &Book, jobs: BTreeSet<String>) {
    for job in jobs {
        let mut pause = PAUSES.0;
        while !is_over(org, &job).await {
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        book.strike(&job);
    }
}

async fn is_over(org: &Org, job: &str) -> bool {
    org.breaker().closed().await;
    match org.ingest_job(job).await {
        Ok(found) if found.state.is_over() => true,
        Ok(found) if found.state == IngestState::Open => {
            // Should it have begun meanwhile, the next look tells.
            org.abort_ingest_job(job).await.is_ok()
        }
        Ok(_) => false,
        Err(error) => is_gone(org, job, &error).await,
    }
}

/// Whether an error says that there is no such job any more; org B forgets those that are over after seven days.
async fn is_gone(org: &Org, job: &str, error: &ApiError) -> bool {
    if org.report(error).await == Blame::Call && error.disposition() == Disposition::Reject {
        tracing::warn!(
            org = org.name(),
            job,
            reason = error.with_causes(),
            "A bulk job of an earlier run cannot be looked at; it is taken to be over."
        );
        return true;
    }
    false
}
