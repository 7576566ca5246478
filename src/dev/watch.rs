//! Looks at a run: counts both orgs, compares them now and then.

use std::time::Duration;

use orgstream_salesforce::ApiError;
use tokio::sync::watch;
use tokio::time::Instant;

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
        tokio::time::sleep(ON_ITS_WAY).await;
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
            differences: None,
            snapshot_done: false,
            user: String::new(),
            trouble: String::new(),
            last_warning: None,
        }
    }

    /// Looks until dropped. What the user and the trouble do is written into `seen` by others.
    pub(super) async fn watch(&self, seen: &watch::Sender<Figures>, warning: &LastWarning) {
        let mut next_comparison = Instant::now();
        loop {
            // An org that is down on purpose cannot be counted; the last numbers stay.
            let counts = self.counts().await.ok();
            let status = self.status.status();
            seen.send_modify(|figures| {
                figures.status = status;
                figures.last_warning = warning.read();
                if let Some(counts) = counts {
                    figures.counts = counts;
                    let (in_a, in_b) = figures.totals();
                    figures.snapshot_done |= in_b >= in_a;
                }
            });
            if next_comparison <= Instant::now() && seen.borrow().snapshot_done {
                let began = Instant::now();
                if let Ok(count) = self.lasting_differences().await {
                    let found = Differences { count, at: Instant::now() };
                    seen.send_modify(|figures| figures.differences = Some(found));
                }
                next_comparison = Instant::now() + COMPARE_EVERY + began.elapsed() * 10;
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// The differences that a report lists.
fn differences(report: &Report) -> impl Iterator<Item = &Difference> {
    report.pipelines.iter().flat_map(|pipeline| &pipeline.objects).flat_map(|object| &object.differences)
}
