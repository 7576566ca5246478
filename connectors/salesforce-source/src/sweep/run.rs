//! One sweep of one object, read step by step so that the stream has its turn in between.
//!
//! Rows by their stamp first, then the deletions that the org has on record, then, where the window reaches further
//! back than that record, a comparison with what the target has. A step that fails loses the whole run, which then
//! begins again where the stored cursor is.

use std::time::Duration;

use crate::error::SourceError;
use crate::moment::Moment;
use crate::position::{RepairCursor, RepairPart};
use crate::recent::Certainty;
use crate::sweep::compare::Comparison;
use crate::sweep::deleted::{self, Said};
use crate::sweep::reader::Reader;
use crate::sweep::rows::{self, After, Found};
use crate::sweep::window::Window;

/// Deletions of one step.
const STEP: usize = 2_000;

/// Records of one batch at most.
const BATCH: usize = 5_000;

/// How much later than asked for the org's record of deletions may begin without anything being missed.
const ROUNDED: Duration = Duration::from_mins(1);

/// A sweep under way.
#[derive(Debug)]
pub(crate) struct Run {
    pub(super) window: Window,
    /// What it takes for a row to count as produced.
    pub(super) certainty: Certainty,
    /// Whether it is time to look for all that the target has, should only that show deletions.
    pub(super) compares: bool,
    /// When that was done.
    pub(super) compared: Option<Moment>,
    /// The numbers of the gaps that it repairs.
    pub(super) gaps: Vec<u64>,
    /// Whether so many may be deleted by comparison as are missing.
    pub(super) confirmed: bool,
    /// More missing ones than so many hundredths are doubtful.
    pub(super) max_missing: u8,
    pub(super) part: Part,
    /// Records it has brought.
    pub(super) rows: u64,
    /// When the first of all its rows were read; `None` before, and where another run had read them.
    pub(super) read: Option<Moment>,
    /// Whether what was produced in its window has been read back.
    pub(super) remembers: bool,
    /// Up to when the org's record of deletions is complete.
    pub(super) covered: Option<Moment>,
    /// From when on deletions are known to the org.
    pub(super) since: Moment,
}

/// What is read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Rows behind this one.
    Rows(Option<After>),
    /// The org's record of deletions.
    Log,
    /// Whether these are deleted, and what comes after that.
    Delete(Vec<Said>, Then),
    /// What the target has.
    Compare(Comparison),
    Done(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Compare,
    Done,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything that happened in its window is in Kafka.
    Whole,
    /// Deletions from before what the org has on record stay unknown: there is nothing to compare with.
    Beyond,
    /// So many records of so many are missing in the org that nobody deletes them without a word.
    Doubtful { missing: usize, of: usize },
}

impl Run {
    /// Reads the next step. The last rows and the deletions behind them are one, as long as they fit into a batch, so that
    /// what they close is closed with them.
    pub(crate) async fn step(mut self, reader: &Reader) -> Result<(Self, Found), SourceError> {
        let mut all = Found::default();
        loop {
            let found = self.read(reader, &all).await?;
            all.extend(found);
            let pauses = matches!(self.part, Part::Done(_) | Part::Rows(_) | Part::Compare(_));
            if pauses || all.drafts.len() + STEP > BATCH {
                return Ok((self, all));
            }
        }
    }

    /// Reads on, after what was `found` in the same step.
    async fn read(&mut self, reader: &Reader, found: &Found) -> Result<Found, SourceError> {
        let certainty = self.certainty;
        match std::mem::replace(&mut self.part, Part::Log) {
            Part::Rows(after) => {
                // Once: what is forgotten meanwhile, because it is too much, is only produced again.
                if !self.remembers {
                    reader.remember(self.window.from).await?;
                    self.remembers = true;
                }
                let (page, next) = rows::page(reader, &self.window, after).await?;
                // A transaction may end behind the page that its rows belong to. So the window is covered no further
                // than to its first page, however long the others take.
                if after.is_none() {
                    self.read = reader.heard();
                }
                let found = rows::drafts(reader, &self.window, certainty, page).await?;
                if let Some(after) = next {
                    self.part = Part::Rows(Some(after));
                }
                Ok(found)
            }
            Part::Log => {
                self.part = self.log(reader, found).await?;
                Ok(Found::default())
            }
            Part::Delete(mut left, then) => {
                let now = left.split_off(left.len().saturating_sub(STEP));
                let found = deleted::drafts(reader, &self.window, certainty, &now).await?;
                self.part = match then {
                    _ if !left.is_empty() => Part::Delete(left, then),
                    Then::Compare => compare(reader),
                    Then::Done => Part::Done(Outcome::Whole),
                };
                Ok(found)
            }
            Part::Compare(mut comparison) => {
                let Some(links) = &reader.links else {
                    self.part = Part::Done(Outcome::Beyond);
                    return Ok(Found::default());
                };
                let goes_on = comparison.page(reader, links.as_ref(), self.window.from).await?;
                self.part = if goes_on { Part::Compare(comparison) } else { self.judge(reader, comparison) };
                Ok(Found::default())
            }
            Part::Done(outcome) => {
                self.part = Part::Done(outcome);
                Ok(Found::default())
            }
        }
    }

    async fn log(&mut self, reader: &Reader, found: &Found) -> Result<Part, SourceError> {
        // Asking for rows has brought an answer.
        let now = reader.heard().unwrap_or(self.window.from);
        let said = match deleted::log(reader, self.window.from, now).await? {
            Some(log) => {
                self.covered = Some(log.covered);
                self.since = log.since;
                let ids = found.ids();
                log.said.into_iter().filter(|(id, _)| !ids.contains(id)).collect()
            }
            // The recycle bin was read with the rows, and it keeps them for as long.
            None if reader.finds_deleted().await? => {
                self.since = now - deleted::KEPT;
                Vec::new()
            }
            None if self.compares && reader.links.is_some() => return Ok(compare(reader)),
            // The status says that nothing shows deletions, or that they are looked for from time to time.
            None => return Ok(Part::Done(Outcome::Whole)),
        };
        let then = if self.is_far() { Then::Compare } else { Then::Done };
        Ok(match then {
            Then::Done if said.is_empty() => Part::Done(Outcome::Whole),
            Then::Compare if said.is_empty() => compare(reader),
            then => Part::Delete(said, then),
        })
    }

    /// What a comparison of all that the target has says.
    fn judge(&mut self, reader: &Reader, comparison: Comparison) -> Part {
        let now = reader.heard().unwrap_or(self.window.from);
        self.compared = Some(now);
        if !self.confirmed && comparison.is_doubtful(self.max_missing) {
            let (missing, of) = (comparison.missing.len(), comparison.linked);
            return Part::Done(Outcome::Doubtful { missing, of });
        }
        let said: Vec<Said> = comparison.missing.into_iter().map(|id| (id, now)).collect();
        if said.is_empty() { Part::Done(Outcome::Whole) } else { Part::Delete(said, Then::Done) }
    }

    /// Where another run would have to go on; `None` when it is done.
    pub(super) fn cursor(&self) -> Option<RepairCursor> {
        let (after, part) = match &self.part {
            Part::Rows(after) => (*after, RepairPart::Rows),
            Part::Log | Part::Delete(_, Then::Compare) => (None, RepairPart::Deleted),
            // Deletions by comparison and those on record cannot be told apart here; the former need all again.
            Part::Delete(_, Then::Done) if self.is_far() => (None, RepairPart::Compare),
            Part::Delete(_, Then::Done) => (None, RepairPart::Deleted),
            Part::Compare(_) | Part::Done(Outcome::Doubtful { .. }) => (None, RepairPart::Compare),
            Part::Done(_) => return None,
        };
        let (after_stamp, after_id) = after.unzip();
        Some(RepairCursor { after_stamp, after_id, part })
    }

    /// Whether its window reaches further back than the org's record of deletions.
    fn is_far(&self) -> bool {
        self.window.from + ROUNDED < self.since
    }
}

impl Part {
    /// Where a run that was interrupted goes on.
    pub(super) fn of(cursor: &RepairCursor) -> Self {
        match cursor.part {
            RepairPart::Rows => Self::Rows(cursor.after_stamp.zip(cursor.after_id)),
            RepairPart::Deleted => Self::Log,
            RepairPart::Compare => Self::Compare(Comparison::default()),
        }
    }
}

/// What follows where the org's record of deletions does not reach far enough.
fn compare(reader: &Reader) -> Part {
    match reader.links {
        Some(_) => Part::Compare(Comparison::default()),
        None => Part::Done(Outcome::Beyond),
    }
}
