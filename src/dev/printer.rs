//! Lines for stdout, written by a thread of their own.
//!
//! A pipe whose reader does not read holds up that thread and nothing else: who waits for a line can wait for a stop
//! as well. It is no blocking task of the runtime, whose end would wait for it.

use std::io::{self, Write as _};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// For how long the end of the program waits until a line is written.
const LAST: Duration = Duration::from_secs(1);

/// Writes lines to stdout.
#[derive(Debug)]
pub struct Printer {
    lines: mpsc::Sender<Line>,
}

#[derive(Debug)]
struct Line {
    text: String,
    written: oneshot::Sender<io::Result<()>>,
}

impl Printer {
    /// Starts the thread; it ends with this.
    pub fn start() -> io::Result<Self> {
        let (lines, wanted) = mpsc::channel();
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || write_all(&wanted))?;
        Ok(Self { lines })
    }

    /// Writes a line, and waits until it is written. Cancel-safe: a line that nobody waits for is written nevertheless.
    pub async fn line(&self, text: String) -> io::Result<()> {
        let (written, answer) = oneshot::channel();
        let sent = self.lines.send(Line { text, written });
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        answer.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// Writes a line if that is possible within a second: the end waits for no reader.
    pub async fn last(&self, text: String) {
        timeout(LAST, self.line(text)).await.ok();
    }
}

/// Whether nobody will ever read what is written: the reader of the pipe has gone, or the terminal was closed.
pub(super) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

fn write_all(lines: &mpsc::Receiver<Line>) {
    while let Ok(Line { text, written }) = lines.recv() {
        let mut out = io::stdout().lock();
        let result = writeln!(out, "{text}").and_then(|()| out.flush());
        // Who asked may have stopped waiting.
        written.send(result).ok();
    }
}
