//! Which records go into which call: at most 200, of one object, for one operation, one of each record id.
//!
//! Pure. A group that is not full waits a moment for more records, because a call costs the same with one record
//! and with 200. A record whose call failed for its own sake travels alone, so that it fails no other.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::lanes::LaneKey;

/// Records one call takes.
pub(crate) const CALL_SIZE: usize = 200;

/// How long a group waits after its latest record for another one.
const LINGER: Duration = Duration::from_millis(200);

/// How long a group's oldest record waits at most, however steadily others arrive.
const LINGER_AT_MOST: Duration = Duration::from_secs(1);

/// What a record needs from org B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A write of its fields by external id.
    Upsert,
    /// A write of its fields, only if org B has it.
    Update,
    /// To come back from the recycle bin, then a write of its fields by external id.
    Undelete,
    /// To go to the recycle bin.
    Delete,
    /// To come back from the recycle bin if it is there.
    FetchBack,
    /// A reference that was owed.
    Pay,
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
    /// Whether it must travel alone.
    pub(crate) alone: bool,
    /// Since when it may be written.
    pub(crate) since: Instant,
}

/// What to do now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The calls to start, each with the lanes of its records.
    pub(crate) calls: Vec<(Group, Vec<LaneKey>)>,
    /// When to plan again if nothing else happens.
    pub(crate) wake: Option<Instant>,
}

#[derive(Debug)]
struct Waiting<'a> {
    keys: Vec<&'a LaneKey>,
    oldest: Instant,
    latest: Instant,
}

/// Plans at most `slots` calls from `candidates`, which come in the order of their turn.
pub(crate) fn plan<'a>(candidates: impl Iterator<Item = Candidate<'a>>, slots: usize, now: Instant) -> Plan {
    let mut plan = Plan::default();
    if slots == 0 {
        return plan;
    }
    let mut groups: BTreeMap<Group, Waiting<'a>> = BTreeMap::new();
    for candidate in candidates {
        if plan.calls.len() == slots {
            return plan;
        }
        if candidate.alone {
            plan.calls.push((candidate.group, vec![candidate.key.clone()]));
            continue;
        }
        let waiting = groups.entry(candidate.group).or_insert_with(|| Waiting {
            keys: Vec::new(),
            oldest: candidate.since,
            latest: candidate.since,
        });
        waiting.keys.push(candidate.key);
        waiting.latest = waiting.latest.max(candidate.since);
        if waiting.keys.len() == CALL_SIZE
            && let Some(full) = groups.remove(&candidate.group)
        {
            plan.calls.push((candidate.group, full.keys.into_iter().cloned().collect()));
        }
    }
    for (group, waiting) in groups {
        if plan.calls.len() == slots {
            return plan;
        }
        let due = (waiting.latest + LINGER).min(waiting.oldest + LINGER_AT_MOST);
        if due <= now {
            plan.calls.push((group, waiting.keys.into_iter().cloned().collect()));
        } else {
            plan.wake = Some(plan.wake.map_or(due, |wake| wake.min(due)));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSERT: Group = Group { rank: 0, object: 0, kind: Kind::Upsert };
    const CHILD: Group = Group { rank: 1, object: 1, kind: Kind::Upsert };

    fn keys(count: usize) -> Vec<LaneKey> {
        (0..count).map(|number| LaneKey { org: "00D".into(), id: number.to_string() }).collect()
    }

    fn candidates(keys: &[LaneKey], group: Group, since: Instant) -> impl Iterator<Item = Candidate<'_>> {
        keys.iter().map(move |key| Candidate { key, group, alone: false, since })
    }

    fn sizes(plan: &Plan) -> Vec<usize> {
        plan.calls.iter().map(|(_, keys)| keys.len()).collect()
    }

    #[test]
    fn full_groups_start_at_once_and_the_rest_lingers() {
        let now = Instant::now();
        let keys = keys(450);
        let plan_now = plan(candidates(&keys, UPSERT, now), 4, now);
        assert_eq!(sizes(&plan_now), [200, 200]);
        assert_eq!(plan_now.wake, Some(now + LINGER));
        let later = plan(candidates(&keys[400..], UPSERT, now), 4, now + LINGER);
        assert_eq!(sizes(&later), [50]);
    }

    #[test]
    fn no_more_calls_than_slots() {
        let now = Instant::now();
        let keys = keys(1_000);
        assert_eq!(sizes(&plan(candidates(&keys, UPSERT, now), 2, now)), [200, 200]);
        assert_eq!(plan(candidates(&keys, UPSERT, now), 0, now), Plan::default());
    }

    #[test]
    fn a_steady_trickle_is_not_held_back_for_ever() {
        let start = Instant::now();
        let keys = keys(2);
        let now = start + LINGER_AT_MOST;
        let trickle = [(0, start), (1, now)].map(|(index, since)| Candidate {
            key: &keys[index],
            group: UPSERT,
            alone: false,
            since,
        });
        assert_eq!(sizes(&plan(trickle.into_iter(), 4, now)), [2]);
    }

    #[test]
    fn objects_never_share_a_call_and_parents_go_first() {
        let now = Instant::now();
        let (children, parents) = (keys(3), keys(2));
        let both = candidates(&children, CHILD, now).chain(candidates(&parents, UPSERT, now));
        let plan = plan(both, 4, now + LINGER);
        assert_eq!(plan.calls.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [UPSERT, CHILD]);
        assert_eq!(sizes(&plan), [2, 3]);
    }

    #[test]
    fn a_suspect_travels_alone() {
        let now = Instant::now();
        let keys = keys(3);
        let mixed = keys.iter().enumerate().map(|(number, key)| Candidate {
            key,
            group: UPSERT,
            alone: number == 1,
            since: now,
        });
        assert_eq!(sizes(&plan(mixed, 4, now + LINGER)), [1, 2]);
    }
}
