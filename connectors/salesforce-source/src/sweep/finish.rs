//! What a sweep read, as batches: records with the cursor behind them, and at the end what is covered.
//!
//! The sweep's position moves, and a gap is closed, only in the batch of the last records that this rests on (D8, D9).

use std::sync::Arc;

use orgstream_api::SourceBatch;

use crate::batch::Parts;
use crate::counters::Count;
use crate::gap::Missing;
use crate::moment::Moment;
use crate::position::{Cause, GapState};
use crate::recent::Known;
use crate::sweep::rows::Found;
use crate::sweep::run::{Outcome, Part, Run};

impl Parts {
    /// The records of one step of a sweep; `None` when it makes no batch.
    pub(crate) fn finish_sweep(&mut self, index: usize, mut run: Run, found: Found) -> Option<SourceBatch> {
        let now = self.now();
        for (id, standing) in found.passed {
            self.recent.note((index, id), Known { standing, whole: true });
        }
        let produced = u64::try_from(found.drafts.len()).unwrap_or(u64::MAX);
        run.rows += produced;
        self.counters.count(Count::Swept, found.drafts.len());
        let mut batch = SourceBatch::default();
        for draft in found.drafts {
            self.produce(draft, &mut batch);
        }
        match run.part {
            Part::Done(outcome) => self.finish_run(index, &run, outcome, produced, now, &mut batch),
            _ => {
                if produced > 0 {
                    let gaps = &mut self.subjects.objects[index].gaps;
                    for number in &run.gaps {
                        let cursor = run.cursor();
                        batch.positions.extend(gaps.change(*number, |gap| {
                            gap.state = GapState::Repairing;
                            gap.rows += produced;
                            gap.cursor = cursor;
                        }));
                    }
                }
                self.subjects.objects[index].sweeps.goes_on(run);
            }
        }
        if batch.records.is_empty() && batch.positions.is_empty() {
            return None;
        }
        batch.positions.extend(self.positions().positions);
        Some(batch)
    }

    /// A sweep is at its end.
    fn finish_run(
        &mut self,
        index: usize,
        run: &Run,
        outcome: Outcome,
        produced: u64,
        now: Moment,
        batch: &mut SourceBatch,
    ) {
        let (pipeline, has_target) = (self.config.pipeline.clone(), self.links.is_some());
        let object = &mut self.subjects.objects[index];
        let target = Arc::clone(&object.target);
        let before = object.sweeps.position.map_or(run.window.from, |position| position.through);
        // A run that went on at a later part has not read the rows itself.
        let through = run.read.map_or(before, |read| run.window.through(before, read, run.covered));
        object.sweeps.done(through, run.read, run.compared);
        batch.positions.extend(object.sweeps.position.map(|position| object.stored_sweep(position)));

        let reason = reason(&pipeline, &target.name, run, outcome, has_target);
        let mut numbers = run.gaps.clone();
        let is_whole = outcome == Outcome::Whole;
        // Where nothing else brings changes, what a sweep brings was not missing.
        let was_missing = run.rows > 0 && !object.is_polled();
        if numbers.is_empty() && (was_missing || !is_whole) {
            let missing = Missing { from: run.window.from, to: through, cause: Cause::NoEvent };
            object.gaps.add(&target.name, None, &missing, GapState::Open, now);
            numbers.extend(object.gaps.newest());
        }
        for number in numbers {
            let rows = if run.gaps.is_empty() { run.rows } else { produced };
            let cursor = run.cursor();
            batch.positions.extend(object.gaps.change(number, |gap| {
                gap.rows += rows;
                match outcome {
                    Outcome::Whole => gap.close(now),
                    Outcome::Beyond => {
                        gap.state = GapState::Beyond;
                        gap.cursor = None;
                        gap.reason.clone_from(&reason);
                    }
                    Outcome::Doubtful { .. } => {
                        gap.state = GapState::Repairing;
                        gap.cursor = cursor;
                        gap.reason = reason.clone().map(|reason| format!("{reason} --confirm {number}`"));
                    }
                }
            }));
        }
        if was_missing {
            tracing::info!(%pipeline, object = %target.name, rows = run.rows, from = %run.window.from,
                "read what the stream had not brought");
        }
        self.condition.notes(&target.name, "gaps", object.gaps.concern().as_deref());
    }
}

/// Why a gap cannot be closed, where, and what to do.
fn reason(pipeline: &str, object: &str, run: &Run, outcome: Outcome, has_target: bool) -> Option<String> {
    match outcome {
        Outcome::Whole => None,
        Outcome::Beyond => {
            let (from, since) = (run.window.from, run.since);
            let why = if has_target { "nothing is linked yet" } else { "the pipeline has no target" };
            Some(format!(
                "{object}: what was deleted from {from} to {since} is unknown: an org keeps deletions for 15 days, and \
                 {why} to compare with"
            ))
        }
        Outcome::Doubtful { missing, of } => Some(format!(
            "{object}: {missing} of {of} records that the target has are missing in the org, and nothing says that \
             they were deleted; the user may have lost sight of them. Restore what the user may see, or have them \
             deleted by `orgstream gaps FILE --object {object} --pipeline {pipeline}"
        )),
    }
}
