//! The part of a source that brings its snapshots on: whose rows are next, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Progress, SourceBatch};
use tokio::time::Instant;

use super::{Page, Place, Snapshot};
use crate::batch::Parts;
use crate::config::OnGap;
use crate::counters::Count;
use crate::described::Carried;
use crate::produce::Draft;
use crate::record::Origin;
use crate::returned::{Return, tell_kinds};
use crate::work::{Read, Unread, Work};

/// How often the log tells how far a snapshot is.
const TELL: Duration = Duration::from_secs(10);

impl Parts {
    /// The object of whose snapshot rows wait. One snapshot is read at a time; this begins it where it has to be.
    pub(crate) fn ready_page(&mut self) -> Option<usize> {
        let now = self.now();
        let index = self.subjects.next_page()?;
        let object = &mut self.subjects.objects[index];
        let target = Arc::clone(&object.target);
        let snapshot = object.snapshot.as_mut()?;
        snapshot.read(&self.ground, &self.rows, &target.name, now);
        snapshot.is_ready().then_some(index)
    }

    /// Finds out which of the rows that wait are news.
    pub(crate) fn begin_page(&mut self, object: usize) -> Work {
        let Self { subjects, ground, rows, .. } = self;
        let target = Arc::clone(&subjects.objects[object].target);
        let snapshot = subjects.objects[object].snapshot.as_mut();
        let is_ordered = snapshot.as_ref().is_some_and(|snapshot| snapshot.order.is_some());
        let returned = snapshot.as_ref().and_then(|snapshot| snapshot.returned());
        let taken = snapshot.map(|snapshot| (snapshot.take(), snapshot.sieve(ground)));
        let rows = rows.clone();
        let reader = self.reader(object);
        Work::begin(async move {
            let (part, (notes, calls)) = taken.expect("only an object with a snapshot has rows that wait");
            let mut page = match part {
                Ok(part) => part.sift(&rows, &target.name, &notes, &calls).await,
                Err(error) => Err(error),
            };
            if let (Some(why), Ok(read)) = (returned, &mut page) {
                page = tell_kinds(&reader, why, read).await.and(page);
            }
            match page {
                Ok(page) => Ok(Read::Page { object, page }),
                // A condition may name a field that is gone by now. That must not take the object with it.
                Err(error) if is_ordered && error.is_of_one_object() => {
                    Ok(Read::Page { object, page: Page::failed(error.to_string()) })
                }
                Err(error) => Err(Unread { object, error }),
            }
        })
    }

    /// The records of a page; with the last one the snapshot is done, and the gap that it repairs is closed.
    pub(crate) fn finish_page(&mut self, index: usize, page: Page) -> SourceBatch {
        let now = self.now();
        let object = &mut self.subjects.objects[index];
        let mut positions = Vec::new();
        if let Some(snapshot) = &mut object.snapshot {
            snapshot.passed(&page, now);
            positions.push(snapshot.stored(&object.target.name));
        }
        if let Place::End | Place::Failed { .. } = &page.place {
            let done = object.finishes(now);
            // D9: in the transaction of the last rows that repair it.
            let own = done.as_ref().filter(|done| done.order.is_none());
            if let Some((started, since)) = own.and_then(Snapshot::span) {
                positions.extend(object.gaps.close_within(since, started, now));
            }
            if own.is_some() {
                positions.extend(object.next_snapshot(self.subjects.on_gap == OnGap::Repair));
            }
            if let Some(mut done) = done {
                self.spent_jobs.extend(done.take_spent_jobs());
                let progress = done.progress(&object.target.name);
                tell_end(&self.config.pipeline, &progress, done.returned(), &page.place);
            }
        }
        let Page { reads, superseded, .. } = page;
        self.counters.count(Count::SnapshotRow, reads.len());
        self.counters.count(Count::Superseded, superseded);
        let mut batch = SourceBatch::of_positions(positions);
        for draft in Page::drafts(reads, index) {
            self.produce(draft, &mut batch);
        }
        batch.positions.extend(self.positions().positions);
        self.tell_progress(index);
        batch
    }

    /// A record is produced: rows of a snapshot that were read before must not follow it.
    pub(crate) fn note_for_snapshot(&mut self, draft: &Draft) {
        if matches!(draft.origin, Origin::Snapshot) {
            return;
        }
        if let Some(snapshot) = &mut self.subjects.objects[draft.object].snapshot {
            let whole = draft.image.carried == Carried::All;
            snapshot.note(&self.ground, draft.image.id, draft.standing.sight(whole));
        }
    }

    /// Ends the jobs that nothing is read from any more. One that stays is deleted by the org after some days.
    pub(crate) fn give_up(&self, jobs: Vec<String>) {
        for job in jobs {
            let org = self.rows.patience().org().clone();
            tokio::spawn(async move {
                // One that has not ended has to be stopped first.
                let ended = match org.delete_query_job(&job).await {
                    Err(_) if org.abort_query_job(&job).await.is_ok() => org.delete_query_job(&job).await,
                    deleted => deleted,
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "a Bulk job stays until the org deletes it");
                }
            });
        }
    }

    /// Logs how far a snapshot is, now and then.
    fn tell_progress(&mut self, object: usize) {
        let object = &self.subjects.objects[object];
        let Some(progress) = object.progress() else { return };
        let begun = *self.told.get_or_insert_with(Instant::now);
        if begun.elapsed() < TELL {
            return;
        }
        self.told = Some(Instant::now());
        let left = progress.total.map(|total| total.saturating_sub(progress.rows));
        tracing::info!(
            pipeline = %self.config.pipeline, object = %progress.object, rows = progress.rows, left,
            rate = progress.rate.round(), calls = progress.calls, "a snapshot is under way"
        );
    }
}

/// Logs that a snapshot is at its end.
fn tell_end(pipeline: &str, progress: &Progress, returned: Option<Return>, place: &Place) {
    let Progress { object, rows, calls, .. } = progress;
    match (place, returned) {
        (Place::Failed { reason }, None) => {
            tracing::warn!(%pipeline, %object, rows, calls, %reason, "the ordered snapshot is given up");
        }
        (Place::Failed { reason }, Some(Return { records, .. })) => tracing::warn!(
            %pipeline, %object, records, %reason,
            "what points at records that came back from the recycle bin cannot be read; a target may lack these references"
        ),
        (_, None) => tracing::info!(%pipeline, %object, rows, calls, "the snapshot is done"),
        (_, Some(Return { records, .. })) => tracing::debug!(
            %pipeline, %object, rows, calls, records, "what points at records that came back is read"
        ),
    }
}
