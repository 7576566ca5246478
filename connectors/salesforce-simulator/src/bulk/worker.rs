//! The task that works on jobs, one after the other, in the order they became ready.
//!
//! Every chunk of an ingest job is a transaction of its own, so calls go on between chunks, and an abort or the end of
//! the org takes effect there.

use std::sync::Arc;

use super::job::{JobState, Work};
use super::{read, write};
use crate::calls::CallKind;
use crate::fault::Effect;
use crate::tenant::Tenant;

/// What the task does after a pause.
pub(super) enum Next {
    /// The chunk.
    Work,
    /// Nothing: the job was aborted or deleted, or the org ends.
    Leave,
    /// The job fails, with this message.
    Fail(String),
}

/// Works on jobs until the org stops.
pub(crate) async fn work(tenant: Arc<Tenant>) {
    while !tenant.stop.is_cancelled() {
        let now = tenant.clock.now();
        let next = tenant.state().jobs.next(now);
        match next {
            Some(job) => {
                let id = job.id.clone();
                let ended = match &job.work {
                    Work::Ingest(_) => write::ingest(&tenant, job).await,
                    Work::Query(_) => read::query(&tenant, job).await,
                };
                end(&tenant, &id, ended);
            }
            None => tokio::select! {
                () = tenant.bulk_work.notified() => {}
                () = tenant.stop.cancelled() => return,
            },
        }
    }
}

/// What is to be done before each chunk: other tasks get their turn, and faults slow the job down or fail it.
pub(super) async fn pause(tenant: &Tenant, id: &str, object: &str) -> Next {
    tokio::task::yield_now().await;
    let concerns = |text: &str| object.contains(text) || id.contains(text);
    let (delay, effect) = tenant.faults.on_call(&[CallKind::BulkChunk], concerns);
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = tenant.stop.cancelled() => return Next::Leave,
        }
    }
    match effect {
        None => {}
        Some(Effect::Answer { code, message, .. }) => return Next::Fail(format!("{code} : {message}")),
        Some(_) => {
            return Next::Fail("Timeout : the connection to the processing server was lost".to_owned());
        }
    }
    let in_progress = tenant.state().jobs.job(id).is_ok_and(|job| job.state == JobState::InProgress);
    if in_progress && !tenant.stop.is_cancelled() { Next::Work } else { Next::Leave }
}

/// Notes how the work on a job ended; an aborted job stays aborted. `None`: it was left.
fn end(tenant: &Tenant, id: &str, ended: Option<Result<(), String>>) {
    let now = tenant.clock.now();
    let mut state = tenant.state();
    let Ok(job) = state.jobs.job_mut(id) else { return };
    match ended {
        Some(result) if job.state == JobState::InProgress => {
            job.active = (now.millis() - job.modified.millis()).max(0);
            job.error = result.err();
            job.enter(if job.error.is_some() { JobState::Failed } else { JobState::JobComplete }, now);
        }
        _ => {}
    }
}
