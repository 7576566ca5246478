//! Looks at a run: at its tasks, at both orgs, and now and then at every record of both.
//!
//! Each looks for itself, so that an org that does not answer, or a comparison that takes long, holds up nothing else.

use std::time::Duration;

use orgstream_salesforce::ApiError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::figures::{Count, Differences, Figures};
use super::session::{DevError, Look};
use crate::runtime::process::database_path;
use crate::store::LinkReader;
use crate::telemetry::LastWarning;
use crate::verify::{Difference, Report, verify};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// Between two comparisons; a comparison that takes long is made less often.
const COMPARE_EVERY: Duration = Duration::from_secs(3);

/// Longer than a change takes to org B.
const ON_ITS_WAY: Duration = Duration::from_millis(1_500);

impl Look {
    /// Records of each object in both orgs.
    pub(super) async fn counts(&self) -> Result<Vec<Count>, ApiError> {
        let mut counts = Vec::new();
        for object in &self.objects {
            let soql = format!("SELECT COUNT() FROM {object}");
            let (in_a, in_b) = (self.a.query(&soql).await?.total, self.b.query(&soql).await?.total);
            counts.push(Count { object: object.clone(), in_a, in_b });
        }
        Ok(counts)
    }

    /// Compares the orgs.
    pub(super) async fn compare(&self) -> Result<Report, DevError> {
        let links =
            LinkReader::open(&database_path(&self.state)).map_err(crate::verify::VerifyError::from)?;
        Ok(verify(&self.config, &self.addresses, links.as_ref()).await?)
    }

    /// Differences that two comparisons find, one after the other: what is merely on its way is not one.
    async fn lasting_differences(&self) -> Result<u64, DevError> {
        let first = self.compare().await?;
        if first.difference_count() == 0 {
            return Ok(0);
        }
        sleep(ON_ITS_WAY).await;
        let second = self.compare().await?;
        let before: Vec<_> = differences(&first).collect();
        let lasting = differences(&second).filter(|difference| before.contains(difference)).count();
        Ok(u64::try_from(lasting).unwrap_or(u64::MAX))
    }

    /// What is seen before anything is.
    pub(super) fn nothing_yet(&self) -> Figures {
        Figures {
            status: self.status.status(),
            counts: Vec::new(),
            counted: None,
            differences: None,
            snapshot_done: false,
            user: String::new(),
            trouble: String::new(),
            last_warning: None,
        }
    }

    /// Looks until dropped. What the user and the trouble do is written into `seen` by others.
    pub(super) async fn watch(&self, seen: &watch::Sender<Figures>, warning: &LastWarning) {
        tokio::join!(self.watch_tasks(seen, warning), self.watch_counts(seen), self.watch_differences(seen));
    }

    async fn watch_tasks(&self, seen: &watch::Sender<Figures>, warning: &LastWarning) {
        let mut snapshot = self.snapshot.clone();
        loop {
            let status = self.status.status();
            let as_many = seen.borrow().as_many();
            let snapshot_done = snapshot.is_through(&status, as_many);
            seen.send_modify(|figures| {
                figures.status = status;
                figures.last_warning = warning.read();
                figures.snapshot_done = snapshot_done;
            });
            sleep(EVERY).await;
        }
    }

    async fn watch_counts(&self, seen: &watch::Sender<Figures>) {
        loop {
            // An org that is down on purpose cannot be counted; the last numbers stay, and so does their time.
            if let Ok(counts) = self.counts().await {
                seen.send_modify(|figures| {
                    figures.counts = counts;
                    figures.counted = Some(Instant::now());
                });
            }
            sleep(EVERY).await;
        }
    }

    async fn watch_differences(&self, seen: &watch::Sender<Figures>) {
        while !seen.borrow().snapshot_done {
            sleep(EVERY).await;
        }
        loop {
            let began = Instant::now();
            if let Ok(count) = self.lasting_differences().await {
                let found = Differences { count, at: Instant::now() };
                seen.send_modify(|figures| figures.differences = Some(found));
            }
            sleep(COMPARE_EVERY + began.elapsed() * 10).await;
        }
    }
}

/// The differences that a report lists.
fn differences(report: &Report) -> impl Iterator<Item = &Difference> {
    report.pipelines.iter().flat_map(|pipeline| &pipeline.objects).flat_map(|object| &object.differences)
}
