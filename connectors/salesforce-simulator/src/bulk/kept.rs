//! Jobs in the data file. The files of a job are written once, as they come: what was uploaded, and the results of each
//! chunk in one line with the rows that it wrote. So a job that was at work when the process ended goes on behind the
//! last chunk that stands, and no row is written twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ingest;
use super::job::{Job, JobState, Search, Work};
use super::jobs::Jobs;
use crate::data::{Entry, Refusal};
use crate::ids::IdSource;
use crate::tenant::State;
use crate::timestamp::Timestamp;

/// Bytes of a file, in base 64.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Bytes);

/// One change of the jobs, as the data file keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobEntry {
    /// A job as it is, but for its files.
    Job(Box<Job>),
    /// Its file was uploaded.
    Uploaded { id: String, data: Kept },
    /// More of an ingest job is done: its counts now, and what came to its results.
    Written { id: String, place: usize, processed: usize, failed: usize, successful: Kept, refused: Kept },
    /// What a query job has found.
    Found { id: String, header: Kept, rows: Kept, ends: Vec<usize> },
    /// It was deleted.
    Deleted { id: String },
}

impl Kept {
    /// A copy of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Vec<u8>> for Kept {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64::display::Base64Display::new(&self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}

impl State {
    /// Keeps changes of jobs over a restart.
    pub(super) fn keep(&mut self, entries: Vec<JobEntry>) -> Result<(), Refusal> {
        self.append(&Entry::Jobs(entries))
    }

    /// Keeps a job as it is now, but for its files.
    pub(super) fn keep_job(&mut self, id: &str) -> Result<(), Refusal> {
        let head = self.jobs.job(id)?.head();
        self.keep(vec![head])
    }
}

impl Jobs {
    /// Makes a change, as it stands in the data file.
    pub(crate) fn restore(&mut self, entry: JobEntry, ids: &mut IdSource) {
        match entry {
            JobEntry::Job(mut job) => {
                ids.seen(&job.id);
                if let Ok(known) = self.job_mut(&job.id) {
                    job.take_files(known);
                }
                self.put(*job);
            }
            JobEntry::Uploaded { id, data } => {
                if let Ok(Job { work: Work::Ingest(ingest), .. }) = self.job_mut(&id) {
                    ingest.data = Some(data.0);
                }
            }
            JobEntry::Written { id, place, processed, failed, successful, refused } => {
                let Ok(job) = self.job_mut(&id) else { return };
                (job.processed, job.failed) = (processed, failed);
                if let Work::Ingest(ingest) = &mut job.work {
                    ingest.place = place;
                    ingest.successful.extend_from_slice(&successful.0);
                    ingest.refused.extend_from_slice(&refused.0);
                }
            }
            JobEntry::Found { id, header, rows, ends } => {
                if let Ok(Job { work: Work::Query(search), .. }) = self.job_mut(&id) {
                    search.header = header.0.to_vec();
                    search.rows = rows.0.to_vec();
                    search.ends = ends;
                }
            }
            JobEntry::Deleted { id } => self.remove(&id),
        }
    }

    /// Makes jobs that were at work wait for their turn again, once everything was brought back.
    pub(crate) fn resume(&mut self, now: Timestamp) {
        self.forget_old(now);
        for job in self.all_mut() {
            match job.state {
                JobState::InProgress => {
                    job.state = JobState::UploadComplete;
                    if job.operation.reads() {
                        // A query starts anew: what it has found by now may have changed.
                        job.processed = 0;
                    }
                }
                ended if ended.ended() => ingest::let_go(job),
                _ => {}
            }
        }
    }

    /// All jobs with their files.
    pub(crate) fn entries(&self) -> Vec<JobEntry> {
        self.all().flat_map(Job::entries).collect()
    }
}

impl Job {
    /// All of it.
    pub(super) fn entries(&self) -> Vec<JobEntry> {
        std::iter::once(self.head()).chain(self.files()).collect()
    }

    /// The job, but for its files.
    pub(super) fn head(&self) -> JobEntry {
        JobEntry::Job(Box::new(self.without_files()))
    }

    /// What it has uploaded, written or found so far.
    fn files(&self) -> Vec<JobEntry> {
        let id = self.id.clone();
        match &self.work {
            Work::Ingest(ingest) => {
                let uploaded =
                    ingest.data.clone().map(|data| JobEntry::Uploaded { id: id.clone(), data: Kept(data) });
                let written = (!ingest.successful.is_empty() || !ingest.refused.is_empty()).then(|| {
                    JobEntry::Written {
                        id,
                        place: ingest.place,
                        processed: self.processed,
                        failed: self.failed,
                        successful: Kept::of(&ingest.successful),
                        refused: Kept::of(&ingest.refused),
                    }
                });
                uploaded.into_iter().chain(written).collect()
            }
            Work::Query(search) => vec![JobEntry::Found {
                id,
                header: Kept::of(&search.header),
                rows: Kept::of(&search.rows),
                ends: search.ends.clone(),
            }],
        }
    }

    /// The same with nothing that [`Job::files`] gives.
    fn without_files(&self) -> Self {
        let work = match &self.work {
            Work::Ingest(ingest) => Work::Ingest(ingest.without_files()),
            Work::Query(search) => Work::Query(Search::new(&search.soql)),
        };
        Self {
            id: self.id.clone(),
            object: self.object.clone(),
            created_by: self.created_by.clone(),
            error: self.error.clone(),
            origin: self.origin.clone(),
            work,
            ..*self
        }
    }

    /// Takes over the files of its former self.
    fn take_files(&mut self, known: &mut Self) {
        match (&mut self.work, &mut known.work) {
            (Work::Ingest(own), Work::Ingest(known)) => {
                own.data = known.data.take();
                own.successful = std::mem::take(&mut known.successful);
                own.refused = std::mem::take(&mut known.refused);
            }
            (Work::Query(own), Work::Query(known)) => {
                own.header = std::mem::take(&mut known.header);
                own.rows = std::mem::take(&mut known.rows);
                own.ends = std::mem::take(&mut known.ends);
            }
            _ => {}
        }
    }
}
