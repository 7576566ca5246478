//! A job that is over, row by row: what it wrote is settled, the rest goes back.

use orgstream_api::StoreError;
use orgstream_salesforce::{WriteResult, WrittenRows};

use super::filling::Filling;
use crate::deliver::{Delivery, Done};
use crate::plan::Group;
use crate::work::{Verdict, Work};
use crate::write::Answer;

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
pub(super) enum Written {
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
    /// By REST, and so are others of the object for some time: a job cannot do it.
    ByRestForNow,
}

impl Reading {
    /// Of a job that is over.
    pub(super) fn new(filling: Filling, results: Written, left: Left) -> Self {
        Self { filling, results, left }
    }

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
                if let Some(prepared) = self.filling.take(&key)? {
                    delivery.close(prepared, Answer::Written(result), &mut done);
                }
                continue;
            }
            let Some(work) = self.next_unwritten()? else { break };
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

    fn next_unwritten(&mut self) -> Result<Option<Work>, StoreError> {
        let Some(mut work) = self.filling.take_back()? else { return Ok(self.filling.take_behind()) };
        if self.left != Left::AsBefore {
            work.papers.attempts.keep_from_bulk();
        }
        Ok(Some(work))
    }
}
