//! How far a snapshot is: a bar on a terminal, a line in the log now and then elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;

use super::output;
use crate::control::SnapshotStatus;

/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Characters of the bar.
const WIDTH: u64 = 30;

/// Takes the line back to its beginning and empties it.
const EMPTY: &str = "\r\x1b[K";

/// What is shown on standard error.
pub(super) struct Progress {
    is_terminal: bool,
    written: Option<Instant>,
    /// What was said last of what is wrong.
    said: Option<String>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), written: None, said: None }
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, snapshot: &SnapshotStatus) {
        if self.is_terminal {
            draw(&bar(snapshot));
        } else if self.is_due() {
            tracing::info!("{}", figures(snapshot));
        }
    }

    /// It has not begun.
    pub(super) fn wait(&mut self, object: &str) {
        if self.is_terminal {
            draw(&format!("{object}: waits for its turn"));
        } else if self.is_due() {
            tracing::info!("{object}: waits for its turn");
        }
    }

    /// Says what keeps it waiting, whenever that is something else.
    pub(super) fn says(&mut self, reason: Option<&str>) {
        if self.said.as_deref() == reason {
            return;
        }
        self.said = reason.map(str::to_owned);
        if let Some(reason) = reason {
            self.clear();
            output::note(reason);
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&mut self) {
        if self.is_terminal {
            draw("");
        }
    }

    fn is_due(&mut self) -> bool {
        let due = self.written.is_none_or(|written| written.elapsed() >= LINE);
        if due {
            self.written = Some(Instant::now());
        }
        due
    }
}

fn draw(line: &str) {
    let mut terminal = io::stderr().lock();
    // Nobody is helped by an error about a bar.
    write!(terminal, "{EMPTY}{line}").and_then(|()| terminal.flush()).ok();
}

fn bar(snapshot: &SnapshotStatus) -> String {
    let Some(total) = snapshot.total.filter(|total| *total > 0) else { return figures(snapshot) };
    let filled = (snapshot.rows.min(total) * WIDTH / total).min(WIDTH);
    let mut bar = String::from("[");
    bar.extend((0..WIDTH).map(|place| if place < filled { '#' } else { '.' }));
    format!("{bar}] {}", figures(snapshot))
}

fn figures(snapshot: &SnapshotStatus) -> String {
    let SnapshotStatus { object, rows, total, rate, seconds_left, calls, .. } = snapshot;
    let mut text = format!("{object}: {rows}");
    if let Some(total) = total {
        write!(text, " of {total} rows, {} left", total.saturating_sub(*rows))
            .expect("a string takes any text");
    } else {
        text.push_str(" rows");
    }
    write!(text, ", {rate:.0}/s, {calls} API calls").expect("a string takes any text");
    if let Some(seconds) = seconds_left {
        write!(text, ", {seconds} s to go").expect("a string takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(rows: u64, total: Option<u64>) -> SnapshotStatus {
        let (object, rate) = ("Lead".to_owned(), 15_000.4);
        SnapshotStatus { object, rows, total, rate, seconds_left: total.map(|_| 4), calls: 12, returned: 0 }
    }

    #[test]
    fn a_bar_fills_up_and_never_over() {
        let shown = bar(&snapshot(60_000, Some(120_000)));
        assert_eq!(
            shown,
            "[###############...............] Lead: 60000 of 120000 rows, 60000 left, 15000/s, 12 API calls, 4 s to go"
        );
        assert!(bar(&snapshot(130_000, Some(120_000))).starts_with(&format!("[{}]", "#".repeat(30))));
    }

    #[test]
    fn where_the_org_cannot_count_there_is_no_bar() {
        assert_eq!(bar(&snapshot(7, None)), "Lead: 7 rows, 15000/s, 12 API calls");
        assert_eq!(bar(&snapshot(0, Some(0))), "Lead: 0 of 0 rows, 0 left, 15000/s, 12 API calls, 4 s to go");
    }
}
