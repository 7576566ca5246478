//! The program on a terminal of its own, with somebody at the keys.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};

use super::eventually;

/// A terminal with the program on it, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct OnTerminal {
    child: Child,
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl OnTerminal {
    /// Starts `orgstream` with these arguments in `dir`.
    pub(crate) fn start(dir: &Path, arguments: &[&str]) -> Self {
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&outer).and_then(|()| unlockpt(&outer)).expect("a terminal for this user");
        let name = ptsname(&outer, Vec::new()).expect("a name");
        let inner = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other side");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&inner, size).expect("a size");
        let copy = || Stdio::from(inner.try_clone().expect("a copy"));
        let child = Command::new(env!("CARGO_BIN_EXE_orgstream"))
            .args(arguments)
            .current_dir(dir)
            .env("TMPDIR", dir)
            .stdin(copy())
            .stdout(copy())
            .stderr(copy())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let keys = File::from(outer);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, into) = (keys.try_clone().expect("a copy"), Arc::clone(&shown));
        // It ends when the program has closed its side.
        std::thread::spawn(move || {
            let mut bytes = [0; 8_192];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                into.lock().expect("nobody panics").extend_from_slice(&bytes[..count]);
            }
        });
        Self { child, keys, shown }
    }

    /// Waits until `text` was drawn.
    pub(crate) async fn shows(&self, text: &str) {
        eventually(text, || self.text().contains(text)).await;
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).expect("the terminal takes keys");
    }

    /// Waits for the program's end. Everything that was ever drawn.
    pub(crate) async fn finish(mut self) -> (ExitStatus, String) {
        let ended = tokio::time::timeout(Duration::from_mins(1), self.child.wait()).await;
        let status = ended.expect("the program ends").expect("a child can be waited for");
        (status, self.text())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("nobody panics")).into_owned()
    }
}
