//! Which records go into which call: of one object, for one operation, one of each record id.
//!
//! Pure. A call costs the same with one record and with a thousand, so the more calls of a group are under way, the fuller the
//! next one has to be to start at once; a group that is not so full waits a moment for more records. Records with the same
//! parent go together, since the org locks the parent for as long as one of its children is written. A record that met
//! trouble travels with fewer and fewer others, in the end alone.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use orgstream_salesforce::COLLECTION;
use tokio::time::Instant;

use crate::cut::BODY;
use crate::lanes::LaneKey;

/// How long a group waits after its latest record for another one.
const LINGER: Duration = Duration::from_millis(200);

/// How long a group's oldest record waits at most, however steadily others arrive.
const LINGER_AT_MOST: Duration = Duration::from_secs(1);

/// How long a record waits for others when there were none of its group for [`LINGER_AT_MOST`]: what people change one by
/// one is not held back for what hardly comes.
const LINGER_AFTER_QUIET: Duration = Duration::from_millis(20);

/// What a record needs from org B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A write of its fields by external id.
    Upsert,
    /// A write of its fields, only if org B has it.
    Update,
    /// To come back from the recycle bin, then a write of its fields by external id.
    Undelete,
    /// To be made as a new record, whatever org B has.
    Insert,
    /// To be made as a new record unless its link says that org B has it.
    Create,
    /// To go to the recycle bin.
    Delete,
    /// To come back from the recycle bin, or to go there again, as its link says.
    Straighten,
    /// A reference that was owed.
    Pay,
    /// Nothing, or to go to the recycle bin: the filter does not hold for it.
    Leave,
}

/// What the records of a call have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group {
    /// Parents go before their children.
    pub(crate) rank: u32,
    /// The object, by its place in the configuration.
    pub(crate) object: usize,
    /// The operation.
    pub(crate) kind: Kind,
}

/// A record that may be written now.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// Its lane.
    pub(crate) key: &'a LaneKey,
    /// Its group.
    pub(crate) group: Group,
    /// The most records that a call with it has, itself included.
    pub(crate) most: usize,
    /// What stands for the record that it points at first.
    pub(crate) parent: Option<u64>,
    /// Since when it may be written.
    pub(crate) since: Instant,
    /// About how many bytes it has.
    pub(crate) size: usize,
    /// Whether it may be a row of a bulk job.
    pub(crate) bulk: bool,
}

/// What may start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Calls.
    pub(crate) slots: usize,
    /// Records in each of them.
    pub(crate) records: usize,
}

/// The calls of each group: how many are under way, and when the last one began.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    by_group: HashMap<Group, Lately>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Lately {
    under_way: usize,
    last: Option<Instant>,
}

/// What to do now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The calls to start, each with the lanes of its records.
    pub(crate) calls: Vec<(Group, Vec<LaneKey>)>,
    /// When to plan again if nothing else happens.
    pub(crate) wake: Option<Instant>,
}

/// Records of a group that go into one call, unless they are too many.
#[derive(Debug)]
struct Waiting<'a> {
    keys: Vec<&'a LaneKey>,
    bytes: usize,
    oldest: Instant,
    latest: Instant,
}

impl Traffic {
    /// A call of `group` begins.
    pub(crate) fn begins(&mut self, group: Group, now: Instant) {
        let lately = self.by_group.entry(group).or_default();
        lately.under_way += 1;
        lately.last = Some(now);
    }

    /// A call of `group` is over.
    pub(crate) fn ends(&mut self, group: Group) {
        if let Some(lately) = self.by_group.get_mut(&group) {
            lately.under_way = lately.under_way.saturating_sub(1);
        }
    }

    fn lately(&self, group: Group) -> Lately {
        self.by_group.get(&group).copied().unwrap_or_default()
    }
}

impl<'a> Waiting<'a> {
    fn new(first: &Candidate<'a>) -> Self {
        Self { keys: vec![first.key], bytes: first.size, oldest: first.since, latest: first.since }
    }

    fn add(&mut self, next: &Candidate<'a>) {
        self.keys.push(next.key);
        self.bytes += next.size;
        self.oldest = self.oldest.min(next.since);
        self.latest = self.latest.max(next.since);
    }

    fn is_full(&self, most: usize) -> bool {
        self.keys.len() >= most || self.bytes >= BODY
    }

    fn into_keys(self) -> Vec<LaneKey> {
        self.keys.into_iter().cloned().collect()
    }

    /// When the group may start though it is not full.
    fn due(&self, lately: Lately) -> Instant {
        let quiet =
            lately.under_way == 0 && lately.last.is_none_or(|last| self.oldest > last + LINGER_AT_MOST);
        if quiet {
            return self.oldest + LINGER_AFTER_QUIET;
        }
        (self.latest + LINGER).min(self.oldest + LINGER_AT_MOST)
    }
}

/// Plans calls from `candidates`, which come in the order of their turn.
pub(crate) fn plan<'a>(
    candidates: impl Iterator<Item = Candidate<'a>>,
    limits: Limits,
    traffic: &Traffic,
    now: Instant,
) -> Plan {
    let mut plan = Plan::default();
    if limits.slots == 0 {
        return plan;
    }
    let mut groups: BTreeMap<(Group, usize), Vec<Candidate<'a>>> = BTreeMap::new();
    for candidate in candidates {
        let most = candidate.most.min(limits.records);
        groups.entry((candidate.group, most)).or_default().push(candidate);
    }
    // Of what is full, what waits longest has its turn first.
    let (mut full, mut rest) = (Vec::new(), Vec::new());
    for ((group, most), candidates) in groups {
        let mut calls = into_calls(candidates, most);
        let last = calls.pop_if(|last| !last.is_full(most));
        full.extend(calls.into_iter().map(|call| (group, call)));
        rest.extend(last.map(|call| (group, most, call)));
    }
    full.sort_by_key(|(_, call)| call.oldest);
    let mut begun: HashMap<Group, usize> = HashMap::new();
    for (group, call) in full.into_iter().take(limits.slots) {
        *begun.entry(group).or_default() += 1;
        plan.calls.push((group, call.into_keys()));
    }
    for (group, most, waiting) in rest {
        if plan.calls.len() == limits.slots {
            return plan;
        }
        let lately = traffic.lately(group);
        let under_way = lately.under_way + begun.get(&group).copied().unwrap_or_default();
        let enough = (COLLECTION * (under_way + 1)).min(most);
        let due = waiting.due(lately);
        if waiting.keys.len() >= enough || due <= now {
            plan.calls.push((group, waiting.into_keys()));
        } else {
            plan.wake = Some(plan.wake.map_or(due, |wake| wake.min(due)));
        }
    }
    plan
}

/// Cuts the candidates of a group into calls in the order of their turn, but for those with the same parent: they go with
/// the first of them, unless they are more than a call takes.
fn into_calls(candidates: Vec<Candidate<'_>>, most: usize) -> Vec<Waiting<'_>> {
    let mut calls: Vec<Waiting<'_>> = Vec::new();
    for family in families(candidates, most) {
        let bytes: usize = family.iter().map(|candidate| candidate.size).sum();
        let fits = |call: &&mut Waiting<'_>| {
            !call.is_full(most) && call.keys.len() + family.len() <= most && call.bytes + bytes <= BODY
        };
        let mut call = calls.pop_if(|last| fits(&last));
        for candidate in &family {
            call = match call.take() {
                Some(mut call) if !call.is_full(most) => {
                    call.add(candidate);
                    Some(call)
                }
                full => {
                    calls.extend(full);
                    Some(Waiting::new(candidate))
                }
            };
        }
        calls.extend(call);
    }
    calls
}

/// Puts together what has the same parent. Where all go into one call, the order does not matter.
fn families(candidates: Vec<Candidate<'_>>, most: usize) -> Vec<Vec<Candidate<'_>>> {
    if candidates.len() <= most {
        return vec![candidates];
    }
    let mut families: Vec<Vec<Candidate<'_>>> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    for candidate in candidates {
        let known = candidate.parent.map(|parent| *places.entry(parent).or_insert(families.len()));
        match known.and_then(|place| families.get_mut(place)) {
            Some(family) => family.push(candidate),
            None => families.push(vec![candidate]),
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UPSERT: Group = Group { rank: 0, object: 0, kind: Kind::Upsert };
    const CHILD: Group = Group { rank: 1, object: 1, kind: Kind::Upsert };

    fn keys(count: usize) -> Vec<LaneKey> {
        (0..count).map(|number| LaneKey::new("00D", number.to_string())).collect()
    }

    fn candidates(keys: &[LaneKey], group: Group, since: Instant) -> impl Iterator<Item = Candidate<'_>> {
        keys.iter().map(move |key| Candidate {
            key,
            group,
            most: usize::MAX,
            parent: None,
            since,
            size: 100,
            bulk: false,
        })
    }

    fn sizes(plan: &Plan) -> Vec<usize> {
        plan.calls.iter().map(|(_, keys)| keys.len()).collect()
    }

    fn slots(slots: usize) -> Limits {
        Limits { slots, records: 1_000 }
    }

    /// Of a group that had its last call at this moment, with so many under way.
    fn busy(group: Group, under_way: usize, last: Instant) -> Traffic {
        Traffic { by_group: HashMap::from([(group, Lately { under_way, last: Some(last) })]) }
    }

    #[test]
    fn full_groups_start_at_once_and_the_rest_lingers() {
        let now = Instant::now();
        let keys = keys(2_050);
        let traffic = busy(UPSERT, 0, now);
        let plan_now = plan(candidates(&keys, UPSERT, now), slots(4), &traffic, now);
        assert_eq!(sizes(&plan_now), [1_000, 1_000]);
        assert_eq!(plan_now.wake, Some(now + LINGER));
        let later = plan(candidates(&keys[2_000..], UPSERT, now), slots(4), &traffic, now + LINGER);
        assert_eq!(sizes(&later), [50]);
    }

    #[test]
    fn the_more_calls_are_under_way_the_fuller_is_the_next_one() {
        let now = Instant::now();
        let keys = keys(500);
        let planned = |under_way| {
            sizes(&plan(candidates(&keys, UPSERT, now), slots(4), &busy(UPSERT, under_way, now), now))
        };
        assert_eq!((planned(0), planned(1), planned(2)), (vec![500], vec![500], vec![]));
    }

    #[test]
    fn what_is_large_is_a_call_of_its_own() {
        let now = Instant::now();
        let keys = keys(6);
        let large = keys.iter().map(|key| Candidate {
            key,
            group: UPSERT,
            most: usize::MAX,
            parent: None,
            since: now,
            size: BODY / 2,
            bulk: false,
        });
        assert_eq!(sizes(&plan(large, slots(4), &Traffic::default(), now)), [2, 2, 2]);
    }

    #[test]
    fn no_more_calls_than_slots() {
        let now = Instant::now();
        let keys = keys(3_000);
        let planned = |slots| {
            plan(candidates(&keys, UPSERT, now), Limits { slots, records: 200 }, &Traffic::default(), now)
        };
        assert_eq!(sizes(&planned(2)), [200, 200]);
        assert_eq!(planned(0), Plan::default());
    }

    #[test]
    fn a_steady_trickle_is_not_held_back_for_ever() {
        let start = Instant::now();
        let keys = keys(2);
        let now = start + LINGER_AT_MOST;
        let trickle = [(0, start), (1, now)].map(|(index, since)| Candidate {
            key: &keys[index],
            group: UPSERT,
            most: usize::MAX,
            parent: None,
            since,
            size: 100,
            bulk: false,
        });
        assert_eq!(sizes(&plan(trickle.into_iter(), slots(4), &busy(UPSERT, 0, start), now)), [2]);
    }

    #[test]
    fn a_single_change_after_a_quiet_time_hardly_waits() {
        let start = Instant::now();
        let keys = keys(1);
        let traffic = busy(UPSERT, 0, start);
        let wake = |since: Instant| plan(candidates(&keys, UPSERT, since), slots(4), &traffic, since).wake;
        let (soon, late) = (start + LINGER_AT_MOST, start + LINGER_AT_MOST + LINGER);
        assert_eq!(wake(soon), Some(soon + LINGER));
        assert_eq!(wake(late), Some(late + LINGER_AFTER_QUIET));
    }

    #[test]
    fn objects_never_share_a_call_and_parents_go_first() {
        let now = Instant::now();
        let (children, parents) = (keys(3), keys(2));
        let both = candidates(&children, CHILD, now).chain(candidates(&parents, UPSERT, now));
        let plan = plan(both, slots(4), &Traffic::default(), now + LINGER);
        assert_eq!(plan.calls.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [UPSERT, CHILD]);
        assert_eq!(sizes(&plan), [2, 3]);
    }

    #[test]
    fn records_with_the_same_parent_go_in_one_call() {
        let now = Instant::now();
        let keys = keys(2_500);
        // Every parent's children lie far apart.
        let parent = |number: usize| Some(u64::try_from(number % 5).expect("small"));
        let children = keys.iter().enumerate().map(|(number, key)| Candidate {
            key,
            group: CHILD,
            most: usize::MAX,
            parent: parent(number),
            since: now,
            size: 100,
            bulk: false,
        });
        let plan = plan(children, slots(4), &Traffic::default(), now + LINGER);
        assert_eq!(sizes(&plan), [1_000, 1_000, 500]);
        let mut seen = BTreeMap::new();
        for (call, (_, keys)) in plan.calls.iter().enumerate() {
            for key in keys {
                let of = parent(key.id.parse().expect("a number"));
                assert_eq!(*seen.entry(of).or_insert(call), call, "children of {of:?} are in two calls");
            }
        }
    }

    proptest! {
        /// No record is in two calls, no call is larger than one of its records bears, and one with all of a parent's children
        /// in it is cut only where they are too many.
        #[test]
        fn calls_are_no_larger_than_their_records_bear(
            records in proptest::collection::vec((0..4_u64, 0..3_usize, 1..BODY / 3), 0..60),
            limit in 1..12_usize,
        ) {
            let now = Instant::now();
            let keys = keys(records.len());
            let most = [usize::MAX, 5, 1];
            let candidates = keys.iter().zip(&records).map(|(key, &(parent, trouble, size))| Candidate {
                key,
                group: UPSERT,
                most: most[trouble],
                parent: (parent > 0).then_some(parent),
                since: now,
                size,
                bulk: false,
            });
            let limits = Limits { slots: usize::MAX, records: limit };
            let plan = plan(candidates, limits, &Traffic::default(), now + LINGER_AT_MOST);
            let of = |key: &LaneKey| records[key.id.parse::<usize>().expect("a number")];
            let mut planned: Vec<&LaneKey> = plan.calls.iter().flat_map(|(_, keys)| keys).collect();
            prop_assert_eq!(planned.len(), records.len());
            planned.sort_by_key(|key| &key.id);
            planned.dedup();
            prop_assert_eq!(planned.len(), records.len());
            for (_, keys) in &plan.calls {
                let bears = keys.iter().map(|key| most[of(key).1]).min().unwrap_or(0);
                prop_assert!(keys.len() <= bears.min(limit));
                // The last one may reach beyond.
                let bytes: usize = keys[1..].iter().map(|key| of(key).2).sum();
                prop_assert!(keys.len() == 1 || bytes < BODY + BODY / 3);
            }
        }
    }

    #[test]
    fn a_record_in_trouble_travels_alone() {
        let now = Instant::now();
        let keys = keys(3);
        let mixed = keys.iter().enumerate().map(|(number, key)| Candidate {
            key,
            group: UPSERT,
            most: if number == 1 { 1 } else { usize::MAX },
            parent: None,
            since: now,
            size: 100,
            bulk: false,
        });
        assert_eq!(sizes(&plan(mixed, slots(4), &Traffic::default(), now + LINGER)), [1, 2]);
    }
}
