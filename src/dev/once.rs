//! `dev --once`: snapshot, change, delete, undelete, wait until org B shows it, compare, out.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::session::{DevError, Look, Session, Started, ended};
use super::snapshot::{Snapshot, is_at_rest};
use super::trouble::Trouble;
use super::user::User;
use crate::verify::Report;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// When nothing has moved for so long, nothing will.
const STANDSTILL: Duration = Duration::from_mins(1);

/// The same where the orgs cannot become the same: a record was rejected, or the snapshot has left differences.
const IN_VAIN: Duration = Duration::from_secs(10);

/// How many changes meet a trouble, one every [`EVERY`].
const MEETINGS: usize = 12;

/// Runs to the end. `say` is given a line whenever something is done. The comparison at the end decides whether all
/// is well; it was made when nothing moved any more.
pub async fn once(
    session: Session,
    stop: CancellationToken,
    mut say: impl FnMut(String),
) -> Result<Option<Report>, DevError> {
    let began = Instant::now();
    let stop_run = stop.child_token();
    let Started { mut running, look, mut user, mut trouble } = session.start(stop_run.clone());
    let work = async {
        let counts = look.counts().await?;
        say(format!("{} records in org a", counts.iter().map(|count| count.in_a).sum::<u64>()));
        if let Some(trouble) = &mut trouble {
            make(trouble).await;
        }
        let mut snapshot = look.snapshot.clone();
        let left = in_step(&look, &mut snapshot, true).await?.difference_count();
        let but = if left == 0 { String::new() } else { format!(", but for {left} difference(s)") };
        say(format!("snapshot in org b after {:.1} s{but}", began.elapsed().as_secs_f64()));
        let done = user.much().await?;
        say(format!(
            "in org a: {} created, {} updated, {} deleted, {} undeleted",
            done.created, done.updated, done.deleted, done.undeleted
        ));
        if let Some(trouble) = &mut trouble {
            for _ in 0..Trouble::KINDS {
                make(trouble).await;
                meet(&mut user).await;
            }
            say(format!("{} kinds of trouble were made", Trouble::KINDS));
        }
        let report = in_step(&look, &mut snapshot, left > 0).await?;
        say(format!("nothing moves any more after {:.1} s", began.elapsed().as_secs_f64()));
        Ok::<_, DevError>(report)
    };
    let report = tokio::select! {
        report = work => report.map(Some),
        joined = &mut running => return ended(joined).map(|_| None),
        () = stop.cancelled() => Ok(None),
    };
    stop_run.cancel();
    let run = ended(running.await);
    let report = report?;
    run.map(|_| report)
}

async fn make(trouble: &mut Trouble) {
    match trouble.make().await {
        Ok(what) => tracing::info!("On purpose: {what}."),
        Err(error) => tracing::warn!(%error, "No trouble could be made."),
    }
}

/// Changes that come while the trouble lasts.
async fn meet(user: &mut User) {
    for _ in 0..MEETINGS {
        // The user has the trouble, too; what was not done is not waited for.
        if let Err(error) = user.step().await {
            tracing::debug!(%error, "The user could not do one thing.");
        }
        sleep(EVERY).await;
    }
}

/// Waits until the orgs are the same, or until nothing has moved for long. `differ`: what differs now may stay so.
async fn in_step(look: &Look, snapshot: &mut Snapshot, differ: bool) -> Result<Report, DevError> {
    let mut last = None;
    let mut moved = Instant::now();
    loop {
        let status = look.status.status();
        let tasks = || status.pipelines.iter().flat_map(|pipeline| &pipeline.tasks);
        let lag: i64 = tasks().flat_map(|task| &task.lag).map(crate::control::PartitionLag::lag).sum();
        let owed: u64 = tasks().map(|task| task.owed + task.parked).sum();
        let rejected: u64 = tasks().map(|task| task.rejected).sum();
        let counters: u64 = tasks().flat_map(|task| task.counters.values()).sum();
        let counts = look.counts().await.ok();
        let here = Some((lag, owed, counters, counts.clone()));
        if here != last {
            (last, moved) = (here, Instant::now());
        }
        let as_many = counts.is_some_and(|all| all.iter().all(|one| one.in_a == one.in_b));
        let in_vain =
            snapshot.is_through(&status, as_many) && is_at_rest(&status) && (differ || rejected > 0);
        let still = moved.elapsed() > if in_vain { IN_VAIN } else { STANDSTILL };
        let same = lag == 0 && owed == 0 && as_many;
        if same || still {
            match look.compare().await {
                Ok(report) if still || report.difference_count() == 0 => return Ok(report),
                Err(error) if still => return Err(error),
                _ => {}
            }
        }
        sleep(EVERY).await;
    }
}
