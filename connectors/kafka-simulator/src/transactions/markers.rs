//! What the coordinator needs of the logs.

use std::io;

use crate::groups::TopicPartition;
use crate::producer::{Marker, ProducerId};

/// The partitions of the broker.
pub(crate) trait Markers: Send + Sync {
    /// Ends the transaction of `producer` in a partition. A partition that was deleted has nothing to end.
    fn write_marker(&self, at: &TopicPartition, producer: ProducerId, marker: Marker) -> io::Result<()>;

    /// Whether there is such a partition.
    fn exists(&self, topic: &str, partition: i32) -> bool;
}
