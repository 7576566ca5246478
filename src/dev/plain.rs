//! A line whenever something has changed, at most one a second: for pipes, files and terminals that cannot be drawn on.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::figures::{Figures, age};
use super::printer::{Printer, is_gone};
use super::session::DevError;

const EVERY: Duration = Duration::from_secs(1);

/// Prints until nobody reads any more.
pub(super) async fn show(
    figures: watch::Receiver<Figures>,
    log: &Path,
    lines: &[String],
    printer: &Printer,
) -> Result<(), DevError> {
    match print_again_and_again(figures, log, lines, printer).await {
        Err(source) if !is_gone(&source) => Err(DevError::Io { what: "stdout cannot be written", source }),
        _ => Ok(()),
    }
}

async fn print_again_and_again(
    figures: watch::Receiver<Figures>,
    log: &Path,
    lines: &[String],
    printer: &Printer,
) -> io::Result<()> {
    printer.line(format!("The log is {}.", log.display())).await?;
    if !lines.is_empty() {
        printer.line("Change a record yourself, in another terminal:".to_owned()).await?;
    }
    for line in lines {
        printer.line(format!("  {line}")).await?;
    }
    let mut last = String::new();
    loop {
        let line = line(&figures.borrow());
        if line != last {
            printer.line(line.clone()).await?;
            last = line;
        }
        sleep(EVERY).await;
    }
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
            + &format!(" {in_b} of {in_a}{}", age(figures.counted_ago())),
        counts.join(" "),
        format!("in {rate_in:.0}/s out {rate_out:.0}/s"),
        format!(
            "lag {}{} owed {} rejected {}",
            figures.lag(),
            age(figures.lag_ago()),
            figures.owed(),
            figures.rejected()
        ),
    ];
    parts.extend(
        figures
            .differences
            .map(|found| format!("differences {}{}", found.count, age(figures.compared_ago()))),
    );
    for (name, text) in [("user", figures.user.as_str()), ("trouble", &figures.trouble)] {
        if !text.is_empty() {
            parts.push(format!("{name}: {text}"));
        }
    }
    parts.extend(figures.last_error().map(|error| format!("last error: {error}")));
    parts.retain(|part| !part.is_empty());
    parts.join(" | ")
}
