//! Bulk jobs: many waiting records of one object in a handful of calls, written by org B in its own time.
//!
//! - `filling`: rows of the job that is being filled
//! - `spool`, `image`: where they lie on disk, so that memory holds a ticket and a key of each
//! - `job`: a job from its creation to its last row
//! - `book`: jobs that go on without anybody here, and their names where the next owner of a partition finds them
//! - `adopt`: jobs of an earlier run, which are waited for before anything is written

pub(crate) mod adopt;
pub(crate) mod book;
pub(crate) mod filling;
mod image;
pub(crate) mod job;
mod spool;
