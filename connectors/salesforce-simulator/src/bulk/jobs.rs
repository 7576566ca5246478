//! All jobs of an org and what they have used of its daily allocations. Jobs end with the process: the data file keeps
//! what they wrote, not them.

use std::collections::BTreeMap;

use super::job::{Job, JobState};
use crate::data::Refusal;
use crate::timestamp::Timestamp;

const DAY: i64 = 24 * 3_600_000;

/// How long a job that has ended can be asked for.
const KEPT: i64 = 7 * DAY;

/// Rows that make one batch of the daily allocation.
const BATCH: usize = 10_000;

/// Batches of ingest jobs in 24 hours.
pub(crate) const DAILY_BATCHES: u64 = 15_000;

/// Query jobs in 24 hours.
pub(crate) const DAILY_QUERIES: u64 = 10_000;

/// The jobs of one org, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    jobs: BTreeMap<String, Job>,
    batches: Vec<(Timestamp, u64)>,
    queries: Vec<(Timestamp, u64)>,
}

impl Jobs {
    /// A job by its id of 15 or 18 characters.
    pub(super) fn job(&self, id: &str) -> Result<&Job, Refusal> {
        let id = crate::ids::normalize(id);
        id.and_then(|id| self.jobs.get(&id)).ok_or_else(Refusal::not_found)
    }

    /// A job to be changed.
    pub(super) fn job_mut(&mut self, id: &str) -> Result<&mut Job, Refusal> {
        let id = crate::ids::normalize(id);
        id.and_then(|id| self.jobs.get_mut(&id)).ok_or_else(Refusal::not_found)
    }

    /// All jobs, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// Takes a new job in, and forgets those that are too old.
    pub(super) fn add(&mut self, job: Job, now: Timestamp) {
        self.jobs.retain(|_, job| !job.state.ended() || now.millis() - job.modified.millis() <= KEPT);
        if job.operation.reads() {
            self.queries.push((now, 1));
        }
        self.jobs.insert(job.id.clone(), job);
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, id: &str) {
        self.jobs.remove(id);
    }

    /// The oldest job that waits to be processed; from now on it is in progress.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Job> {
        let job = self.jobs.values_mut().find(|job| job.state == JobState::UploadComplete)?;
        job.enter(JobState::InProgress, now);
        Some(job.clone())
    }

    /// Counts the batches that so many rows make.
    pub(super) fn count_batches(&mut self, rows: usize, now: Timestamp) {
        let batches = u64::try_from(rows.div_ceil(BATCH)).unwrap_or(u64::MAX);
        self.batches.push((now, batches));
    }

    /// Batches used in the last 24 hours.
    pub(crate) fn batches_used(&self, now: Timestamp) -> u64 {
        used(&self.batches, now)
    }

    /// Query jobs used in the last 24 hours.
    pub(crate) fn queries_used(&self, now: Timestamp) -> u64 {
        used(&self.queries, now)
    }
}

fn used(uses: &[(Timestamp, u64)], now: Timestamp) -> u64 {
    uses.iter().filter(|(at, _)| now.millis() - at.millis() < DAY).map(|(_, count)| count).sum()
}
