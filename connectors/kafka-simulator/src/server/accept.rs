//! New connections, as many as the limit lets in.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::limits::Limits;
use crate::core::Core;

/// Before the next try, when the system gives no more connections.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the broker stops.
pub(crate) async fn accept(listener: TcpListener, core: Arc<Core>, limits: Limits) {
    let away = core.faults.away();
    let places = Arc::new(Semaphore::new(limits.connections));
    let large = Arc::new(Semaphore::new(limits.large_requests));
    // So that trouble is told once and not with every try.
    let mut troubled = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        match accepted {
            // A broker that is away answers nobody.
            Ok(_) if *away.borrow() => {}
            Ok((socket, peer)) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    if !troubled {
                        tracing::warn!(%peer, limit = limits.connections, "Connections are closed at once, for there are too many.");
                    }
                    troubled = true;
                    continue;
                };
                troubled = false;
                let connection = Connection::new(socket, peer, Arc::clone(&core), Arc::clone(&large));
                core.tasks.spawn(async move {
                    connection.serve().await;
                    drop(place);
                });
            }
            Err(error) => {
                if !troubled {
                    tracing::warn!(%error, "No connection can be accepted.");
                }
                troubled = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
