//! Bulk jobs: many waiting records of one object in a handful of calls, written by org B in its own time.
//!
//! - [`rules`]: from when on, and for how long
//! - `rests`: objects whose records go by no job for now, and why
//! - `filling`, `cells`: rows of the job that is being filled; a row as a job takes it
//! - `spool`, `image`: where they lie on disk, so that memory holds a ticket and a key of each
//! - `job`: a job from its creation to its end
//! - `watch`: looks at a job until it writes no more
//! - `reading`: a job that is over, row by row
//! - `book`: jobs that go on without anybody here, and their names where the next owner of a partition finds them
//! - `adopt`: jobs of an earlier run, which are waited for before anything is written

pub(crate) mod adopt;
pub(crate) mod book;
mod cells;
mod entry;
pub(crate) mod filling;
mod image;
pub(crate) mod job;
pub(crate) mod reading;
pub(crate) mod rests;
pub(crate) mod rules;
mod spool;
mod watch;
