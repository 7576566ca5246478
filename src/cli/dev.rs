//! `orgstream dev`: a live replication to look at, or one that runs to its end.

use super::args::Dev;
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::dev::live::{View, live};
use crate::dev::once::once;
use crate::dev::session::Options;
use crate::dev::{DevError, Figures, Place, Session};
use crate::runtime::RunError;
use crate::telemetry;

pub(super) async fn dev(arguments: Dev) -> Result<Exit, Failure> {
    let place = match &arguments.keep {
        Some(dir) => Place::kept(dir),
        None => Place::fresh(),
    };
    let place = place.map_err(Failure::failed)?;
    let options = Options { records: arguments.records, faults: arguments.faults };
    if arguments.once { to_the_end(place, &options).await } else { watched(place, &options).await }
}

async fn to_the_end(place: Place, options: &Options) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let session = Session::open(place, options).await.map_err(failure)?;
    let say = |line: String| {
        if let Err(failure) = output::line(&line) {
            output::error(&failure.error);
        }
    };
    match once(session, stop, say).await.map_err(failure)? {
        Some(report) => {
            output::line(&report.to_string())?;
            Ok(if report.difference_count() == 0 { Exit::Done } else { Exit::Failed })
        }
        None => Err(Failure::failed(anyhow::anyhow!("stopped before the orgs were the same"))),
    }
}

async fn watched(place: Place, options: &Options) -> Result<Exit, Failure> {
    let warning = telemetry::start_in_file(&place.log()).map_err(Failure::usage)?;
    let stop = signals::stop_on_signals()?;
    let kept = place.is_kept().then(|| place.dir().to_owned());
    let session = Session::open(place, options).await.map_err(failure)?;
    let seen = live(session, View::of_stdout(), warning, stop).await.map_err(failure)?;
    output::line(&summary(&seen))?;
    if let Some(dir) = kept {
        output::line(&format!("Go on with: orgstream dev --keep {}", dir.display()))?;
    }
    Ok(Exit::Done)
}

fn summary(seen: &Figures) -> String {
    let (in_a, in_b) = seen.totals();
    let differences = match seen.differences {
        Some(found) => format!("{} difference(s) at the last comparison", found.count),
        None => "not compared".to_owned(),
    };
    format!(
        "Stopped in order: {in_a} records in org a, {in_b} in org b, {differences}, {} rejected.",
        seen.rejected()
    )
}

fn failure(error: DevError) -> Failure {
    match error {
        DevError::File(faults) => faults.into(),
        error @ (DevError::Unfit { .. } | DevError::Run(RunError::Config(_))) => Failure::config(error),
        error => Failure::failed(error),
    }
}
