//! How much a sink holds at once, in records and bytes.
//!
//! Every item has a seat from its submission until it is settled or dropped; giving the seat up is dropping it, so
//! no path can forget to.

use std::sync::Arc;

use orgstream_api::Capacity;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Records a sink holds: enough for several full calls in flight. With what is read of it and what is sent for it, one takes about
/// ten kilobytes.
pub(crate) const RECORDS: usize = 3_000;

/// Bytes a sink holds.
const BYTES: u32 = 32 * 1024 * 1024;

/// The seats of a sink.
#[derive(Debug)]
pub(crate) struct Room {
    records: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    /// Whether the last item that asked for a seat got none.
    refused: bool,
}

/// The space of one item.
#[derive(Debug)]
pub(crate) struct Seat {
    _record: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
}

impl Seat {
    /// The bytes that the item is counted as.
    pub(crate) fn size(&self) -> usize {
        self.bytes.num_permits()
    }
}

impl Default for Room {
    fn default() -> Self {
        // A u32 always fits: this crate is built for targets with at least 32 bits.
        let bytes = usize::try_from(BYTES).unwrap_or(usize::MAX);
        Self {
            records: Arc::new(Semaphore::new(RECORDS)),
            bytes: Arc::new(Semaphore::new(bytes)),
            refused: false,
        }
    }
}

impl Room {
    /// What is free.
    pub(crate) fn capacity(&self) -> Capacity {
        Capacity { records: self.records.available_permits(), bytes: self.bytes.available_permits() }
    }

    /// Whether the next item gets no seat.
    pub(crate) fn is_full(&self) -> bool {
        self.records.available_permits() == 0 || self.refused
    }

    /// A seat for an item of `size` bytes, if there is one. An item larger than the whole room takes all of it,
    /// or it would never pass.
    pub(crate) fn seat(&mut self, size: usize) -> Option<Seat> {
        let seat = self.free_seat(size);
        self.refused = seat.is_none();
        seat
    }

    fn free_seat(&self, size: usize) -> Option<Seat> {
        let size = u32::try_from(size).unwrap_or(BYTES).min(BYTES);
        let record = Arc::clone(&self.records).try_acquire_owned().ok()?;
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(size).ok()?;
        Some(Seat { _record: record, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_seat_is_free_again() {
        let mut room = Room::default();
        let before = room.capacity();
        let seat = room.seat(1_000).unwrap();
        assert_eq!(room.capacity().records, before.records - 1);
        assert_eq!(room.capacity().bytes, before.bytes - 1_000);
        drop(seat);
        assert_eq!(room.capacity(), before);
    }

    #[test]
    fn an_item_larger_than_the_room_passes_alone() {
        let mut room = Room::default();
        let seat = room.seat(usize::MAX).unwrap();
        assert!(room.seat(1).is_none());
        assert!(room.is_full());
        drop(seat);
        assert!(room.seat(1).is_some());
        assert!(!room.is_full());
    }
}
