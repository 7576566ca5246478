//! Follows a topic for ever.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::config::KafkaConfig;
use super::error::Error;
use super::query::Ask;
use super::reader::{CancelOnDrop, Read, Reader, cancellation};
use super::record::Consumed;

/// How many records are read ahead of the caller.
const AHEAD: usize = 1000;
/// How often positions are looked at when nothing comes in.
const LOOK: Duration = Duration::from_millis(500);

/// What a follower comes across.
#[derive(Debug)]
pub enum Followed {
    /// A record.
    Record(Consumed),
    /// The place moved without a record, see [`Follower::reached`]; or brokers answer again after an error.
    Advanced,
    /// Something failed. `Failed`: the follower goes on, and says so once for as long as that lasts. Any other: it
    /// does not.
    Error(Error),
}

enum Step {
    Record(Consumed),
    Advanced(BTreeMap<i32, i64>),
    Error(Error),
}

/// A reader of partitions of one topic that never stops.
pub struct Follower {
    topic: String,
    steps: Receiver<Step>,
    positions: BTreeMap<i32, i64>,
    _cancel: CancelOnDrop,
}

impl Follower {
    /// Reads the partitions named in `from`, from these offsets. Brokers are not waited for.
    pub fn open(config: &KafkaConfig, topic: &str, from: BTreeMap<i32, i64>) -> Result<Self, Error> {
        let (cancel, cancelled) = cancellation();
        let (sender, steps) = channel(AHEAD);
        let reader = Reader::open(config, topic, cancelled)?;
        let positions = from.clone();
        thread::spawn(move || {
            if let Err(error) = follow(&reader, from, &sender) {
                // A follower that is gone asks for no reason.
                sender.blocking_send(Step::Error(error)).ok();
            }
        });
        Ok(Self { topic: topic.to_owned(), steps, positions, _cancel: cancel })
    }

    /// What comes next. Cancel-safe.
    pub async fn next(&mut self) -> Followed {
        match self.steps.recv().await {
            Some(Step::Record(record)) => {
                self.positions.insert(record.at.partition.partition, record.at.offset + 1);
                Followed::Record(record)
            }
            Some(Step::Advanced(positions)) => {
                self.positions.extend(positions);
                Followed::Advanced
            }
            Some(Step::Error(error)) => Followed::Error(error),
            None => Followed::Error(Error::Closed { what: format!("topic {}", self.topic) }),
        }
    }

    /// Whether everything before these high watermarks was returned by [`next`](Self::next), of the partitions followed.
    pub fn reached(&self, ends: &BTreeMap<i32, i64>) -> bool {
        self.positions
            .iter()
            .all(|(partition, position)| ends.get(partition).is_none_or(|end| position >= end))
    }
}

fn follow(reader: &Reader, mut starts: BTreeMap<i32, i64>, steps: &Sender<Step>) -> Result<(), Error> {
    // What lies before the first offset is gone for good, and was tombstones or older values.
    for (partition, first) in reader.offsets(starts.keys().copied(), Ask::First)? {
        let start = starts.entry(partition).or_insert(first);
        *start = first.max(*start);
    }
    let mut known = starts.clone();
    reader.start(&starts)?;
    let pass = |step| steps.blocking_send(step).map_err(|_| Error::Closed { what: "a follower".to_owned() });
    pass(Step::Advanced(starts))?;
    let mut looked = Instant::now();
    let mut failing = false;
    loop {
        match reader.next() {
            Ok(Read::Record(record)) => {
                failing = false;
                known.insert(record.at.partition.partition, record.at.offset + 1);
                pass(Step::Record(record))?;
            }
            Ok(Read::Nothing) if looked.elapsed() < LOOK => {}
            // The end may lie behind commit markers, of which no record tells.
            Ok(Read::Nothing | Read::End(_)) => {
                looked = Instant::now();
                if failing && reader.answers(known.keys().copied()) {
                    failing = false;
                    pass(Step::Advanced(known.clone()))?;
                }
                let positions = reader.positions();
                if positions.iter().any(|(partition, position)| known.get(partition) < Some(position)) {
                    known.extend(&positions);
                    pass(Step::Advanced(positions))?;
                }
            }
            Err(Error::Failed { .. }) if failing => {}
            Err(error @ Error::Failed { .. }) => {
                failing = true;
                pass(Step::Error(error))?;
            }
            Err(error) => return Err(error),
        }
    }
}
