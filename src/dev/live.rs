//! `dev` until it is stopped: a user at work, trouble if wanted, and somebody who looks.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;
use super::printer::Printer;
use super::session::{DevError, Session, Started, ended};
use super::trouble::{PAUSE, Trouble};
use super::user::User;
use super::{plain, terminal};
use crate::telemetry::LastWarning;

/// Between two pieces of the user's work.
const WORK: Duration = Duration::from_millis(700);

/// Before work that failed is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Redrawn in place.
    Terminal,
    /// A line now and then, for pipes and files.
    Plain,
}

impl View {
    /// What stdout is.
    pub fn of_stdout() -> Self {
        if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
            Self::Terminal
        } else {
            Self::Plain
        }
    }
}

/// Runs until `stop`, or until the viewer leaves, which cancels `stop`. Answers with what was seen last.
pub async fn live(
    session: Session,
    log: &Path,
    (view, printer): (View, &Printer),
    warning: Arc<LastWarning>,
    stop: CancellationToken,
) -> Result<Figures, DevError> {
    let stop_run = stop.child_token();
    let account = session.user.an_account();
    let lines = account.map(|id| session.join.lines(&id)).unwrap_or_default();
    let Started { mut running, look, user, trouble } = session.start(stop_run.clone());
    let (seen, figures) = watch::channel(look.nothing_yet());
    let shown = async {
        match view {
            View::Terminal => terminal::show(figures.clone(), log, &lines).await,
            View::Plain => plain::show(figures.clone(), log, &lines, printer).await,
        }
    };
    let left = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        left = shown => left,
        () = look.watch(&seen, &warning) => Ok(()),
        () = work(user, &seen) => Ok(()),
        () = troubled(trouble, &seen) => Ok(()),
        joined = &mut running => return ended(joined).map(|_| seen.borrow().clone()),
    };
    // Whoever left the view wants what a first signal wants, and a signal from now on is the second.
    stop.cancel();
    printer.last("Stopping in order; Ctrl-C ends it at once.".to_owned()).await;
    ended(running.await)?;
    left?;
    // The orgs have ended with the run; what the tasks did up to the end is still told.
    seen.send_modify(|figures| figures.status = look.status.status());
    Ok(seen.borrow().clone())
}

/// The user works from the end of the snapshot on.
async fn work(mut user: User, seen: &watch::Sender<Figures>) {
    while !seen.borrow().snapshot_done {
        sleep(WORK).await;
    }
    loop {
        let pause = match user.step().await {
            Ok(done) => {
                seen.send_modify(|figures| figures.user = done);
                WORK
            }
            Err(error) => {
                // With trouble in the orgs the user has it too; what was not done is not waited for.
                seen.send_modify(|figures| figures.user = error.to_string());
                AGAIN
            }
        };
        sleep(pause).await;
    }
}

async fn troubled(trouble: Option<Trouble>, seen: &watch::Sender<Figures>) {
    let Some(mut trouble) = trouble else { return std::future::pending().await };
    loop {
        sleep(PAUSE).await;
        let what = match trouble.make().await {
            Ok(what) => what.to_owned(),
            Err(error) => format!("none could be made: {error}"),
        };
        seen.send_modify(|figures| figures.trouble = what);
    }
}
