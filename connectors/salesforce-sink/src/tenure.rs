//! The time for which a sink holds a partition.
//!
//! Every item carries the tenure under which it was submitted. When the partition is taken away the tenure ends
//! for good, so an old item is recognised wherever it is, even after the partition came back.

use std::collections::HashMap;

use orgstream_api::TopicPartition;
use tokio_util::sync::CancellationToken;

/// One holding of one partition. Clones are the same tenure.
#[derive(Debug, Clone)]
pub(crate) struct Tenure(CancellationToken);

impl Tenure {
    /// Whether the partition was taken away since.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the partition is taken away.
    pub(crate) async fn over(&self) {
        self.0.cancelled().await;
    }
}

/// The tenures that last.
#[derive(Debug, Default)]
pub(crate) struct Tenures {
    held: HashMap<TopicPartition, Tenure>,
}

impl Tenures {
    /// The tenure of `partition`, which begins with its first item.
    pub(crate) fn of(&mut self, partition: &TopicPartition) -> Tenure {
        if let Some(tenure) = self.held.get(partition) {
            return tenure.clone();
        }
        let tenure = Tenure(CancellationToken::new());
        self.held.insert(partition.clone(), tenure.clone());
        tenure
    }

    /// Ends the tenures of `partitions`.
    pub(crate) fn end(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(tenure) = self.held.remove(partition) {
                tenure.0.cancel();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_comes_back_has_a_new_tenure() {
        let partition = TopicPartition { topic: "a.Account".into(), partition: 0 };
        let mut tenures = Tenures::default();
        let first = tenures.of(&partition);
        tenures.end(std::slice::from_ref(&partition));
        let second = tenures.of(&partition);
        assert!(first.is_over());
        assert!(!second.is_over());
    }
}
