//! The terminal of the live view: taken over, redrawn, given back as it was, also after a panic.

use std::io::{self, Stdout};
use std::path::Path;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use futures_util::StreamExt as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::watch;

use super::figures::Figures;
use super::panics::Diverted;
use super::printer::is_gone;
use super::screen::{Screen, draw};
use super::session::DevError;

/// Between two drawings when nothing else asks for one; the times on the screen move on.
const EVERY: Duration = Duration::from_millis(250);

/// Draws until `q` or Ctrl-C, which is a key while the terminal is taken over, or until there is no terminal any more.
pub(super) async fn show(
    figures: watch::Receiver<Figures>,
    log: &Path,
    lines: &[String],
) -> Result<(), DevError> {
    match draw_again_and_again(figures, log, lines).await {
        Err(source) if !is_gone(&source) => Err(DevError::Io { what: "the terminal cannot be used", source }),
        _ => Ok(()),
    }
}

async fn draw_again_and_again(
    figures: watch::Receiver<Figures>,
    log: &Path,
    lines: &[String],
) -> io::Result<()> {
    // The terminal is given back first, so that a panic is told on it.
    let _diverted = Diverted::now();
    let _restore = Restore;
    let mut terminal = take()?;
    let mut events = EventStream::new();
    loop {
        let screen = Screen { figures: &figures.borrow().clone(), log, lines };
        terminal.draw(|frame| draw(frame, &screen))?;
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if leaves(key) => return Ok(()),
                // Another size is drawn at once, as is anything else that happens.
                Some(Ok(_)) => {}
                Some(Err(source)) => return Err(source),
                None => return Ok(()),
            },
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Takes the terminal over. The library's own way gives it back at any panic of any thread, also at one that the view
/// survives.
fn take() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

fn leaves(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// Gives the terminal back when dropped, however much of it was taken.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        // A terminal that was closed cannot be given back.
        ratatui::try_restore().ok();
    }
}
