//! Seeing the panics of a broker: they end the connection of their request and nothing else, so a test sees them only
//! when it counts them.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Runtime};

/// The threads on which panics are counted.
const WATCHED: &str = "watched";

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A runtime for a broker whose panics are counted.
pub(crate) fn watched_runtime() -> Runtime {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(WATCHED) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            default(panic);
        }));
    });
    Builder::new_multi_thread().worker_threads(2).thread_name(WATCHED).enable_all().build().unwrap()
}

/// How many there were so far. To be asked for when the broker has stopped, and with it every request.
pub(crate) fn watched_panics() -> usize {
    PANICS.load(Ordering::SeqCst)
}
