//! The terminal of the live view: taken over, redrawn, given back as it was, also after a panic.

use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers};
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;
use super::place::Place;
use super::screen::{Screen, draw};
use super::session::DevError;

/// Between two drawings when nothing else asks for one; the times on the screen move on.
const EVERY: Duration = Duration::from_millis(250);

/// Draws until `stop`, or until `q` or Ctrl-C, which is a key while the terminal is taken over.
pub(super) async fn show(
    figures: watch::Receiver<Figures>,
    place: &Place,
    lines: &[String],
    stop: &CancellationToken,
) -> Result<(), DevError> {
    let failed = |source| DevError::Io { what: "the terminal cannot be used", source };
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let _restore = Restore;
    let mut events = EventStream::new();
    loop {
        let screen = Screen { figures: &figures.borrow().clone(), log: &place.log(), lines };
        terminal.draw(|frame| draw(frame, &screen)).map_err(failed)?;
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if leaves(key) => return Ok(()),
                // Another size is drawn at once, as is anything else that happens.
                Some(Ok(_)) => {}
                Some(Err(source)) => return Err(failed(source)),
                None => return Ok(()),
            },
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

fn leaves(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// Gives the terminal back when dropped.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
