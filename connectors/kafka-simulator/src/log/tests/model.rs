//! Everything at random: whatever happens to a log, readers see what a plain list in memory says.

use std::collections::HashMap;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::super::batch::BatchHeader;
use super::super::config::LogConfig;
use super::super::segment::Segment;
use super::wire::{Batch, Rec, Seen, consume_into, producer};
use super::{Fixture, NOW, compact};
use crate::isolation::Isolation;
use crate::producer::Marker;

/// Producer 0 has no id, 1 is idempotent, 2 and 3 are transactional.
#[derive(Debug, Clone)]
enum Step {
    Append {
        producer: usize,
        records: Vec<(u8, Option<u8>)>,
        codec: i16,
    },
    /// The last batch of a producer once more.
    Again {
        producer: usize,
    },
    End {
        producer: usize,
        marker: bool,
    },
    /// Compaction, perhaps with one record appended before it is installed.
    Clean {
        append: bool,
    },
    /// The active segment is full.
    Roll,
    Reopen,
    /// A kill in the middle of an append.
    Tear {
        length: prop::sample::Index,
        flip: bool,
    },
    DeleteBefore(prop::sample::Index),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((0u8..5, prop::option::weighted(0.8, any::<u8>())), 1..4);
    prop_oneof![
        8 => (0usize..4, records, 0i16..=4)
            .prop_map(|(producer, records, codec)| Step::Append { producer, records, codec }),
        2 => (1usize..4).prop_map(|producer| Step::Again { producer }),
        4 => (2usize..4, any::<bool>()).prop_map(|(producer, marker)| Step::End { producer, marker }),
        3 => any::<bool>().prop_map(|append| Step::Clean { append }),
        2 => Just(Step::Roll),
        2 => Just(Step::Reopen),
        1 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(length, flip)| Step::Tear { length, flip }),
        1 => any::<prop::sample::Index>().prop_map(Step::DeleteBefore),
        1 => (0i64..2_000).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

/// What lies at an offset.
#[derive(Debug, Clone)]
struct Entry {
    /// `None` for a marker.
    record: Option<Rec>,
    producer: usize,
    fate: Fate,
}

#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    start: i64,
    sequences: HashMap<usize, i32>,
    last: HashMap<usize, (Batch, i64)>,
    clock: i64,
}

impl Model {
    fn end(&self) -> i64 {
        i64::try_from(self.entries.len()).unwrap()
    }

    fn stable(&self) -> i64 {
        let open = self.entries.iter().position(|entry| entry.fate == Fate::Open);
        open.map_or(self.end(), |open| i64::try_from(open).unwrap())
    }

    /// What readers of committed records see when nothing was compacted.
    fn committed(&self) -> impl Iterator<Item = (i64, &Rec)> {
        let stable = self.stable();
        let entries = (0..stable).zip(&self.entries);
        let readable =
            entries.filter(move |(offset, entry)| *offset >= self.start && entry.fate == Fate::Committed);
        readable.filter_map(|(offset, entry)| Some((offset, entry.record.as_ref()?)))
    }

    fn append(&mut self, fixture: &mut Fixture, from: usize, records: Vec<Rec>, codec: i16) {
        let mut batch = Batch::of(&records).packed(codec);
        if from > 0 {
            batch = batch
                .from(producer(i64::try_from(from).unwrap(), 0), *self.sequences.entry(from).or_default());
            batch.transactional = from > 1;
        }
        let appended = fixture.log.append(&batch.bytes(), self.clock).unwrap();
        assert_eq!(appended.base_offset, self.end());
        if from > 0 {
            *self.sequences.entry(from).or_default() += i32::try_from(records.len()).unwrap();
            self.last.insert(from, (batch, self.end()));
        }
        let fate = if from > 1 { Fate::Open } else { Fate::Committed };
        self.entries.extend(records.into_iter().map(|record| Entry {
            record: Some(record),
            producer: from,
            fate,
        }));
    }

    fn step(&mut self, fixture: &mut Fixture, step: Step) {
        match step {
            Step::Append { producer, records, codec } => {
                let time = self.clock;
                let record = |(key, value): (u8, Option<u8>)| Rec {
                    key: Some(vec![key]),
                    value: value.map(|value| vec![value; 20]),
                    // Not in order.
                    time: time - i64::from(key) * 7,
                    headers: vec![(b"h".to_vec(), Some(vec![key])), (b"h".to_vec(), None)],
                };
                self.append(fixture, producer, records.into_iter().map(record).collect(), codec);
            }
            Step::Again { producer } => {
                // What was deleted is not known any more after a restart.
                if let Some((batch, base_offset)) =
                    self.last.get(&producer).filter(|last| last.1 >= self.start)
                {
                    let appended = fixture.log.append(&batch.bytes(), self.clock).unwrap();
                    assert_eq!(appended.base_offset, *base_offset);
                }
            }
            Step::End { producer: from, marker } => {
                let (marker, fate) =
                    if marker { (Marker::Commit, Fate::Committed) } else { (Marker::Abort, Fate::Aborted) };
                let ending = producer(i64::try_from(from).unwrap(), 0);
                fixture.log.append_marker(ending, marker, 0, self.clock).unwrap();
                let open = |entry: &&mut Entry| entry.producer == from && entry.fate == Fate::Open;
                self.entries.iter_mut().filter(open).for_each(|entry| entry.fate = fate);
                self.entries.push(Entry { record: None, producer: from, fate: Fate::Committed });
            }
            Step::Clean { append } => {
                if let Some(compaction) = fixture.log.clean(self.clock).unwrap() {
                    let compacted = compaction.run(&CancellationToken::new()).unwrap();
                    if append {
                        self.step(
                            fixture,
                            Step::Append { producer: 1, records: vec![(0, Some(0))], codec: 0 },
                        );
                    }
                    fixture.log.install(compacted).unwrap();
                }
            }
            Step::Roll => fixture.log.roll().unwrap(),
            Step::Reopen => fixture.reopen(),
            Step::Tear { length, flip } => {
                let torn =
                    Batch::of(&[Rec { key: Some(vec![0]), value: None, time: NOW, headers: Vec::new() }]);
                let mut torn =
                    torn.bytes_under(BatchHeader { base_offset: self.end(), ..torn.header() }).to_vec();
                if flip {
                    *torn.last_mut().unwrap() ^= 1;
                } else {
                    torn.truncate(length.index(torn.len()));
                }
                let base_offset = fixture.log.segments.last().unwrap().base_offset;
                let path = fixture.dir.path().join(Segment::file_name(base_offset));
                let mut bytes = std::fs::read(&path).unwrap();
                bytes.extend(torn);
                std::fs::write(&path, bytes).unwrap();
                fixture.reopen();
            }
            Step::DeleteBefore(offset) => {
                let offset = i64::try_from(offset.index(self.entries.len() + 1)).unwrap();
                self.start = self.start.max(offset);
                assert_eq!(fixture.log.delete_before(offset).unwrap(), self.start);
            }
            Step::Wait(time) => self.clock += time,
        }
    }

    fn check(&self, fixture: &Fixture, max_bytes: usize) {
        let log = &fixture.log;
        assert_eq!((log.start_offset(), log.next_offset()), (self.start, self.end()));
        // The log need not know of transactions that were deleted as a whole.
        assert!(log.last_stable_offset() == self.stable() || self.stable() < self.start);
        let mut seen = Vec::new();
        let reached = consume_into(log, Isolation::ReadCommitted, max_bytes, &mut seen);
        assert_eq!(reached, log.last_stable_offset(), "readers get to the end");
        assert!(seen.is_sorted_by(|one, next| one.offset < next.offset));
        let mut seen: HashMap<i64, Rec> =
            seen.into_iter().filter_map(|seen| Some((seen.offset, seen.record?))).collect();
        let mut newest = HashMap::new();
        for (offset, record) in self.committed() {
            newest.insert(record.key.clone(), offset);
        }
        for (offset, record) in self.committed() {
            let may_go = newest[&record.key] != offset
                || (record.value.is_none() && self.clock - record.time >= fixture.config.delete_retention_ms);
            match seen.remove(&offset) {
                Some(found) => assert_eq!(&found, record, "offset {offset}"),
                None => assert!(may_go && offset < log.compacted_to, "offset {offset} is lost"),
            }
        }
        assert!(seen.is_empty() || self.stable() < self.start, "nobody may see {seen:?}");
        self.check_times(fixture, max_bytes);
    }

    /// Times lead to the first record that a reader of everything finds at or after them.
    fn check_times(&self, fixture: &Fixture, max_bytes: usize) {
        let mut all = Vec::new();
        let reached = consume_into(&fixture.log, Isolation::ReadUncommitted, max_bytes, &mut all);
        assert_eq!(reached, self.end(), "readers get to the end");
        for time in [NOW - 30, NOW, self.clock - 14, self.clock, self.clock + 1] {
            let first = |seen: &&Seen| seen.time >= time;
            let expected = all.iter().find(first).map(|seen| (seen.offset, seen.time));
            let found = fixture.log.offset_for_time(time, Isolation::ReadUncommitted).unwrap();
            assert_eq!(found, expected, "time {time}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn readers_see_what_was_committed_whatever_happens_to_the_log(
        steps in prop::collection::vec(step(), 1..60),
        max_bytes in prop_oneof![Just(1usize), Just(300), Just(1 << 20)],
    ) {
        let config = LogConfig { segment_bytes: 600, segment_ms: i64::MAX, ..compact() };
        let mut fixture = Fixture::new(config);
        let mut model = Model { clock: NOW, ..Model::default() };
        for step in steps {
            model.step(&mut fixture, step);
            model.check(&fixture, max_bytes);
        }
    }
}
