//! A job that org B may be at work on, until it writes no more.
//!
//! Only the org's word ends the waiting: that the job is over, or, twice, that there is none. Any other answer says nothing of
//! the job and is asked for again, however long that takes; meanwhile the book says what is wrong.

use std::time::Duration;

use orgstream_salesforce::{ApiError, IngestJob, IngestState, Org};
use tokio::time::sleep;

use super::book::Book;
use crate::counters::SinkCounters;

/// The shortest and the longest pause before a look at a job.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// After how long a job is spoken of; less where it is given up soon.
const LONG: Duration = Duration::from_mins(1);

/// How often org B has to say that there is no such job before it is believed.
const ABSENT: u32 = 2;

/// How long no row of a job that was stopped must be counted. Those that were at work are still written.
const QUIET: Duration = Duration::from_secs(5);

/// Looks that may fail in a row before it is spoken of.
const FAILED: u32 = 2;

/// Looks at one job.
pub(crate) struct Watch<'a> {
    /// Where it is at work.
    pub(crate) org: &'a Org,
    /// Where it stands.
    pub(crate) book: &'a Book,
    /// Counts the calls.
    pub(crate) counters: &'a SinkCounters,
    /// Its id.
    pub(crate) job: &'a str,
    /// After how long it is stopped.
    pub(crate) give_up_after: Duration,
}

impl Watch<'_> {
    /// Waits until the job, which should take about `expected`, writes no more; `None` when there is no such job.
    pub(crate) async fn over(&self, expected: Duration) -> Option<IngestJob> {
        let clock = || self.org.breaker().closed_time();
        let begun = clock();
        let long = LONG.min(self.give_up_after / 2);
        let mut pause = expected;
        loop {
            sleep(pause.clamp(PAUSES.0, PAUSES.1)).await;
            let found = self.look().await?;
            if found.state.is_over() {
                return self.quiet(found).await;
            }
            let spent = clock().saturating_sub(begun);
            // The longer it takes, the longer it may take.
            pause = (spent / 2).min(self.give_up_after.saturating_sub(spent));
            if spent >= self.give_up_after {
                tracing::warn!(
                    org = self.org.name(), job = self.job, state = ?found.state, processed = found.processed,
                    "A bulk job is at work for longer than `sink.bulk.give_up_after`; it is stopped, and what it did not write \
                     goes by other calls."
                );
                return self.stopped().await;
            }
            self.book.tell(self.job, (spent >= long).then(|| self.slow(long)));
        }
    }

    /// Has org B stop the job, and waits until it writes no more; `None` when there is no such job.
    pub(crate) async fn stopped(&self) -> Option<IngestJob> {
        let mut pause = PAUSES.0;
        loop {
            self.org.breaker().closed().await;
            self.counters.called();
            let refused = self.org.abort_ingest_job(self.job).await.err();
            if let Some(error) = &refused {
                self.org.report(error).await;
            }
            // The answer may be lost, and the job may have come to its end by itself: only the job tells.
            let found = self.look().await?;
            if found.state.is_over() {
                return self.quiet(found).await;
            }
            self.book.tell(self.job, refused.map(|error| self.goes_on(&error)));
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// The job as it is now; `None` when org B says that there is none.
    pub(crate) async fn look(&self) -> Option<IngestJob> {
        let (mut absent, mut failed, mut pause) = (0, 0, PAUSES.0);
        loop {
            self.org.breaker().closed().await;
            self.counters.called();
            let error = match self.org.ingest_job(self.job).await {
                Ok(found) => return Some(found),
                Err(error) => error,
            };
            self.org.report(&error).await;
            absent = if error.means_nothing_there() { absent + 1 } else { 0 };
            if absent == ABSENT {
                tracing::warn!(
                    org = self.org.name(),
                    job = self.job,
                    reason = error.with_causes(),
                    "The org knows a bulk job no more; it is taken to be over."
                );
                return None;
            }
            failed += 1;
            if failed >= FAILED {
                self.book.tell(self.job, Some(self.unseen(&error)));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Rows that were at work when a job was stopped may still be written: waits until no more are counted.
    async fn quiet(&self, mut found: IngestJob) -> Option<IngestJob> {
        while found.state == IngestState::Aborted {
            sleep(QUIET).await;
            let next = self.look().await?;
            if (next.processed, next.failed) == (found.processed, found.failed) {
                return Some(next);
            }
            found = next;
        }
        Some(found)
    }

    /// Without how far the job is: the status tells since when it says the same.
    fn slow(&self, long: Duration) -> String {
        format!(
            "bulk job {} in org `{}` is not over after {}; what lies behind its records waits for it, for {} at most, and then it is \
             stopped. Setup → Bulk Data Load Jobs shows what holds it up; `sink.bulk.from: off` writes without jobs",
            self.job,
            self.org.name(),
            span(long),
            span(self.give_up_after)
        )
    }

    fn goes_on(&self, error: &ApiError) -> String {
        format!(
            "bulk job {} is to be stopped and goes on: {}; what lies behind its records waits until it is over. Setup → Bulk Data \
             Load Jobs aborts it by hand",
            self.job,
            error.with_causes()
        )
    }

    fn unseen(&self, error: &ApiError) -> String {
        format!(
            "nobody knows how far bulk job {} is: {}; what lies behind its records waits, and the org is asked again",
            self.job,
            error.with_causes()
        )
    }
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} s", time.as_secs_f64()),
    }
}
