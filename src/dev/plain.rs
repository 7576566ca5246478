//! A line whenever something has changed, at most one a second: for pipes, files and terminals that cannot be drawn on.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;
use super::place::Place;
use super::session::DevError;

const EVERY: Duration = Duration::from_secs(1);

/// Prints until `stop`.
pub(super) async fn show(
    figures: watch::Receiver<Figures>,
    place: &Place,
    lines: &[String],
    stop: &CancellationToken,
) -> Result<(), DevError> {
    print(&format!("The log is {}. Change a record yourself, in another terminal:", place.log().display()))?;
    for line in lines {
        print(&format!("  {line}"))?;
    }
    let mut last = String::new();
    while !stop.is_cancelled() {
        let line = line(&figures.borrow());
        if line != last {
            print(&line)?;
            last = line;
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}

/// Everything on one line.
fn line(figures: &Figures) -> String {
    let (in_a, in_b) = figures.totals();
    let (rate_in, rate_out) = figures.rates();
    let counts: Vec<_> = figures
        .counts
        .iter()
        .map(|count| format!("{} {}/{}", count.object, count.in_a, count.in_b))
        .collect();
    let states: Vec<_> =
        figures.tasks().map(|task| format!("{} {}", task.kind.as_str(), task.state.as_str())).collect();
    let mut parts = vec![
        states.join(", "),
        if figures.snapshot_done { "in b".to_owned() } else { "snapshot".to_owned() }
            + &format!(" {in_b} of {in_a}"),
        counts.join(" "),
        format!("in {rate_in:.0}/s out {rate_out:.0}/s"),
        format!("lag {} owed {} rejected {}", figures.lag(), figures.owed(), figures.rejected()),
    ];
    parts.extend(figures.differences.map(|found| format!("differences {}", found.count)));
    for (name, text) in [("user", figures.user.as_str()), ("trouble", &figures.trouble)] {
        if !text.is_empty() {
            parts.push(format!("{name}: {text}"));
        }
    }
    parts.extend(figures.last_error().map(|error| format!("last error: {error}")));
    parts.retain(|part| !part.is_empty());
    parts.join(" | ")
}

fn print(line: &str) -> Result<(), DevError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(DevError::Io { what: "stdout cannot be written", source })
        }
        _ => Ok(()),
    }
}
