//! Which deletions may be written: those that come after every change that could have to do with their record.
//!
//! Topics have no order among each other, and lanes keep only that of one record. A deletion takes others along: the
//! children that org B deletes with it, and the look-ups that it empties. So it waits for what was there before it of the
//! objects that refer to it: first for the inputs to be read up to where they ended when it came (its [`Mark`]), then for the
//! changes that came by then, and for the deletions among them of objects that rank below its own.
//!
//! Nobody waits for a record in retry or for what its partition holds behind it, nor for what lies behind a deletion in its
//! lane, so that nothing waits in a circle.

use std::collections::{BTreeMap, HashMap};

use orgstream_api::Mark;

use crate::plan::Kind;

/// How many marks are remembered. Where one is forgotten the next one, which is further, counts: a deletion that waits for
/// so long waits for newer changes, too.
const MARKS: usize = 64;

/// When an item came, in the order of all items of the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrival(u64);

/// What a change is to the deletions that may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When it came.
    pub(crate) arrival: Arrival,
    /// Its object, by its place in the configuration.
    pub(crate) object: usize,
    /// What it needs.
    pub(crate) kind: Kind,
    /// What a deletion that may have to wait waits for.
    pub(crate) after: Option<Mark>,
}

/// The marks of the deletions in the sink.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    arrivals: u64,
    next: u64,
    asking: bool,
    /// The first item that came after a mark was reached.
    reached: BTreeMap<Mark, Arrival>,
}

/// How far the inputs are to be read for a deletion to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// To its mark.
    Marks,
    /// As far as they are: so many deletions wait that what they wait for has no room.
    Now,
}

/// The oldest changes that deletions may wait for, by object.
#[derive(Debug, Default)]
pub(crate) struct Oldest {
    writes: HashMap<usize, Arrival>,
    deletions: HashMap<usize, Arrival>,
}

impl Holds {
    /// The standing of a change of `object` that comes now; `referrers` are the objects that may point at its record.
    pub(crate) fn arrive(&mut self, object: usize, kind: Kind, referrers: &[usize]) -> Standing {
        let arrival = self.arrival();
        let waits = kind == Kind::Delete && !referrers.is_empty();
        self.asking |= waits;
        Standing { arrival, object, kind, after: waits.then_some(Mark(self.next)) }
    }

    fn arrival(&mut self) -> Arrival {
        self.arrivals += 1;
        Arrival(self.arrivals)
    }

    /// The mark that deletions wait for which came since the last one was asked for.
    pub(crate) fn ask(&mut self) -> Option<Mark> {
        let mark = std::mem::take(&mut self.asking).then_some(Mark(self.next))?;
        self.next += 1;
        Some(mark)
    }

    /// Everything before `mark` is in the sink.
    pub(crate) fn reached(&mut self, mark: Mark) {
        let after = self.arrival();
        self.reached.insert(mark, after);
        while self.reached.len() > MARKS {
            self.reached.pop_first();
        }
    }

    /// Whether a change may be written now, with `oldest` still to be written. `referrers` are the objects that may point
    /// at its record, `is_below` says which of them rank below its own.
    pub(crate) fn lets_go(
        &self,
        standing: &Standing,
        until: Until,
        oldest: &Oldest,
        referrers: &[usize],
        is_below: impl Fn(usize) -> bool,
    ) -> bool {
        let Some(mark) = standing.after else { return true };
        let reached = self.reached.range(mark..).next().map(|(_, arrival)| *arrival);
        let last = match until {
            Until::Marks => reached,
            Until::Now => Some(standing.arrival),
        };
        let Some(last) = last else { return false };
        let settled = |oldest: &HashMap<usize, Arrival>, object: &usize| {
            oldest.get(object).is_none_or(|arrival| *arrival > last)
        };
        referrers.iter().all(|object| {
            settled(&oldest.writes, object) && (!is_below(*object) || settled(&oldest.deletions, object))
        })
    }
}

impl Oldest {
    /// Takes in the changes of one lane, in order, the one in a call first.
    pub(crate) fn lane<'a>(&mut self, changes: impl Iterator<Item = &'a Standing>) {
        for change in changes {
            let of_kind = if change.kind == Kind::Delete { &mut self.deletions } else { &mut self.writes };
            let oldest = of_kind.entry(change.object).or_insert(change.arrival);
            *oldest = (*oldest).min(change.arrival);
            if change.after.is_some() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;
    use crate::rank::ranks;

    /// A schema of up to four objects: which refer to which.
    fn parents() -> impl Strategy<Value = Vec<Vec<usize>>> {
        proptest::collection::vec(proptest::collection::vec(0..4_usize, 0..3), 4)
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// A change of one of three records of an object comes.
        Come { object: usize, record: usize, deletes: bool },
        /// One of the lanes that may go on does.
        Go(usize),
        /// The inputs are read to where they were.
        Reach,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let come = (0..4_usize, 0..3_usize, any::<bool>()).prop_map(|(object, record, deletes)| Step::Come {
            object,
            record,
            deletes,
        });
        let step = prop_oneof![4 => come, 2 => (0..12_usize).prop_map(Step::Go), 1 => Just(Step::Reach)];
        proptest::collection::vec(step, 0..80)
    }

    struct Model {
        holds: Holds,
        marks: Vec<Mark>,
        lanes: Vec<VecDeque<Standing>>,
        parents: Vec<Vec<usize>>,
        ranks: Vec<u32>,
    }

    impl Model {
        fn new(parents: Vec<Vec<usize>>) -> Self {
            let ranks = ranks(&parents);
            let lanes = vec![VecDeque::new(); 12];
            Self { holds: Holds::default(), marks: Vec::new(), lanes, parents, ranks }
        }

        fn referrers(&self, object: usize) -> Vec<usize> {
            (0..self.parents.len()).filter(|other| self.parents[*other].contains(&object)).collect()
        }

        fn come(&mut self, object: usize, record: usize, kind: Kind) {
            let standing = self.holds.arrive(object, kind, &self.referrers(object));
            self.lanes[object * 3 + record].push_back(standing);
            self.marks.extend(self.holds.ask());
        }

        fn reach(&mut self) {
            self.marks.drain(..).for_each(|mark| self.holds.reached(mark));
        }

        /// The lanes whose first change may be written.
        fn free(&self, until: Until) -> Vec<usize> {
            let mut oldest = Oldest::default();
            self.lanes.iter().for_each(|lane| oldest.lane(lane.iter()));
            let lets_go = |standing: &Standing| {
                let below = |object: usize| self.ranks[object] > self.ranks[standing.object];
                self.holds.lets_go(standing, until, &oldest, &self.referrers(standing.object), below)
            };
            let lanes = self.lanes.iter().enumerate();
            lanes.filter(|(_, lane)| lane.front().is_some_and(lets_go)).map(|(at, _)| at).collect()
        }

        /// Writes the first change of a lane; whatever it had to wait for is written.
        fn write(&mut self, lane: usize) {
            let Some(written) = self.lanes[lane].pop_front() else { return };
            if written.after.is_none() {
                return;
            }
            for object in self.referrers(written.object) {
                for lane in &self.lanes[object * 3..object * 3 + 3] {
                    let first = lane.front().filter(|first| first.arrival < written.arrival);
                    let waited_for = first.is_some_and(|first| {
                        first.kind != Kind::Delete || self.ranks[object] > self.ranks[written.object]
                    });
                    assert!(!waited_for, "{written:?} passed {first:?}");
                }
            }
        }
    }

    proptest! {
        /// Whatever comes in whatever order: a deletion passes nothing older that it waits for, and nothing waits in a circle.
        #[test]
        fn deletions_wait_for_older_changes_and_never_for_each_other(
            parents in parents(),
            steps in steps(),
            until in prop_oneof![Just(Until::Marks), Just(Until::Now)],
        ) {
            let mut model = Model::new(parents);
            for step in steps {
                match step {
                    Step::Come { object, record, deletes } => {
                        model.come(object, record, if deletes { Kind::Delete } else { Kind::Upsert });
                    }
                    Step::Go(nth) => {
                        let free = model.free(Until::Marks);
                        if !free.is_empty() {
                            model.write(free[nth % free.len()]);
                        }
                    }
                    Step::Reach => model.reach(),
                }
            }
            if until == Until::Marks {
                model.reach();
            }
            while model.lanes.iter().any(|lane| !lane.is_empty()) {
                let free = model.free(until);
                prop_assert!(!free.is_empty(), "all wait: {:?}", model.lanes);
                model.write(free[0]);
            }
        }
    }
}
