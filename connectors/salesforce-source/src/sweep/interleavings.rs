//! What sweeps promise, whatever comes between their steps: a model of an org, a stream that loses events, and crashes.
//!
//! The windows, the memory of what was produced and the rule for what counts as produced are the real ones; only the
//! org's answers are made here.

use std::collections::{BTreeMap, HashMap};

use orgstream_api::Stamp;
use orgstream_salesforce::SalesforceId;
use proptest::prelude::*;

use super::{Feeder, Run, Sweeps};
use crate::config::{Start, SweepConfig};
use crate::gap::Gaps;
use crate::moment::Moment;
use crate::recent::Known;
use crate::standing::Standing;
use crate::sweep::rows::After;
use crate::sweep::run::Part;

const RECORDS: usize = 4;

/// Rows of one page of the model's org.
const PAGE: usize = 2;

/// The longest transaction of an org, in seconds.
const TRANSACTION: i64 = 600;

const BEGIN: i64 = 1_767_262_830;

#[derive(Debug, Clone)]
enum Step {
    /// Time passes, in seconds.
    Tick(i64),
    /// A record is changed or deleted; that is seen `commits` seconds later, and raises an event that comes or not.
    Change { record: usize, lives: bool, commits: i64, comes: bool },
    /// The stream brings its next event.
    Stream,
    /// A sweep is begun, or goes on by a page.
    Sweep { wanted: bool },
    /// The process is killed between two commits.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1_i64..90).prop_map(Step::Tick),
        1 => (90_i64..2_000).prop_map(Step::Tick),
        4 => (0..RECORDS, prop::bool::weighted(0.7), prop_oneof![3 => Just(0), 1 => 0..TRANSACTION], any::<bool>())
            .prop_map(|(record, lives, commits, comes)| Step::Change { record, lives, commits, comes }),
        3 => Just(Step::Stream),
        4 => any::<bool>().prop_map(|wanted| Step::Sweep { wanted }),
        1 => Just(Step::Crash),
    ]
}

/// A state with the number of the change that made it, which the org does not tell.
type Version = (usize, Standing);

/// An org, a topic, and one object's sweeps.
struct Model {
    feeder: Feeder,
    now: i64,
    changes: usize,
    /// What the org shows of each record; `None` before it was made.
    rows: [Option<Version>; RECORDS],
    /// Changes that are not committed yet, by when they are.
    open: BTreeMap<(i64, usize), (usize, Version, bool)>,
    /// Records whose events are on their way.
    events: Vec<usize>,
    topic: Vec<(usize, Version)>,
    known: HashMap<usize, Known>,
    sweeps: Sweeps,
    /// The sweep under way.
    run: Option<Run>,
}

impl Model {
    fn new(feeder: Feeder) -> Self {
        let mut sweeps = Sweeps::new(SweepConfig::default(), feeder, None);
        sweeps.begin(at(BEGIN), Start::Snapshot);
        Self {
            feeder,
            now: BEGIN,
            changes: 0,
            rows: [None; RECORDS],
            open: BTreeMap::new(),
            events: Vec::new(),
            topic: Vec::new(),
            known: HashMap::new(),
            sweeps,
            run: None,
        }
    }

    fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        while let Some(first) = self.open.first_entry()
            && first.key().0 <= self.now
        {
            let (record, version, comes) = first.remove();
            self.rows[record] = Some(version);
            if comes && self.feeder == Feeder::Channel {
                self.events.push(record);
            }
        }
    }

    fn change(&mut self, record: usize, lives: bool, commits: i64, comes: bool) {
        // Who changes a record locks it, and only what lives can be deleted.
        let is_locked = self.open.values().any(|(locked, ..)| *locked == record);
        let before = self.rows[record].map(|(_, standing)| standing);
        let lives = lives || before.is_none_or(Standing::is_deleted);
        // What cannot be told apart by stamps: two changes within a second of which the stream loses one, or of which one
        // is committed long after it.
        let is_same = before.is_some_and(|before| before.stamp().0 == self.now);
        if is_locked || (is_same && (self.feeder == Feeder::Channel || commits > 0)) {
            return;
        }
        self.changes += 1;
        let stamp = Stamp(self.now);
        let standing = if lives { Standing::Row(stamp) } else { Standing::Deleted(stamp) };
        self.open.insert((self.now + commits, self.changes), (record, (self.changes, standing), comes));
        self.pass(0);
    }

    fn produce(&mut self, record: usize) {
        if let Some(version) = self.rows[record] {
            self.topic.push((record, version));
            self.known.insert(record, Known { standing: version.1, whole: true });
        }
    }

    fn stream(&mut self) {
        if !self.events.is_empty() {
            let record = self.events.remove(0);
            // Read by its id; a row that is gone by then is left to its delete event, which may not come.
            if self.rows[record].is_some_and(|(_, standing)| !standing.is_deleted()) {
                self.produce(record);
            }
        }
    }

    fn sweep(&mut self, wanted: bool) {
        if wanted {
            self.sweeps.want();
        }
        let run = self.run.take().or_else(|| self.sweeps.take(&Gaps::default(), false, at(self.now)));
        let mut run = run.expect("its object has begun");
        let Part::Rows(after) = run.part.clone() else { unreachable!("rows are all the model has") };
        let page = self.page(&run, after);
        if after.is_none() {
            run.read = Some(at(self.now));
        }
        for record in &page {
            let shown = self.rows[*record].expect("it is shown").1;
            if !self.known.get(record).is_some_and(|known| known.covers(shown, run.certainty)) {
                self.produce(*record);
            }
        }
        if let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            run.part = Part::Rows(Some(self.place(*last)));
            self.run = Some(run);
            return;
        }
        let before = self.sweeps.position.expect("it has begun").through;
        let read = run.read.expect("its first page was read");
        self.sweeps.done(run.window.through(before, read, None), Some(read), None);
    }

    fn page(&self, run: &Run, after: Option<After>) -> Vec<usize> {
        let is_wanted = |record: &usize| {
            self.rows[*record].is_some()
                && self.place(*record).0 >= run.window.from
                && run.window.until.is_none_or(|until| self.place(*record).0 <= until)
                && after.is_none_or(|after| self.place(*record) > after)
        };
        let mut page: Vec<usize> = (0..RECORDS).filter(is_wanted).collect();
        page.sort_by_key(|record| self.place(*record));
        page.truncate(PAGE);
        page
    }

    fn place(&self, record: usize) -> After {
        let stamp = self.rows[record].map_or(0, |(_, standing)| standing.stamp().0);
        (at(stamp), SalesforceId::parse(&format!("001{record:012}")).expect("an id"))
    }

    /// What is committed stays: the topic and the place of the sweeps. What was produced is read back.
    fn crash(&mut self) {
        let stored = self.sweeps.position.map(|position| (position, self.feeder));
        self.sweeps = Sweeps::new(SweepConfig::default(), self.feeder, stored);
        self.run = None;
        self.known.clear();
        for (record, (_, standing)) in &self.topic {
            self.known.insert(*record, Known { standing: *standing, whole: true });
        }
    }
}

fn at(second: i64) -> Moment {
    Moment(second * 1_000)
}

fn ends_in_the_orgs_state(feeder: Feeder, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut model = Model::new(feeder);
    for step in steps {
        match step {
            Step::Tick(seconds) => model.pass(seconds),
            Step::Change { record, lives, commits, comes } => model.change(record, lives, commits, comes),
            Step::Stream => model.stream(),
            Step::Sweep { wanted } => model.sweep(wanted),
            Step::Crash => model.crash(),
        }
    }
    // All transactions end, and one more sweep is made, as the schedule would.
    model.pass(TRANSACTION + 1);
    for last in [false, true] {
        while model.run.is_some() {
            model.sweep(false);
        }
        if !last {
            model.sweep(true);
        }
    }
    let mut last: HashMap<usize, Version> = HashMap::new();
    for (record, version) in &model.topic {
        let before = last.insert(*record, *version);
        prop_assert!(before.is_none_or(|before| before.0 <= version.0), "{:?}", model.topic);
    }
    for (record, row) in model.rows.iter().enumerate() {
        match (row, last.get(&record)) {
            // It was deleted before, and it is again.
            (Some((_, Standing::Deleted(_))), Some((_, Standing::Deleted(_)))) => {}
            (row, last) => prop_assert_eq!(last, row.as_ref(), "record {} of {:?}", record, model.topic),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever events are lost, transactions end late and processes are killed, sweeps bring each record to the state
    /// that the org has, no version behind a newer one, no delete of what lives.
    #[test]
    fn sweeps_bring_what_the_stream_loses(steps in prop::collection::vec(step(), 1..80)) {
        ends_in_the_orgs_state(Feeder::Channel, steps)?;
    }

    /// The same where nothing else brings anything, be it several changes within one second.
    #[test]
    fn polls_bring_every_last_state(steps in prop::collection::vec(step(), 1..80)) {
        ends_in_the_orgs_state(Feeder::Polls, steps)?;
    }
}
