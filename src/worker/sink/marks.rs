//! Tells the sink when it has what lay in its inputs at a moment that it asked about.
//!
//! What a record has to come after is mostly in Kafka before it, in whichever topic, so the ends of the inputs at the time
//! it is read are far enough. One mark is on its way at a time; questions that come meanwhile have one answer.

use std::collections::BTreeMap;
use std::time::Duration;

use orgstream_api::{Mark, TopicPartition};
use tokio::time::{Instant, timeout};

use super::SinkWorker;

/// How long the worker waits for Kafka to say the ends.
const ANSWER: Duration = Duration::from_millis(500);
/// How long it leaves Kafka alone after no answer.
const AGAIN: Duration = Duration::from_secs(5);

/// What the sink asked about.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The newest question without an answer.
    asked: Option<Mark>,
    /// Kafka gave no answer; it is not asked before then.
    rests_until: Option<Instant>,
    /// The mark on its way, and the ends to reach.
    open: Option<(Mark, BTreeMap<TopicPartition, i64>)>,
}

impl SinkWorker {
    /// Sets the mark that the sink asks for, and tells it when one is reached.
    pub(super) async fn mark(&mut self) {
        if let Some(mark) = self.parts.sink.asks_for_mark() {
            // A later question has the later answer, which is far enough for both.
            self.marks.asked = Some(mark);
        }
        self.reach();
        let rests = self.marks.rests_until.is_some_and(|until| Instant::now() < until);
        if self.marks.open.is_none()
            && !rests
            && let Some(mark) = self.marks.asked
        {
            self.set(mark).await;
            self.reach();
        }
    }

    /// Asks where the inputs end now. Without an answer what waits for the mark waits.
    async fn set(&mut self, mark: Mark) {
        let partitions = self.ledger.partitions();
        if partitions.is_empty() {
            // What waited went with its partition.
            self.marks.asked = None;
            return;
        }
        let ends = self.parts.admin.end_offsets_of(partitions);
        let trouble = match timeout(ANSWER, ends).await {
            Ok(Ok(ends)) => {
                self.marks.asked = None;
                self.marks.rests_until = None;
                self.marks.open = Some((mark, ends));
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("Kafka gave no answer within {} ms", ANSWER.as_millis()),
        };
        // The next commit tells that it is over.
        self.is_degraded = true;
        self.parts.health.degraded(format!("deletions wait to know where the topics end: {trouble}"));
        self.marks.rests_until = Some(Instant::now() + AGAIN);
    }

    /// What was consumed has to be with the sink, too. In a partition with a record in retry nothing is read, and that
    /// record may itself wait for a deletion.
    fn reach(&mut self) {
        if !self.backlog.is_empty() {
            return;
        }
        let paused = self.parts.sink.paused();
        let is_read = |partition: &TopicPartition, end: i64| {
            self.ledger.consumed_to(partition, end) || paused.contains(partition)
        };
        let reached = self.marks.open.take_if(|(_, ends)| ends.iter().all(|(at, end)| is_read(at, *end)));
        if let Some((mark, _)) = reached {
            self.parts.sink.reached(mark);
        }
    }
}
