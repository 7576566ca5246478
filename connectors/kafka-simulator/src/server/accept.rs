//! New connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::connection::Connection;
use crate::core::Core;

/// Before the next try, when the system gives no more connections.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the broker stops.
pub(crate) async fn accept(listener: TcpListener, core: Arc<Core>) {
    let away = core.faults.away();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        match accepted {
            Ok((socket, peer)) => {
                // A broker that is away answers nobody.
                if !*away.borrow() {
                    core.tasks.spawn(Connection::new(socket, peer, Arc::clone(&core)).serve());
                }
            }
            Err(error) => {
                tracing::warn!(%error, "A connection cannot be accepted.");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
