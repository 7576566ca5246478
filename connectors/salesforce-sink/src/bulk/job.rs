//! A job from its creation to its last row.
//!
//! Until it is closed nothing has happened in org B, and all rows go back as they were. From then on it is waited for, whatever it
//! takes. A row that it did not write, for whatever reason, is sent again by REST, where it has its own answer; that a row was
//! written after all does no harm (D6).

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{Either, select, select_all};
use orgstream_api::StoreError;
use orgstream_salesforce::{
    ApiError, Blame, Disposition, Ingest, IngestJob, IngestState, WriteResult, WrittenRows,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::book::Book;
use super::filling::Filling;
use crate::deliver::{Delivery, Done};
use crate::plan::Group;
use crate::tenure::Tenure;
use crate::work::Verdict;
use crate::write::Answer;

/// The shortest and the longest pause before a look at a job.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// After how long a job is spoken of.
const LONG: Duration = Duration::from_mins(1);

/// How often the file of results is asked for while the org answers other calls.
const TRIES: u32 = 3;

/// Rows whose results are taken in at once.
const CHUNK: usize = 1_000;

/// A job that is over, and its rows that were not settled yet.
pub(crate) struct Reading {
    filling: Filling,
    results: Written,
    /// What becomes of the others.
    left: Left,
}

/// Which rows were written.
enum Written {
    /// All of them; their ids were known.
    All,
    /// Those of the file.
    These(Box<WrittenRows>),
    /// Nobody knows of any.
    None,
}

/// What becomes of rows of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// They are written as if there had been no job: the org was in trouble, or partitions went.
    AsBefore,
    /// By REST.
    ByRest,
    /// By REST, and so are others for some time: a job cannot do it.
    ByRestForNow,
}

/// Why a job was not closed.
enum Unclosed {
    /// A partition of its rows was taken away, or the org was in trouble.
    AsBefore,
    /// The org refuses it.
    Refused(ApiError),
}

impl Delivery {
    /// Has org B write the rows.
    pub(crate) async fn run_job(&self, mut filling: Filling, book: &Book) -> Result<Reading, StoreError> {
        let content = filling.content()?;
        let partitions = filling.partitions();
        let tenures: Vec<Tenure> = partitions.values().cloned().collect();
        let rows = filling.rows();
        self.counters.called();
        let made = self.wire.org.create_ingest_job(&filling.target.object, filling.ingest()).await;
        let job = match made {
            Ok(job) => job.id,
            Err(error) => {
                let why = self.unclosed(error).await;
                return Ok(self.not_begun(filling, None, why).await);
            }
        };
        let kept = book.enter(&job, partitions.into_keys().collect::<BTreeSet<_>>());
        let begun = self.begin(&job, content, kept, &tenures).await;
        let reading = match begun {
            Ok(()) => {
                let over = self.outcome(&job, rows).await;
                self.read(filling, &job, over).await
            }
            Err(why) => self.not_begun(filling, Some(&job), why).await,
        };
        book.strike(&job);
        Ok(reading)
    }

    /// Uploads the rows and closes the job.
    async fn begin(
        &self,
        job: &str,
        content: bytes::Bytes,
        mut kept: watch::Receiver<bool>,
        tenures: &[Tenure],
    ) -> Result<(), Unclosed> {
        self.counters.called();
        if let Err(error) = self.wire.org.upload_rows(job, content).await {
            return Err(self.unclosed(error).await);
        }
        // Before the job can write: whoever owns its partitions next has to know of it (D5).
        let is_kept = kept.wait_for(|kept| *kept);
        if !matches!(select(Box::pin(is_kept), ends(tenures)).await, Either::Left((Ok(_), _))) {
            return Err(Unclosed::AsBefore);
        }
        loop {
            let lease = self.wire.lease.held();
            let Either::Left((timeout, _)) = select(lease, ends(tenures)).await else {
                return Err(Unclosed::AsBefore);
            };
            // From here to the start of the call nothing is awaited: a partition cannot be lost in between.
            if tenures.iter().any(Tenure::is_over) {
                return Err(Unclosed::AsBefore);
            }
            self.counters.called();
            let Err(error) = self.wire.org.close_ingest_job(job, timeout).await else { return Ok(()) };
            let is_lost = error.disposition() == Disposition::Probe;
            let unclosed = self.unclosed(error).await;
            // The answer is lost, or one before it was: the job may have begun, and is waited for then.
            if self.has_begun(job).await {
                return Ok(());
            }
            if !is_lost {
                return Err(unclosed);
            }
        }
    }

    /// Whether org B has begun a job; asked until it says.
    async fn has_begun(&self, job: &str) -> bool {
        loop {
            self.wire.org.breaker().closed().await;
            self.counters.called();
            match self.wire.org.ingest_job(job).await {
                Ok(found) => return found.state != IngestState::Open,
                Err(error) => {
                    // One that is not known any more is over.
                    if self.wire.org.report(&error).await == Blame::Call
                        && error.disposition() == Disposition::Reject
                    {
                        return true;
                    }
                }
            }
            sleep(PAUSES.1).await;
        }
    }

    async fn unclosed(&self, error: ApiError) -> Unclosed {
        match self.wire.org.report(&error).await {
            Blame::Org => Unclosed::AsBefore,
            Blame::Call => Unclosed::Refused(error),
        }
    }

    /// All rows of a job that org B never began go back.
    async fn not_begun(&self, filling: Filling, job: Option<&str>, why: Unclosed) -> Reading {
        if let Some(job) = job {
            // One that stays open does nothing and is forgotten by the org.
            self.wire.org.abort_ingest_job(job).await.ok();
        }
        let left = match why {
            Unclosed::AsBefore => Left::AsBefore,
            Unclosed::Refused(error) => {
                tracing::warn!(
                    org = self.wire.org.name(), object = %filling.target.object, rows = filling.rows(),
                    reason = error.with_causes(), "The org takes no bulk job; the records are written by other calls."
                );
                Left::ByRestForNow
            }
        };
        Reading { filling, results: Written::None, left }
    }

    /// Waits until the job is over; `None` when the org does not know it any more.
    async fn outcome(&self, job: &str, rows: usize) -> Option<IngestJob> {
        let begun = Instant::now();
        let mut pause = self.wire.pace.job_time(rows);
        let mut is_told = false;
        loop {
            sleep(pause.clamp(PAUSES.0, PAUSES.1)).await;
            // The longer it takes, the longer it may take.
            pause = begun.elapsed() / 2;
            self.wire.org.breaker().closed().await;
            self.counters.called();
            match self.wire.org.ingest_job(job).await {
                Ok(found) if found.state.is_over() => {
                    self.wire.pace.job_took(begun.elapsed(), rows);
                    return Some(found);
                }
                Ok(found) => {
                    if begun.elapsed() > LONG && !is_told {
                        is_told = true;
                        tracing::warn!(
                            org = self.wire.org.name(), job, state = ?found.state, rows, processed = found.processed,
                            "A bulk job is at work for more than a minute, and what lies behind its records waits. Setup → Bulk \
                             Data Load Jobs shows what holds it up; `sink.bulk.from: off` writes without jobs."
                        );
                    }
                }
                Err(error) => {
                    let blame = self.wire.org.report(&error).await;
                    if blame == Blame::Call && error.disposition() == Disposition::Reject {
                        return None;
                    }
                }
            }
        }
    }

    /// Which rows the job wrote.
    async fn read(&self, filling: Filling, job: &str, over: Option<IngestJob>) -> Reading {
        let Some(over) = over else {
            return Reading { filling, results: Written::None, left: Left::ByRest };
        };
        let complete = over.state == IngestState::JobComplete;
        let left = if complete { Left::ByRest } else { Left::ByRestForNow };
        if !complete {
            tracing::warn!(
                org = self.wire.org.name(), object = %filling.target.object, job, state = ?over.state,
                reason = over.error_message.as_deref().unwrap_or("none given"),
                "A bulk job did not come to its end; what it did not write is written by other calls."
            );
        }
        let wrote_all = usize::try_from(over.processed).is_ok_and(|rows| rows == filling.rows());
        if complete && wrote_all && over.failed == 0 && filling.ingest() == Ingest::Update {
            return Reading { filling, results: Written::All, left };
        }
        let results = match self.written_rows(job, filling.key_column()).await {
            Some(rows) => Written::These(Box::new(rows)),
            None => Written::None,
        };
        Reading { filling, results, left }
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
                        sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        }
        None
    }
}

impl Reading {
    /// A filling that becomes no job: all its rows go back.
    pub(crate) fn nothing(filling: Filling, left: Left) -> Self {
        Self { filling, results: Written::None, left }
    }

    /// What its rows have in common.
    pub(crate) fn group(&self) -> Group {
        self.filling.group
    }

    /// What becomes of the rows that the job did not write.
    pub(crate) fn left(&self) -> Left {
        self.left
    }

    /// What became of the next rows; `None` when none is left.
    pub(crate) fn next(&mut self, delivery: &Delivery) -> Result<Option<Done>, StoreError> {
        let mut done = Done::default();
        while done.over.len() < CHUNK {
            if let Some((key, result)) = self.next_written() {
                if let Some(prepared) = self.filling.take(&key) {
                    delivery.close(prepared, Answer::Written(result), &mut done);
                }
                continue;
            }
            let Some(mut work) = self.filling.take_back()? else { break };
            if self.left != Left::AsBefore {
                work.papers.attempts.keep_from_bulk();
            }
            done.over.push((work, Verdict::Again));
        }
        Ok((!done.over.is_empty()).then_some(done))
    }

    fn next_written(&mut self) -> Option<(String, WriteResult)> {
        match &mut self.results {
            Written::All => self.filling.any_updated(),
            Written::These(rows) => rows.next_row(),
            Written::None => None,
        }
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
