//! Panics while the terminal is taken over: into the log, not across the screen.
//!
//! The program survives many of them, such as one that a single request to an embedded part caused; the view goes on
//! then. One that ends the view is told when the terminal is given back.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// Whether a screen is up.
static SCREEN: AtomicBool = AtomicBool::new(false);

/// The last panic while it was.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// As long as it lives, panics go into the log.
#[derive(Debug)]
pub(super) struct Diverted(());

impl Diverted {
    /// From now on.
    pub(super) fn now() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if SCREEN.load(Ordering::SeqCst) {
                    let text = panic.to_string().replace('\n', " ");
                    tracing::error!("A part of the program has {text}");
                    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
                } else {
                    before(panic);
                }
            }));
        });
        SCREEN.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        SCREEN.store(false, Ordering::SeqCst);
        let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The thread of the view itself: what it said was not shown, and it says nothing any more.
        if let Some(text) = last.filter(|_| std::thread::panicking()) {
            writeln!(io::stderr().lock(), "{text}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_behind_the_screen_is_one_line_of_the_log() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let _diverted = Diverted::now();
            std::panic::catch_unwind(|| panic!("one request\nfailed")).unwrap_err();
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("panics.rs") && text.contains("one request failed"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
