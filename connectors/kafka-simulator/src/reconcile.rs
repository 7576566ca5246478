//! What topics, logs, commits and transactions must say of each other, made true when the broker opens.
//!
//! Each is kept in files of its own. A kill between two writes leaves one of them ahead, as a power cut does, after which
//! every file may have lost what was written last. Nothing here brings a record back; it keeps what was lost from
//! spoiling what comes:
//!
//! - A transaction that was decided is carried out.
//! - A commit, also one that waits for the end of a transaction, is of a partition that exists and lies not beyond
//!   its end: readers would skip the records that are written there next.
//! - A transaction that a log has open is open at the coordinator: nobody else would ever end it, and readers of
//!   committed records would wait behind it for ever.
//! - A producer id and epoch that a log knows is not handed out again: batches of the new producer would be taken for
//!   repetitions of the old one's and acknowledged without being written.

use std::io;

use crate::groups::{Committed, GroupCoordinator, TopicPartition};
use crate::producer::{Marker, ProducerId};
use crate::topics::Topics;
use crate::transactions::{Markers as _, TransactionCoordinator};

/// Makes them agree; before the first request.
pub(crate) fn reconcile(
    topics: &Topics,
    groups: &GroupCoordinator,
    transactions: &TransactionCoordinator,
) -> io::Result<()> {
    let within = |group: &str, at: &TopicPartition, committed: &Committed| {
        let end = topics.partition(&at.topic, at.partition).map(|partition| partition.log().next_offset());
        within_its_log(group, at, committed, end)
    };
    // Before they are carried out, as carrying out is committing.
    transactions.revise_commits(within)?;
    transactions.resume()?;
    groups.revise_commits(within)?;
    let mut seen = Vec::new();
    for (at, log_producers, open) in producers(topics) {
        for producer in open.into_iter().filter(|producer| !transactions.is_open(*producer, &at)) {
            tracing::error!(
                topic = at.topic,
                partition = at.partition,
                producer = producer.id,
                "A log has an open transaction that the coordinator does not know, as after a power cut; it is given up.",
            );
            topics.write_marker(&at, producer, Marker::Abort)?;
        }
        seen.extend(log_producers);
    }
    transactions.outrun(&seen)
}

/// The commit as it may stay; `None` when it may not.
fn within_its_log(
    group: &str,
    at: &TopicPartition,
    committed: &Committed,
    end: Option<i64>,
) -> Option<Committed> {
    let TopicPartition { topic, partition } = at;
    let offset = committed.offset;
    match end {
        None => {
            tracing::warn!(group, topic, partition, offset, "A commit of a deleted topic is forgotten.");
            None
        }
        Some(end) if offset > end => {
            tracing::error!(
                group,
                topic,
                partition,
                offset,
                end,
                "A commit lies beyond the end of its log, which has lost records, as after a power cut; it is set to the end.",
            );
            Some(Committed { offset: end, ..committed.clone() })
        }
        Some(_) => Some(committed.clone()),
    }
}

/// Of every log: where it is, whom it knows, and whose transactions are open in it.
fn producers(topics: &Topics) -> Vec<(TopicPartition, Vec<ProducerId>, Vec<ProducerId>)> {
    let mut all = Vec::new();
    for topic in topics.all() {
        for (number, partition) in (0..).zip(topic.partitions()) {
            let at = TopicPartition { topic: topic.name.clone(), partition: number };
            let log = partition.log();
            all.push((at, log.producers(), log.open_transactions()));
        }
    }
    all
}
