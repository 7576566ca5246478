//! Bulk API 2.0: jobs that write the rows of a CSV file, or read the rows of a query, while nobody waits for them.
//!
//! # Layout, in reading order
//!
//! - `endpoint`: which resource below `jobs` a call means
//! - `job`, `jobs`: one job and its states, all jobs of an org
//! - `create`, `multipart`: from the body of a call to a job
//! - `ingest`, `query`: what a client does with the two sorts of jobs
//! - `csv`: files of either delimiter and line ending
//! - `columns`: what the header of a file says of its cells
//! - `worker`, `write`, `read`: the task that does the work, and the work
//! - `kept`: jobs in the data file

mod columns;
mod create;
mod csv;
mod endpoint;
mod ingest;
mod job;
mod jobs;
mod kept;
mod multipart;
mod query;
mod read;
mod worker;
mod write;

pub(crate) use endpoint::answer;
pub(crate) use jobs::{JOB_PREFIX, Jobs};
pub(crate) use kept::JobEntry;
pub(crate) use worker::work;
