//! What the session hands to its source, bounded by the bytes of the events that wait there.
//!
//! Events need room, which they give back once they are in a batch. Everything else passes at any time, so a source
//! with more events than Kafka takes still learns how the session is.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::bayeux::delivery::Delivery;
use crate::bayeux::end::End;

/// Room is counted in pieces of this size.
const PIECE: u64 = 1024;

/// The session's end of the deliveries.
#[derive(Debug)]
pub(crate) struct Outlet {
    out: mpsc::UnboundedSender<Delivery>,
    free: Arc<Semaphore>,
    pieces: u32,
}

/// Room that events take. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Room {
    _held: OwnedSemaphorePermit,
}

impl Outlet {
    /// Room for so many bytes, and where the deliveries come out.
    pub(crate) fn new(bytes: u64) -> (Self, mpsc::UnboundedReceiver<Delivery>) {
        let (out, deliveries) = mpsc::unbounded_channel();
        let pieces = pieces(bytes);
        let free = Arc::new(Semaphore::new(usize::try_from(pieces).unwrap_or(Semaphore::MAX_PERMITS)));
        (Self { out, free, pieces }, deliveries)
    }

    /// Waits for room for so many bytes. What is larger than all room there is takes all of it.
    pub(crate) async fn room(&self, bytes: u64) -> Room {
        self.take(pieces(bytes).min(self.pieces)).await
    }

    /// Waits until half of the room is free.
    pub(crate) async fn half_empty(&self) {
        drop(self.take(self.pieces.div_ceil(2)).await);
    }

    /// Hands `delivery` to the source, if there is one.
    pub(crate) fn deliver(&self, delivery: Delivery) -> Result<(), End> {
        self.out.send(delivery).map_err(|_| End::Unwanted)
    }

    async fn take(&self, pieces: u32) -> Room {
        let held = Arc::clone(&self.free).acquire_many_owned(pieces).await;
        Room { _held: held.expect("nobody closes the room") }
    }
}

fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn events_wait_for_room_and_what_is_too_large_comes_alone() {
        let (outlet, _deliveries) = Outlet::new(10 * PIECE);
        let first = outlet.room(8 * PIECE).await;
        assert!(timeout(SOON, outlet.room(3 * PIECE)).await.is_err());
        let second = outlet.room(2 * PIECE).await;
        assert!(timeout(SOON, outlet.room(500 * PIECE)).await.is_err(), "it is not alone");
        drop((first, second));
        let huge = outlet.room(500 * PIECE).await;
        assert!(timeout(SOON, outlet.room(1)).await.is_err());
        drop(huge);
        outlet.room(1).await;
    }

    #[tokio::test]
    async fn it_is_half_empty_only_when_half_of_the_bytes_are_gone() {
        let (outlet, mut deliveries) = Outlet::new(10 * PIECE);
        let rooms = (outlet.room(4 * PIECE).await, outlet.room(5 * PIECE).await);
        outlet.deliver(Delivery::Live).unwrap();
        assert!(matches!(deliveries.recv().await, Some(Delivery::Live)), "it needs no room");
        drop(rooms.0);
        outlet.half_empty().await;
        let more = outlet.room(PIECE).await;
        assert!(timeout(SOON, outlet.half_empty()).await.is_err());
        drop((rooms.1, more));
        drop(deliveries);
        assert_eq!(outlet.deliver(Delivery::Live), Err(End::Unwanted));
    }
}
