//! The task that works on jobs, one after the other, in the order they became ready.
//!
//! Every chunk of an ingest job is a transaction of its own, so calls go on between chunks, and an abort or the end of
//! the org takes effect there: a chunk that is at work when its job is aborted is still written.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::job::{Job, JobState, Work};
use super::{ingest, read, write};
use crate::calls::CallKind;
use crate::fault::Effect;
use crate::tenant::Tenant;
use crate::timestamp::Timestamp;

/// Why the work on a job ended before all of it was done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job was aborted or deleted, or the org stops: nobody asks for it any more.
    Left,
    /// The job fails, with this message.
    Failed(String),
}

/// Works on jobs until the org stops.
pub(crate) async fn work(tenant: Arc<Tenant>) {
    while !tenant.stop.is_cancelled() {
        let now = tenant.clock.now();
        let next = next(&tenant, now);
        match next {
            Some(job) => {
                let done = unless_it_panics(&job.id, process(&tenant, &job)).await;
                end(&tenant, &job.id, done);
            }
            None => tokio::select! {
                () = tenant.bulk_work.notified() => {}
                () = tenant.stop.cancelled() => return,
            },
        }
    }
}

async fn process(tenant: &Tenant, job: &Job) -> Result<(), Ended> {
    match &job.work {
        Work::Ingest(ingest) => write::ingest(tenant, job, ingest).await,
        Work::Query(search) => read::query(tenant, job, search).await,
    }
}

/// Does the work on a job. A panic in it is a mistake of the simulator: it is logged, that job fails, and the next one
/// is worked on. The chunk in which it came has been taken back, so nothing half-done is left.
async fn unless_it_panics(id: &str, work: impl Future<Output = Result<(), Ended>>) -> Result<(), Ended> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let reason = reason(panic.as_ref());
        tracing::error!(
            job = id,
            reason,
            "the work on a bulk job of the sandbox org panicked; the job fails"
        );
        Err(Ended::Failed(format!("UNKNOWN_EXCEPTION : An unexpected error occurred: {reason}")))
    })
}

/// What a panic says.
fn reason(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say of what")
}

/// What is to be done before each chunk: other tasks get their turn, and faults slow the job down or fail it.
pub(super) async fn pause(tenant: &Tenant, job: &Job) -> Result<(), Ended> {
    let Job { id, object, .. } = job;
    tokio::task::yield_now().await;
    let in_progress = tenant.state().jobs.job(id).is_ok_and(|job| job.state == JobState::InProgress);
    if !in_progress {
        return Err(Ended::Left);
    }
    let concerns = |text: &str| object.contains(text) || id.contains(text);
    let (delay, effect) = tenant.faults.on_call(&[CallKind::BulkChunk], concerns);
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = tenant.stop.cancelled() => return Err(Ended::Left),
        }
    }
    match effect {
        None => {}
        Some(Effect::Answer { code, message, .. }) => {
            return Err(Ended::Failed(format!("{code} : {message}")));
        }
        Some(_) => {
            let message = "Timeout : the connection to the processing server was lost";
            return Err(Ended::Failed(message.to_owned()));
        }
    }
    // From here on the chunk is written, also when the job is aborted meanwhile: it was at work.
    if tenant.stop.is_cancelled() { Err(Ended::Left) } else { Ok(()) }
}

/// The next job, which is in progress from now on.
fn next(tenant: &Tenant, now: Timestamp) -> Option<Job> {
    let mut state = tenant.state();
    let job = state.jobs.next(now)?;
    // What cannot be kept was said; the job is done all the same.
    state.keep_job(&job.id).ok();
    Some(job)
}

/// Notes how the work on a job ended; an aborted job stays aborted. What was read of its file is let go.
fn end(tenant: &Tenant, id: &str, done: Result<(), Ended>) {
    let now = tenant.clock.now();
    let mut state = tenant.state();
    let Ok(job) = state.jobs.job_mut(id) else { return };
    let reached = match done {
        Ok(()) => Some((JobState::JobComplete, None)),
        Err(Ended::Failed(message)) => Some((JobState::Failed, Some(message))),
        // The org stops; from a data file the job goes on at the next start.
        Err(Ended::Left) => None,
    };
    if let Some((reached, error)) = reached
        && job.state == JobState::InProgress
    {
        job.active = (now.millis() - job.modified.millis()).max(0);
        job.error = error;
        job.enter(reached, now);
        let entries = match job.work {
            // Its files were kept as they came.
            Work::Ingest(_) => vec![job.head()],
            Work::Query(_) => job.entries(),
        };
        state.keep(entries).ok();
    }
    if let Ok(job) = state.jobs.job_mut(id)
        && job.state.ended()
    {
        ingest::let_go(job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_its_job_and_no_other() {
        let failed = unless_it_panics("750", async { panic!("no {}", "calendar") }).await;
        let message = "UNKNOWN_EXCEPTION : An unexpected error occurred: no calendar";
        assert_eq!(failed, Err(Ended::Failed(message.to_owned())));
        assert_eq!(unless_it_panics("750", async { Ok(()) }).await, Ok(()));
    }
}
