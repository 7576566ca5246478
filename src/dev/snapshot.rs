//! When the snapshot is through: its rows are all in Kafka, and the sink has settled everything up to there.
//!
//! Settled, not written: a record that went to the dead-letter topic never shows in org B, and with another `start`
//! than `snapshot` org B never has as many records as org A.

use orgstream_salesforce::datetime::parse_datetime;
use orgstream_salesforce_source::Start;
use serde_json::Value as Json;

use crate::control::{Kind, PartitionLag, State, Status, TaskStatus};

/// Follows the snapshot of one pipeline.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pipeline: String,
    objects: Vec<String>,
    start: Start,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The source reads.
    Reading,
    /// It had produced everything at this time, in milliseconds.
    Produced(i64),
    Through,
}

impl Snapshot {
    /// The snapshot of these objects before it has begun.
    pub(super) fn new(pipeline: String, objects: Vec<String>, start: Start) -> Self {
        Self { pipeline, objects, start, stage: Stage::Reading }
    }

    /// Whether it is through, by what the tasks show now. `as_many`: org B holds as many records as org A, which
    /// shows before Kafka is asked for the lag again.
    pub(super) fn is_through(&mut self, status: &Status, as_many: bool) -> bool {
        if self.stage == Stage::Reading && self.is_produced(status) {
            self.stage = Stage::Produced(time(&status.at));
        }
        if let Stage::Produced(at) = self.stage
            && (as_many || self.is_settled_since(status, at))
        {
            self.stage = Stage::Through;
        }
        self.stage == Stage::Through
    }

    fn is_produced(&self, status: &Status) -> bool {
        let mut sources = self.tasks(status, Kind::Source).peekable();
        sources.peek().is_some()
            && sources.all(|task| {
                let part = |kind| {
                    task.positions.iter().filter(move |position| position.partition.get(kind).is_some())
                };
                match self.start {
                    Start::Snapshot => self.objects.iter().all(|object| {
                        part("snapshot").any(|position| {
                            let name = position.partition["snapshot"].as_str().unwrap_or_default();
                            name.eq_ignore_ascii_case(object)
                                && position.offset.get("state").and_then(Json::as_str) == Some("done")
                        })
                    }),
                    // Nothing is read beside the stream; it has begun in every channel.
                    Start::Earliest | Start::Latest => part("channel").count() >= self.objects.len(),
                }
            })
    }

    /// Whether the sinks had no lag when the brokers were asked after `at`.
    fn is_settled_since(&self, status: &Status, at: i64) -> bool {
        self.tasks(status, Kind::Sink)
            .all(|task| no_lag(task) && task.lag_at.as_deref().is_some_and(|asked| time(asked) > at))
    }

    fn tasks<'a>(&'a self, status: &'a Status, kind: Kind) -> impl Iterator<Item = &'a TaskStatus> {
        let pipeline = status.pipelines.iter().filter(|pipeline| pipeline.name == self.pipeline);
        pipeline.flat_map(|pipeline| &pipeline.tasks).filter(move |task| task.kind == kind)
    }
}

/// Whether all tasks run and nothing is on its way from Kafka.
pub(super) fn is_at_rest(status: &Status) -> bool {
    let mut tasks = status.pipelines.iter().flat_map(|pipeline| &pipeline.tasks);
    tasks.all(|task| task.state == State::Running && no_lag(task))
}

fn no_lag(task: &TaskStatus) -> bool {
    task.lag.iter().map(PartitionLag::lag).sum::<i64>() == 0
}

/// A time of the status; the status writes no other form.
fn time(text: &str) -> i64 {
    parse_datetime(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use orgstream_api::SourcePosition;
    use serde_json::json;

    use super::*;
    use crate::control::PipelineStatus;

    fn task(kind: Kind) -> TaskStatus {
        TaskStatus::new("", kind, State::Running, "")
    }

    /// At second `at`, with these positions, and a lag of so much as of a second.
    fn status(at: u8, positions: &[(Json, Json)], (lag, asked): (i64, u8)) -> Status {
        let second = |second| format!("2026-01-01T00:00:0{second}.000Z");
        let positions = positions.iter().map(|(partition, offset)| SourcePosition {
            partition: partition.clone(),
            offset: offset.clone(),
        });
        let source = TaskStatus { positions: positions.collect(), ..task(Kind::Source) };
        let lag = vec![PartitionLag { topic: "t".to_owned(), partition: 0, settled: 10 - lag, end: 10 }];
        let sink = TaskStatus { lag, lag_at: Some(second(asked)), ..task(Kind::Sink) };
        Status {
            node: String::new(),
            pid: 1,
            started: second(0),
            at: second(at),
            embedded: BTreeMap::new(),
            http: None,
            kafka_cluster: None,
            orgs: BTreeMap::new(),
            pipelines: vec![PipelineStatus::of("crm".to_owned(), vec![source, sink])],
        }
    }

    fn snapshot(start: Start) -> Snapshot {
        Snapshot::new("crm".to_owned(), vec!["Account".to_owned(), "Lead".to_owned()], start)
    }

    fn read(account: &str, lead: &str) -> [(Json, Json); 2] {
        let of = |object: &str, state: &str| (json!({ "snapshot": object }), json!({ "state": state }));
        [of("Account", account), of("Lead", lead)]
    }

    #[test]
    fn it_is_through_when_what_was_produced_is_settled_however_few_records_arrive() {
        let mut snapshot = snapshot(Start::Snapshot);
        assert!(!snapshot.is_through(&status(1, &[], (0, 1)), false), "nothing is read");
        assert!(!snapshot.is_through(&status(2, &read("done", "running"), (0, 1)), false), "half is read");
        assert!(!snapshot.is_through(&status(3, &read("done", "done"), (0, 2)), false), "the lag is older");
        assert!(!snapshot.is_through(&status(5, &read("done", "done"), (4, 4)), false), "there is lag");
        assert!(snapshot.is_through(&status(7, &read("done", "done"), (0, 6)), false));
        assert!(
            snapshot.is_through(&status(8, &read("done", "done"), (9, 7)), false),
            "it does not come back"
        );
    }

    #[test]
    fn as_many_records_show_it_at_once_but_not_before_it_is_read() {
        let mut snapshot = snapshot(Start::Snapshot);
        assert!(!snapshot.is_through(&status(1, &[], (0, 0)), true));
        assert!(snapshot.is_through(&status(2, &read("done", "done"), (9, 1)), true));
    }

    #[test]
    fn without_a_snapshot_it_is_through_when_every_channel_is_open() {
        let mut snapshot = snapshot(Start::Latest);
        let channels =
            ["a", "l"].map(|channel| (json!({ "channel": channel }), json!({ "as_of": 1, "from": 1 })));
        assert!(!snapshot.is_through(&status(1, &channels[..1], (0, 1)), false));
        assert!(!snapshot.is_through(&status(2, &channels, (0, 1)), false));
        assert!(snapshot.is_through(&status(3, &channels, (0, 3)), false));
    }
}
