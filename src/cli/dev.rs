//! `orgstream dev`: a live replication to look at, or one that runs to its end.

use std::sync::Arc;

use super::args::Dev;
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::dev::live::{View, live};
use crate::dev::once::once;
use crate::dev::session::Options;
use crate::dev::{DevError, Figures, Place, Printer, Session};
use crate::runtime::RunError;
use crate::telemetry::{self, LastWarning};

pub(super) async fn dev(arguments: Dev) -> Result<Exit, Failure> {
    let place = match &arguments.keep {
        Some(dir) => Place::kept(dir),
        None => Place::fresh(),
    };
    let place = place.map_err(Failure::failed)?;
    let options = Options { records: arguments.records, faults: arguments.faults };
    if arguments.once { to_the_end(&place, &options).await } else { Box::pin(watched(place, &options)).await }
}

async fn to_the_end(place: &Place, options: &Options) -> Result<Exit, Failure> {
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

async fn watched(mut place: Place, options: &Options) -> Result<Exit, Failure> {
    let warning = telemetry::start_in_file(&place.log()).map_err(Failure::usage)?;
    let ended = Box::pin(look_on(&place, options, warning)).await;
    if ended.is_err() {
        // What led to the error stands nowhere else.
        place.keep();
        output::error(&anyhow::anyhow!("The log is kept: {}", place.log().display()));
    }
    ended
}

async fn look_on(place: &Place, options: &Options, warning: Arc<LastWarning>) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let printer = Printer::start().map_err(Failure::failed)?;
    let session = Session::open(place, options).await.map_err(failure)?;
    let (log, view) = (place.log(), View::of_stdout());
    let live = Box::pin(live(session, &log, (view, &printer), warning, stop));
    let seen = live.await.map_err(failure)?;
    printer.last(summary(&seen)).await;
    if place.is_kept() {
        printer.last(format!("Go on with: orgstream dev --keep {}", place.dir().display())).await;
    }
    Ok(Exit::Done)
}

fn summary(seen: &Figures) -> String {
    let (in_a, in_b) = seen.totals();
    let counts = match seen.counted_ago() {
        Some(counted) => format!("{} s ago {in_a} records were in org a, {in_b} in org b", counted.as_secs()),
        None => "the records were not counted".to_owned(),
    };
    let differences = match (seen.differences, seen.compared_ago()) {
        (Some(found), Some(ago)) => {
            format!("{} s ago {} difference(s) were left", ago.as_secs(), found.count)
        }
        _ => "the orgs were not compared".to_owned(),
    };
    format!("Stopped in order: {counts}; {differences}; {} rejected.", seen.rejected())
}

fn failure(error: DevError) -> Failure {
    match error {
        DevError::File(faults) => faults.into(),
        error @ (DevError::Unfit { .. } | DevError::Run(RunError::Config(_))) => Failure::config(error),
        error => Failure::failed(error),
    }
}
