//! A job from its creation to its end.
//!
//! Until it is closed nothing has happened in org B, and all rows go back as they were. From then on it is waited for, whatever it
//! takes. A row that it did not write, for whatever reason, is sent again by REST, where it has its own answer; that a row was
//! written after all does no harm (D6).

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{Either, select, select_all};
use orgstream_api::StoreError;
use orgstream_salesforce::{
    ApiError, Blame, Disposition, Executed, Ingest, IngestJob, IngestState, WrittenRows,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::book::Book;
use super::filling::Filling;
use super::reading::{Left, Reading, Written};
use super::watch::Watch;
use crate::deliver::Delivery;
use crate::tenure::Tenure;

/// Between attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a call is repeated while the org answers others.
const TRIES: u32 = 3;

/// A job that was not seen to begin.
struct NotBegun {
    why: Why,
    /// Whether it may begin all the same: an order to begin had no answer.
    may_begin: bool,
}

/// Why a job did not begin.
enum Why {
    /// A partition of its rows was taken away, or the org was in trouble.
    AsBefore,
    /// The org refuses it.
    Refused(ApiError),
}

impl NotBegun {
    /// Nobody asked org B to begin.
    fn unasked(why: Why) -> Self {
        Self { why, may_begin: false }
    }
}

impl Delivery {
    /// Has org B write the rows. A job that is not over after `give_up_after` is stopped.
    pub(crate) async fn run_job(
        &self,
        mut filling: Filling,
        book: &Book,
        give_up_after: Duration,
    ) -> Result<Reading, StoreError> {
        let content = filling.content()?;
        let partitions = filling.partitions();
        let tenures: Vec<Tenure> = partitions.values().cloned().collect();
        self.counters.called();
        let made = self.wire.org.create_ingest_job(&filling.target.object, filling.ingest()).await;
        let job = match made {
            Ok(job) => job.id,
            Err(error) => {
                let left = self.refused(&filling, self.why(error).await);
                return Ok(Reading::nothing(filling, left));
            }
        };
        let kept = book.enter(&job, partitions.into_keys().collect::<BTreeSet<_>>());
        let org = &self.wire.org;
        let watch = Watch { org, book, counters: &self.counters, job: &job, give_up_after };
        let reading = match self.begin(&watch, content, kept, &tenures).await {
            Ok(()) => {
                let (begun, rows) = (Instant::now(), filling.rows());
                let over = watch.over(self.wire.pace.job_time(rows)).await;
                if over.as_ref().is_some_and(|over| over.state == IngestState::JobComplete) {
                    self.wire.pace.job_took(begun.elapsed(), rows);
                }
                self.read(filling, &watch, over, Left::ByRestForNow).await
            }
            Err(NotBegun { why, may_begin: true }) => {
                let left = self.refused(&filling, why);
                let over = watch.stopped().await;
                self.read(filling, &watch, over, left).await
            }
            Err(NotBegun { why, may_begin: false }) => {
                let left = self.refused(&filling, why);
                self.discard(&job).await;
                Reading::nothing(filling, left)
            }
        };
        book.strike(&job);
        Ok(reading)
    }

    /// Uploads the rows and closes the job.
    async fn begin(
        &self,
        watch: &Watch<'_>,
        content: bytes::Bytes,
        mut kept: watch::Receiver<bool>,
        tenures: &[Tenure],
    ) -> Result<(), NotBegun> {
        self.counters.called();
        if let Err(error) = self.wire.org.upload_rows(watch.job, content).await {
            return Err(NotBegun::unasked(self.why(error).await));
        }
        // Before the job can write: whoever owns its partitions next has to know of it (D5).
        let is_kept = kept.wait_for(|kept| *kept);
        if !matches!(select(Box::pin(is_kept), ends(tenures)).await, Either::Left((Ok(_), _))) {
            return Err(NotBegun::unasked(Why::AsBefore));
        }
        let (mut may_begin, mut tries) = (false, 0);
        loop {
            let lease = self.wire.lease.held();
            let Either::Left((timeout, _)) = select(lease, ends(tenures)).await else {
                return Err(NotBegun { why: Why::AsBefore, may_begin });
            };
            // From here to the start of the call nothing is awaited: a partition cannot be lost in between.
            if tenures.iter().any(Tenure::is_over) {
                return Err(NotBegun { why: Why::AsBefore, may_begin });
            }
            self.counters.called();
            let Err(error) = self.wire.org.close_ingest_job(watch.job, timeout).await else { return Ok(()) };
            may_begin |= error.executed() != Executed::No;
            let is_no_answer = error.disposition() == Disposition::Probe;
            let why = self.why(error).await;
            tries += u32::from(matches!(why, Why::Refused(_)));
            // The answer is lost, or one before it was: the job may have begun, and is waited for then. One that is gone is over.
            if watch.look().await.is_none_or(|found| found.state != IngestState::Open) {
                return Ok(());
            }
            if !is_no_answer || tries == TRIES {
                return Err(NotBegun { why, may_begin });
            }
            sleep(PAUSE).await;
        }
    }

    async fn why(&self, error: ApiError) -> Why {
        match self.wire.org.report(&error).await {
            Blame::Org => Why::AsBefore,
            Blame::Call => Why::Refused(error),
        }
    }

    /// What becomes of the rows of a job that org B did not begin.
    fn refused(&self, filling: &Filling, why: Why) -> Left {
        match why {
            Why::AsBefore => Left::AsBefore,
            Why::Refused(error) => {
                tracing::warn!(
                    org = self.wire.org.name(), object = %filling.target.object, rows = filling.rows(),
                    reason = error.with_causes(),
                    "The org takes no bulk job; the records of the object are written by other calls for ten minutes."
                );
                Left::ByRestForNow
            }
        }
    }

    /// Stops a job that nobody asked to begin. It writes nothing either way, and the org forgets it in time.
    async fn discard(&self, job: &str) {
        self.counters.called();
        if let Err(error) = self.wire.org.abort_ingest_job(job).await {
            tracing::warn!(
                org = self.wire.org.name(),
                job,
                reason = error.with_causes(),
                "A bulk job that never began cannot be stopped; it stays open in the org and writes nothing."
            );
        }
    }

    /// Which rows the job wrote. `left` is for those that it did not, where it did not come to its end.
    async fn read(
        &self,
        filling: Filling,
        watch: &Watch<'_>,
        over: Option<IngestJob>,
        left: Left,
    ) -> Reading {
        let Some(over) = over else { return Reading::nothing(filling, Left::ByRest) };
        let complete = over.state == IngestState::JobComplete;
        if !complete {
            tracing::warn!(
                org = self.wire.org.name(), object = %filling.target.object, job = watch.job, state = ?over.state,
                reason = over.error_message.as_deref().unwrap_or("none given"),
                "A bulk job did not come to its end; what it did not write is written by other calls."
            );
        }
        let left = if complete { Left::ByRest } else { left };
        let wrote_all = usize::try_from(over.processed).is_ok_and(|rows| rows == filling.rows());
        if complete && wrote_all && over.failed == 0 && filling.ingest() == Ingest::Update {
            return Reading::new(filling, Written::All, left);
        }
        let results = match self.written_rows(watch.job, filling.key_column()).await {
            Some(rows) => Written::These(Box::new(rows)),
            None => Written::None,
        };
        Reading::new(filling, results, left)
    }

    async fn written_rows(&self, job: &str, key: &str) -> Option<WrittenRows> {
        let mut tries = 0;
        while tries < TRIES {
            self.wire.org.breaker().closed().await;
            self.counters.called();
            match self.wire.org.written_rows(job, key).await {
                Ok(rows) => return Some(rows),
                Err(error) => {
                    if self.wire.org.report(&error).await == Blame::Call {
                        tries += 1;
                        sleep(PAUSE).await;
                    }
                }
            }
        }
        None
    }
}

/// Waits until one of the partitions is taken away.
async fn ends_of(tenures: &[Tenure]) {
    if tenures.is_empty() {
        return std::future::pending().await;
    }
    select_all(tenures.iter().map(|tenure| Box::pin(tenure.over()))).await;
}

fn ends(tenures: &[Tenure]) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
    Box::pin(ends_of(tenures))
}
