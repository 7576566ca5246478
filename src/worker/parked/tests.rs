//! The book between a topic that survives and a sink that keeps its contract, through random parks, kills and resumptions.

use std::collections::VecDeque;
use std::time::Duration;

use orgstream_api::{Headers, ParentRecord, Parked, Rejection, Tried, Wait};
use proptest::prelude::*;

use super::*;

/// The ids of the model.
const IDS: u8 = 3;

fn at(offset: i64) -> InputOffset {
    InputOffset { partition: TopicPartition { topic: "a.Lead".into(), partition: 0 }, offset }
}

fn whose(id: u8) -> History {
    History { org: "00D1".into(), id: format!("00Q{id}") }
}

fn parent(id: u8) -> Parent {
    ("00D1".into(), "Account".into(), format!("001{id}"))
}

fn for_parent(id: u8) -> Wait {
    let (org, object, parent) = parent(id);
    let cause = Rejection { code: "X".into(), message: String::new(), fields: Vec::new() };
    Wait::For {
        cause,
        parents: vec![ParentRecord { org, object, id: parent }],
        again_in: Duration::from_mins(1),
    }
}

fn consumed(offset: i64) -> Consumed {
    Consumed { at: at(offset), key: None, value: None, headers: Headers::default(), timestamp: offset }
}

fn parked(id: u8, offset: i64, wait: Wait) -> ParkedRecord {
    let parked = Parked { whose: whose(id), wait, tried: Tried::default() };
    ParkedRecord::new(consumed(offset), &parked, 0, 0)
}

#[derive(Debug, Clone)]
enum Step {
    /// A record of an id is written to the input.
    Produce(u8),
    Consume,
    /// The sink writes the first record of an id.
    Write(u8),
    /// It refuses it.
    Refuse(u8),
    /// It parks it, and what lies behind it.
    Park(u8),
    /// The runtime deals with this many outcomes.
    Answer(usize),
    /// The parent of an id is bound.
    Bind(u8),
    /// A minute passes.
    Pass,
    Resume,
    Commit,
    Kill,
    /// The runtime ends when it made so many things durable of those that so many outcomes demand.
    KillAmid(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..IDS;
    let step = prop_oneof![
        6 => id.clone().prop_map(Step::Produce),
        6 => Just(Step::Consume),
        4 => id.clone().prop_map(Step::Write),
        1 => id.clone().prop_map(Step::Refuse),
        4 => id.clone().prop_map(Step::Park),
        6 => (1..4_usize).prop_map(Step::Answer),
        2 => id.prop_map(Step::Bind),
        1 => Just(Step::Pass),
        4 => Just(Step::Resume),
        2 => Just(Step::Commit),
        1 => Just(Step::Kill),
        2 => (1..6_usize, 0..8_usize).prop_map(|(outcomes, done)| Step::KillAmid(outcomes, done)),
    ];
    proptest::collection::vec(step, 0..150)
}

#[derive(Debug, Clone)]
enum Outcome {
    Written,
    Duplicate,
    Refused,
    Parked(Wait),
}

/// What outcomes demand before they settle.
enum Demand {
    Letter(i64),
    Link(u8, i64),
    Entry(Box<ParkedRecord>),
    Tombstone(i64),
}

/// An item of the model's sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    id: u8,
    offset: i64,
    is_parked: bool,
}

#[derive(Default)]
struct Model {
    /// What lasts: the input, the committed offset, the parked topic, the dead letters, the links, and what was written in which
    /// order.
    input: Vec<u8>,
    committed: i64,
    topic: BTreeMap<i64, ParkedRecord>,
    letters: BTreeSet<i64>,
    last: HashMap<u8, i64>,
    written: Vec<(u8, i64)>,
    /// What does not.
    book: ParkedBook,
    next: i64,
    open: BTreeSet<i64>,
    lanes: HashMap<u8, VecDeque<Item>>,
    aside: HashMap<u8, BTreeSet<i64>>,
    answers: VecDeque<(Item, Outcome)>,
    now: i64,
}

impl Model {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Produce(id) => self.input.push(id),
            Step::Consume => self.consume(),
            Step::Write(id) => self.write(id),
            Step::Park(id) => self.park(id),
            Step::Refuse(id) => self.refuse(id),
            Step::Answer(count) => self.answer(count),
            Step::Bind(id) => self.book.wake(&parent(id)),
            Step::Pass => {
                self.now += 60_000;
                self.book.wake_due(self.now);
            }
            Step::Resume => self.resume(),
            Step::Commit => self.committed = self.open.first().copied().unwrap_or(self.next),
            Step::Kill => self.kill(),
            Step::KillAmid(outcomes, done) => {
                let (demands, _) = self.take_answers(outcomes);
                demands.into_iter().take(done).for_each(|demand| self.make_durable(demand));
                self.kill();
            }
        }
    }

    fn consume(&mut self) {
        let Some(id) = usize::try_from(self.next).ok().and_then(|next| self.input.get(next)) else { return };
        let item = Item { id: *id, offset: self.next, is_parked: false };
        self.next += 1;
        if self.book.knows(&consumed(item.offset)) {
            return;
        }
        self.open.insert(item.offset);
        if self.aside.get(&item.id).is_some_and(|aside| !aside.is_empty()) {
            self.put_aside(item, Wait::Turn);
        } else {
            self.lanes.entry(item.id).or_default().push_back(item);
        }
    }

    fn write(&mut self, id: u8) {
        let Some(item) = self.lanes.entry(id).or_default().pop_front() else { return };
        let is_new = self.last.get(&id).is_none_or(|last| *last < item.offset);
        // What the sink wrote counts for it at once, bound or not.
        let pending = self.answers.iter().any(|(other, outcome)| {
            other.id == id && other.offset >= item.offset && matches!(outcome, Outcome::Written)
        });
        let outcome = if is_new && !pending { Outcome::Written } else { Outcome::Duplicate };
        if matches!(outcome, Outcome::Written) {
            self.written.push((id, item.offset));
        }
        self.answers.push_back((item, outcome));
    }

    fn refuse(&mut self, id: u8) {
        if let Some(item) = self.lanes.entry(id).or_default().pop_front() {
            self.answers.push_back((item, Outcome::Refused));
        }
    }

    fn park(&mut self, id: u8) {
        let items = std::mem::take(self.lanes.entry(id).or_default());
        for (place, item) in items.into_iter().enumerate() {
            self.put_aside(item, if place == 0 { for_parent(id) } else { Wait::Turn });
        }
    }

    fn put_aside(&mut self, item: Item, wait: Wait) {
        self.aside.entry(item.id).or_default().insert(item.offset);
        self.answers.push_back((item, Outcome::Parked(wait)));
    }

    fn answer(&mut self, count: usize) {
        let (demands, answers) = self.take_answers(count);
        for demand in demands {
            self.make_durable(demand);
        }
        for (item, outcome) in answers {
            if let Outcome::Parked(wait) = outcome {
                self.book.add(parked(item.id, item.offset, wait), Again::No);
            } else if item.is_parked {
                self.book.end(&whose(item.id), &at(item.offset));
            }
            self.open.remove(&item.offset);
        }
    }

    /// The next outcomes, and what they demand, in the order in which the worker makes it durable.
    fn take_answers(&mut self, count: usize) -> (Vec<Demand>, Vec<(Item, Outcome)>) {
        let answers: Vec<_> = self.answers.drain(..count.min(self.answers.len())).collect();
        let (mut demands, mut links, mut ends) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (item, outcome) in &answers {
            match outcome {
                Outcome::Written => drop(links.insert(item.id, item.offset)),
                Outcome::Refused => demands.push(Demand::Letter(item.offset)),
                Outcome::Duplicate => {}
                Outcome::Parked(wait) => {
                    ends.push(Demand::Entry(Box::new(parked(item.id, item.offset, wait.clone()))));
                    continue;
                }
            }
            if item.is_parked {
                ends.push(Demand::Tombstone(item.offset));
            }
        }
        demands.extend(links.into_iter().map(|(id, last)| Demand::Link(id, last)));
        demands.extend(ends);
        (demands, answers)
    }

    fn make_durable(&mut self, demand: Demand) {
        match demand {
            Demand::Letter(offset) => drop(self.letters.insert(offset)),
            Demand::Link(id, last) => drop(self.last.insert(id, last)),
            Demand::Entry(record) => drop(self.topic.insert(record.consumed.at.offset, *record)),
            Demand::Tombstone(offset) => drop(self.topic.remove(&offset)),
        }
    }

    fn resume(&mut self) {
        while let Some(records) = self.book.take_ready() {
            for record in records {
                let id = record.whose.id.trim_start_matches("00Q").parse().unwrap();
                let item = Item { id, offset: record.consumed.at.offset, is_parked: true };
                let aside = self.aside.entry(id).or_default();
                assert!(aside.remove(&item.offset), "{item:?} is submitted twice");
                if aside.first().is_some_and(|first| *first < item.offset) {
                    self.put_aside(item, Wait::Turn);
                } else {
                    self.lanes.entry(id).or_default().push_back(item);
                }
            }
        }
    }

    fn kill(&mut self) {
        let lasting = std::mem::take(self);
        let Self { input, committed, topic, letters, last, mut written, now, .. } = lasting;
        // A write without a link is done again, which upserts make the same one.
        written.retain(|(id, offset)| last.get(id).is_some_and(|last| last >= offset));
        *self = Self { input, committed, letters, last, written, now, next: committed, ..Self::default() };
        for (offset, record) in &topic {
            let id = record.whose.id.trim_start_matches("00Q").parse().unwrap();
            self.aside.entry(id).or_default().insert(*offset);
            self.book.add(record.clone(), if *offset >= committed { Again::Yes } else { Again::No });
        }
        self.topic = topic;
    }

    /// Lets everything come to its end.
    fn settle(&mut self) {
        for _ in 0..400 {
            self.consume();
            (0..IDS).for_each(|id| self.write(id));
            self.answer(usize::MAX);
            (0..IDS).for_each(|id| self.book.wake(&parent(id)));
            self.resume();
        }
    }
}

proptest! {
    /// Whatever is parked, refused, resumed or killed when: the records of an id are written once each, in the order of the
    /// input; one that is not written has a dead letter; and no entry is left.
    #[test]
    fn the_records_of_an_id_are_written_in_order_through_parks_kills_and_resumptions(steps in steps()) {
        let mut model = Model::default();
        for step in &steps {
            model.step(step);
        }
        model.settle();
        for id in 0..IDS {
            let written = model.written.iter().filter(|(of, _)| *of == id).map(|(_, offset)| *offset);
            let written: Vec<i64> = written.collect();
            prop_assert!(written.is_sorted_by(|before, after| before < after), "id {}: {:?}", id, written);
            for (offset, _) in (0_i64..).zip(&model.input).filter(|(_, of)| **of == id) {
                let is_told = written.contains(&offset) || model.letters.contains(&offset);
                prop_assert!(is_told, "id {}: {} is lost among {:?}", id, offset, written);
            }
        }
        prop_assert!(model.topic.is_empty() && model.open.is_empty(), "{:?} {:?}", model.topic, model.open);
        prop_assert_eq!(model.book.count(), 0);
        prop_assert!(model.book.by_parent.is_empty() && model.book.due.is_empty() && model.book.lanes.is_empty());
    }
}

#[test]
fn a_history_goes_back_as_a_whole_when_what_its_first_record_waits_for_is_there() {
    let mut book = ParkedBook::default();
    book.add(parked(1, 5, for_parent(1)), Again::No);
    book.add(parked(1, 9, Wait::Turn), Again::No);
    book.add(parked(2, 7, for_parent(2)), Again::No);
    assert!(book.take_ready().is_none());
    book.wake(&parent(1));
    let offsets: Vec<i64> =
        book.take_ready().unwrap().iter().map(|record| record.consumed.at.offset).collect();
    assert_eq!(offsets, [5, 9]);
    book.wake(&parent(1));
    assert!(book.take_ready().is_none(), "it is with the sink");
    book.wake_due(60_000);
    assert_eq!(book.take_ready().unwrap().len(), 1, "the other one is due");
}

#[test]
fn what_came_behind_a_record_that_is_over_has_its_turn() {
    let mut book = ParkedBook::default();
    book.add(parked(1, 5, for_parent(1)), Again::No);
    book.wake(&parent(1));
    book.take_ready().unwrap();
    book.add(parked(1, 9, Wait::Turn), Again::No);
    assert!(book.take_ready().is_none(), "the first one is with the sink");
    book.end(&whose(1), &at(5));
    assert_eq!(book.take_ready().unwrap()[0].consumed.at.offset, 9);
}

#[test]
fn a_record_that_is_delivered_again_is_known_and_another_one_at_its_place_is_not() {
    let mut book = ParkedBook::default();
    book.add(parked(1, 5, for_parent(1)), Again::Yes);
    assert!(book.knows(&consumed(5)));
    assert!(!book.knows(&Consumed { timestamp: 99, ..consumed(5) }), "the topic was made anew");
    book.end(&whose(1), &at(5));
    assert!(book.knows(&consumed(5)), "it was over before it came again");
    assert!(!book.knows(&consumed(5)));
}

#[test]
fn a_revoked_partition_leaves_nothing_behind_and_the_oldest_is_named() {
    let mut book = ParkedBook::default();
    book.add(ParkedRecord { since: 20, ..parked(1, 5, for_parent(1)) }, Again::No);
    book.add(ParkedRecord { since: 10, ..parked(2, 6, for_parent(2)) }, Again::No);
    let (since, what) = book.oldest().unwrap();
    assert_eq!(since, 10);
    assert!(what.contains("00Q2 at a.Lead-0@6: X"), "{what}");
    book.revoke(&at(0).partition);
    assert_eq!((book.count(), book.parents().len()), (0, 0));
    book.wake_due(i64::MAX);
    assert!(book.take_ready().is_none());
}
