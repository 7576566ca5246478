//! Tells the sink when it has what lay in its inputs at a moment that it asked about.
//!
//! Topics have no order among each other. What a record has to come after was in Kafka before it, so the ends of the
//! inputs at the time it is read are far enough.

use std::collections::{BTreeMap, VecDeque};

use orgstream_api::{Mark, TopicPartition};

use super::SinkWorker;

/// The marks that are not reached yet.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Asked for, but Kafka has not said the ends.
    asked: Option<Mark>,
    /// In the order of the questions.
    open: VecDeque<(Mark, BTreeMap<TopicPartition, i64>)>,
}

impl SinkWorker {
    /// Sets the mark that the sink asks for, and tells it of those that are reached.
    pub(super) async fn mark(&mut self) {
        if let Some(mark) = self.parts.sink.asks_for_mark() {
            // A later question has the later answer, which is far enough for both.
            self.marks.asked = Some(mark);
        }
        if let Some(mark) = self.marks.asked {
            let topics: Vec<String> = self.ledger.topics().into_iter().collect();
            match self.parts.admin.end_offsets(&topics).await {
                Ok(ends) => {
                    self.marks.asked = None;
                    self.marks.open.push_back((mark, ends));
                }
                // It is asked again at the next step; what waits for it waits.
                Err(error) => {
                    self.parts
                        .health
                        .degraded(format!("deletions wait to know where the topics end: {error}"));
                }
            }
        }
        // What was consumed has to be with the sink, too.
        while self.backlog.is_empty()
            && let Some((mark, _)) = self.marks.open.pop_front_if(|(_, ends)| {
                ends.iter().all(|(partition, end)| self.ledger.consumed_to(partition, *end))
            })
        {
            self.parts.sink.reached(mark);
        }
    }
}
