//! One queue per record id: what keeps a record's history in order.
//!
//! A lane gives out its first item and nothing more until that item is settled or put back at the front, so at
//! most one write per record is in flight and nothing later passes one that waits (D5). Lanes do not know what
//! they carry.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Deref;
use std::sync::Arc;

use slab::Slab;
use tokio::time::Instant;

/// Whose history a lane keeps in order. Clones share it: it lies with its item, wherever that is, and in several tables.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LaneKey(Arc<Whose>);

/// A record by the org that it comes from.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Whose {
    /// The 18-character id of the org the record comes from.
    pub(crate) org: String,
    /// The record's id there; unique in its org across objects.
    pub(crate) id: String,
}

impl LaneKey {
    /// The lane of the record `id` of `org`.
    pub(crate) fn new(org: impl Into<String>, id: impl Into<String>) -> Self {
        Self(Arc::new(Whose { org: org.into(), id: id.into() }))
    }
}

impl Deref for LaneKey {
    type Target = Whose;

    fn deref(&self) -> &Whose {
        &self.0
    }
}

/// All lanes of a sink. They lie in numbered places: what is ready is looked through for every call, and a number is found
/// without a look at keys.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    numbers: HashMap<LaneKey, usize>,
    lanes: Slab<Lane<T>>,
    ready: BTreeMap<u64, usize>,
    waiting: BTreeSet<(Instant, usize)>,
    places: u64,
}

/// The first item of a ready lane.
#[derive(Debug)]
pub(crate) struct Head<'a, T> {
    /// Its lane.
    pub(crate) key: &'a LaneKey,
    /// The item.
    pub(crate) item: &'a T,
    /// When it became the first of an idle lane.
    pub(crate) since: Instant,
}

#[derive(Debug)]
struct Lane<T> {
    key: LaneKey,
    queue: VecDeque<T>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its first item may be taken; `place` is its turn among the ready lanes.
    Ready { place: u64, since: Instant },
    /// An item of it is out.
    Busy,
    /// Its first item must not be taken before `until`.
    Waiting { until: Instant },
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            lanes: Slab::new(),
            ready: BTreeMap::new(),
            waiting: BTreeSet::new(),
            places: 0,
        }
    }
}

impl<T> Lanes<T> {
    /// Appends `item` to its lane.
    pub(crate) fn push(&mut self, key: LaneKey, item: T, now: Instant) {
        if let Some(number) = self.numbers.get(&key) {
            self.lanes[*number].queue.push_back(item);
            return;
        }
        let number = self.add(key);
        self.lanes[number].queue.push_back(item);
        self.make_ready(number, now);
    }

    /// The first items of the ready lanes, longest ready first.
    pub(crate) fn heads(&self) -> impl Iterator<Item = Head<'_, T>> {
        self.ready.values().filter_map(|number| {
            let Lane { key, queue, state } = self.lanes.get(*number)?;
            let State::Ready { since, .. } = *state else { return None };
            Some(Head { key, item: queue.front()?, since })
        })
    }

    /// Takes the first item of a ready lane; the lane is busy until [`Lanes::settle`] or [`Lanes::put_back`].
    pub(crate) fn take(&mut self, key: &LaneKey) -> Option<T> {
        let lane = &mut self.lanes[*self.numbers.get(key)?];
        let State::Ready { place, .. } = lane.state else { return None };
        self.ready.remove(&place);
        lane.state = State::Busy;
        let item = lane.queue.pop_front();
        if lane.queue.is_empty() {
            // Many lanes may have nothing but their item that is out.
            lane.queue = VecDeque::new();
        }
        item
    }

    /// The item that was taken is over; the next one's turn comes.
    pub(crate) fn settle(&mut self, key: &LaneKey, now: Instant) {
        let Some(number) = self.numbers.get(key).copied() else { return };
        if self.lanes[number].queue.is_empty() {
            self.numbers.remove(key);
            self.lanes.remove(number);
        } else {
            self.make_ready(number, now);
        }
    }

    /// Puts the item that was taken back at the front (D5); it waits until `until`, if given.
    pub(crate) fn put_back(&mut self, key: LaneKey, item: T, until: Option<Instant>, now: Instant) {
        let number = self.numbers.get(&key).copied();
        let number = number.unwrap_or_else(|| self.add(key));
        self.lanes[number].queue.push_front(item);
        match until {
            Some(until) => {
                self.waiting.insert((until, number));
                self.lanes[number].state = State::Waiting { until };
            }
            None => self.make_ready(number, now),
        }
    }

    /// Makes the lanes ready whose wait is over.
    pub(crate) fn wake(&mut self, now: Instant) {
        while self.next_wake().is_some_and(|until| until <= now) {
            let Some((_, number)) = self.waiting.pop_first() else { return };
            self.make_ready(number, now);
        }
    }

    /// When the next wait is over.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.waiting.first().map(|(until, _)| *until)
    }

    /// The item of a lane that came last, if it waits there.
    pub(crate) fn last_mut(&mut self, key: &LaneKey) -> Option<&mut T> {
        self.lanes[*self.numbers.get(key)?].queue.back_mut()
    }

    /// What lies in a lane behind the item that was taken, in order.
    pub(crate) fn queued(&self, key: &LaneKey) -> impl Iterator<Item = &T> {
        self.numbers.get(key).into_iter().flat_map(|number| &self.lanes[*number].queue)
    }

    /// As [`Lanes::queued`], to be changed.
    pub(crate) fn queued_mut(&mut self, key: &LaneKey) -> impl Iterator<Item = &mut T> {
        let lane = self.numbers.get(key).and_then(|number| self.lanes.get_mut(*number));
        lane.into_iter().flat_map(|lane| &mut lane.queue)
    }

    /// Puts the first item that lies in a lane behind the last one there that `goes_before` it.
    pub(crate) fn lower(&mut self, key: &LaneKey, goes_before: impl Fn(&T, &T) -> bool) {
        let Some(number) = self.numbers.get(key) else { return };
        let queue = &mut self.lanes[*number].queue;
        let Some(first) = queue.pop_front() else { return };
        let last = queue.iter().rposition(|other| goes_before(other, &first));
        queue.insert(last.map_or(0, |last| last + 1), first);
    }

    /// Takes those of what lies behind the item that was taken for which `which` holds, in order.
    pub(crate) fn take_queued(&mut self, key: &LaneKey, which: impl Fn(&T) -> bool) -> Vec<T> {
        let Some(number) = self.numbers.get(key) else { return Vec::new() };
        let lane = &mut self.lanes[*number];
        let (taken, left) = std::mem::take(&mut lane.queue).into_iter().partition::<Vec<T>, _>(which);
        lane.queue = left.into();
        taken
    }

    /// All lanes, each with what is queued in it, but for those whose first item waits.
    pub(crate) fn moving(&self) -> impl Iterator<Item = (&LaneKey, impl Iterator<Item = &T>)> {
        let lanes = self.lanes.iter().map(|(_, lane)| lane);
        let moving = lanes.filter(|lane| !matches!(lane.state, State::Waiting { .. }));
        moving.map(|lane| (&lane.key, lane.queue.iter()))
    }

    /// Drops queued items for which `keep` is false. Items that were taken are not touched, and their lanes stay busy.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let Self { numbers, lanes, ready, waiting, .. } = self;
        lanes.retain(|number, lane| {
            lane.queue.retain(&keep);
            match lane.state {
                _ if !lane.queue.is_empty() => return true,
                State::Busy => return true,
                State::Ready { place, .. } => drop(ready.remove(&place)),
                State::Waiting { until } => drop(waiting.remove(&(until, number))),
            }
            numbers.remove(&lane.key);
            false
        });
    }

    /// A lane of nothing yet.
    fn add(&mut self, key: LaneKey) -> usize {
        // Most lanes have one item at a time, and what carries it is large.
        let lane = Lane { key: key.clone(), queue: VecDeque::with_capacity(1), state: State::Busy };
        let number = self.lanes.insert(lane);
        self.numbers.insert(key, number);
        number
    }

    fn make_ready(&mut self, number: usize, since: Instant) {
        let place = self.places;
        self.places += 1;
        self.ready.insert(place, number);
        self.lanes[number].state = State::Ready { place, since };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn key(id: u8) -> LaneKey {
        LaneKey::new("00D", id.to_string())
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(u8),
        Take(usize),
        Settle(usize),
        PutBack(usize),
        PutBackLater(usize, u64),
        Pass(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (0..4_u8).prop_map(Step::Push),
            3 => (0..4_usize).prop_map(Step::Take),
            2 => (0..4_usize).prop_map(Step::Settle),
            1 => (0..4_usize).prop_map(Step::PutBack),
            1 => (0..4_usize, 1..50_u64).prop_map(|(place, wait)| Step::PutBackLater(place, wait)),
            1 => (1..50_u64).prop_map(Step::Pass),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        /// Whatever is retried, at whatever time: a lane settles its items in the order of their arrival, one at a time.
        #[test]
        fn items_of_a_lane_settle_in_order_under_random_retries(steps in steps()) {
            let mut lanes: Lanes<(u8, u32)> = Lanes::default();
            let mut now = Instant::now();
            let mut out: Vec<(u8, u32)> = Vec::new();
            let mut settled: HashMap<u8, Vec<u32>> = HashMap::new();
            let mut pushed: HashMap<u8, u32> = HashMap::new();
            for step in steps {
                match step {
                    Step::Push(id) => {
                        let count = pushed.entry(id).or_default();
                        lanes.push(key(id), (id, *count), now);
                        *count += 1;
                    }
                    Step::Take(place) => {
                        let head = lanes.heads().nth(place).map(|head| head.key.clone());
                        if let Some(key) = head {
                            let item = lanes.take(&key).unwrap();
                            prop_assert!(out.iter().all(|(id, _)| *id != item.0), "two items of one lane are out");
                            out.push(item);
                        }
                    }
                    Step::Settle(place) if place < out.len() => {
                        let (id, number) = out.remove(place);
                        settled.entry(id).or_default().push(number);
                        lanes.settle(&key(id), now);
                    }
                    Step::PutBack(place) if place < out.len() => {
                        let item = out.remove(place);
                        lanes.put_back(key(item.0), item, None, now);
                    }
                    Step::PutBackLater(place, wait) if place < out.len() => {
                        let item = out.remove(place);
                        lanes.put_back(key(item.0), item, Some(now + Duration::from_millis(wait)), now);
                    }
                    Step::Pass(time) => {
                        now += Duration::from_millis(time);
                        lanes.wake(now);
                    }
                    _ => {}
                }
            }
            for (id, number) in out.drain(..) {
                settled.entry(id).or_default().push(number);
                lanes.settle(&key(id), now);
            }
            lanes.wake(now + Duration::from_secs(1));
            loop {
                let Some(key) = lanes.heads().next().map(|head| head.key.clone()) else { break };
                let (id, number) = lanes.take(&key).unwrap();
                settled.entry(id).or_default().push(number);
                lanes.settle(&key, now);
            }
            for (id, count) in pushed {
                prop_assert_eq!(settled.remove(&id).unwrap_or_default(), (0..count).collect::<Vec<_>>());
            }
            prop_assert!(lanes.numbers.is_empty() && lanes.lanes.is_empty() && lanes.ready.is_empty() && lanes.waiting.is_empty());
        }
    }

    #[test]
    fn dropped_items_leave_no_lane_behind_and_busy_lanes_stay_busy() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for (id, item) in [(1, 'a'), (1, 'b'), (2, 'b'), (3, 'a'), (3, 'b')] {
            lanes.push(key(id), item, now);
        }
        assert_eq!(lanes.take(&key(1)), Some('a'));
        lanes.retain(|item| *item == 'a');
        assert_eq!(lanes.heads().map(|head| *head.item).collect::<Vec<_>>(), ['a']);
        lanes.push(key(1), 'c', now);
        assert_eq!(lanes.take(&key(1)), None, "an item of the lane is still out");
        lanes.settle(&key(1), now);
        assert_eq!(lanes.take(&key(1)), Some('c'));
    }
}
