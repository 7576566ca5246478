//! All jobs of an org.

use std::collections::BTreeMap;

use super::job::{Job, JobState};
use crate::data::Refusal;
use crate::timestamp::Timestamp;

/// First characters of the id of a job.
pub(crate) const JOB_PREFIX: &str = "750";

const DAY: i64 = 24 * 3_600_000;

/// How long after its last change a job can be asked for, closed or not.
const KEPT: i64 = 7 * DAY;

/// The jobs of one org, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    jobs: BTreeMap<String, Job>,
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

    /// All jobs, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.jobs.values_mut()
    }

    /// Takes a new job in, and forgets those that are too old.
    pub(super) fn add(&mut self, job: Job, now: Timestamp) {
        self.forget_old(now);
        self.put(job);
    }

    /// Puts a job in, in place of its former self.
    pub(super) fn put(&mut self, job: Job) {
        self.jobs.insert(job.id.clone(), job);
    }

    /// Forgets the jobs that are too old; not those whose turn is still to come.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.jobs.retain(|_, job| {
            let at_work = matches!(job.state, JobState::UploadComplete | JobState::InProgress);
            at_work || now.millis() - job.modified.millis() <= KEPT
        });
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
}
