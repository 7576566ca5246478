//! When a channel can no longer deliver all that happened, what is known of such gaps, and what to say then.
//!
//! D9: a position that the org can no longer serve opens a gap; it is recorded, closed by reading the rows, and never
//! jumped. Only the age of the position decides: a replay id that the org refuses may be old merely because nothing
//! happened since.

use std::collections::VecDeque;
use std::time::Duration;

use orgstream_api::SourcePosition;

use crate::channel::Channel;
use crate::moment::Moment;
use crate::position::{Cause, ChannelPosition, Gap, GapState};

/// How much earlier than the org forgets an event it is taken as forgotten.
const MARGIN: Duration = Duration::from_hours(1);

/// Gaps of one object that stay on record once nothing waits for them.
const KEPT: usize = 50;

/// What a channel no longer brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Everything before this is in Kafka.
    pub(crate) from: Moment,
    /// Everything that is still retained at this time comes through the channel.
    pub(crate) to: Moment,
    pub(crate) cause: Cause,
}

/// What lies between `position` and what the org retains at `now`; `None` when the two meet.
pub(crate) fn find(position: &ChannelPosition, now: Moment, retention: Duration) -> Option<Missing> {
    let oldest = now - retention.saturating_sub(MARGIN);
    let cause = match position.replay_id {
        Some(_) => Cause::ExpiredReplayId,
        None => Cause::LongOutage,
    };
    (position.as_of < oldest).then_some(Missing { from: position.as_of, to: now, cause })
}

/// What may lie between `position`, whose replay id the org no longer serves at `now`, and what it retains, though nothing
/// came for so long. The bus of change and platform events may fall behind for days after a mass load, and brings nothing
/// meanwhile.
pub(crate) fn suspect(position: &ChannelPosition, now: Moment, retention: Duration) -> Option<Missing> {
    let oldest = now - retention.saturating_sub(MARGIN);
    let from = position.newest.filter(|newest| *newest < oldest)?;
    Some(Missing { from, to: now, cause: Cause::ExpiredReplayId })
}

/// The gaps of one object.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Those that are not closed and not left as they are, in the order in which they were found.
    waiting: Vec<Gap>,
    /// The number of the newest; 0 when there was none.
    newest: u64,
    /// The numbers of the others that are on record, the oldest first.
    settled: VecDeque<u64>,
}

impl Gaps {
    /// What is stored of them.
    pub(crate) fn of(stored: Vec<&Gap>) -> Self {
        let mut sorted = stored;
        sorted.sort_by_key(|gap| gap.number);
        let newest = sorted.last().map(|gap| gap.number).unwrap_or_default();
        let (waiting, settled): (Vec<&Gap>, Vec<&Gap>) = sorted.into_iter().partition(|gap| gap.waits());
        // What somebody had to decide about may have become clear meanwhile, and is looked at once more.
        let again = |gap: &Gap| match gap.state {
            GapState::Repairing => Gap { reason: None, ..gap.clone() },
            _ => gap.clone(),
        };
        let waiting = waiting.into_iter().map(again).collect();
        // An earlier form has no number of its own, and its place cannot be told from here.
        let settled = settled.into_iter().map(|gap| gap.number).filter(|number| *number > 0).collect();
        Self { waiting, newest, settled }
    }

    /// Those that are neither closed nor left as they are.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> &[Gap] {
        &self.waiting
    }

    /// Those that can be repaired without somebody's word.
    pub(crate) fn repairable(&self) -> impl Iterator<Item = &Gap> {
        self.waiting.iter().filter(|gap| gap.reason.is_none())
    }

    /// The number of the newest; `None` when there was none.
    pub(crate) fn newest(&self) -> Option<u64> {
        (self.newest > 0).then_some(self.newest)
    }

    /// Why somebody has to look at the object's gaps; `None` where nobody has to.
    pub(crate) fn concern(&self) -> Option<String> {
        let reasons: Vec<&str> = self.waiting.iter().filter_map(|gap| gap.reason.as_deref()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Somebody has decided about a gap: what is doubtful may go on, and what is beyond repair is left as it is. `None`
    /// when there is nothing to decide. Answers with what to store.
    pub(crate) fn confirm(&mut self, number: u64) -> Option<Vec<SourcePosition>> {
        let gap = self.waiting.iter().find(|gap| gap.number == number)?;
        gap.reason.as_ref()?;
        Some(self.change(number, |gap| {
            gap.reason = None;
            match gap.state {
                GapState::Beyond => gap.state = GapState::Passed,
                _ => gap.confirmed = true,
            }
        }))
    }

    /// Puts a gap of `object` on record, in this state. Answers with what to store.
    pub(crate) fn add(
        &mut self,
        object: &str,
        channel: Option<&Channel>,
        missing: &Missing,
        state: GapState,
        now: Moment,
    ) -> Vec<SourcePosition> {
        self.newest += 1;
        let gap = Gap {
            object: object.to_owned(),
            number: self.newest,
            channel: channel.cloned(),
            from: missing.from,
            to: missing.to,
            cause: missing.cause,
            state,
            found: Some(now),
            closed: None,
            rows: 0,
            reason: None,
            confirmed: false,
            cursor: None,
        };
        if gap.waits() {
            let stored = vec![gap.stored()];
            self.waiting.push(gap);
            stored
        } else {
            self.settle(&gap)
        }
    }

    /// Changes a gap that waits. Answers with what to store.
    pub(crate) fn change(&mut self, number: u64, change: impl FnOnce(&mut Gap)) -> Vec<SourcePosition> {
        let Some(place) = self.waiting.iter().position(|gap| gap.number == number) else { return Vec::new() };
        change(&mut self.waiting[place]);
        if self.waiting[place].waits() {
            return vec![self.waiting[place].stored()];
        }
        let gap = self.waiting.remove(place);
        self.settle(&gap)
    }

    /// Everything was read anew from `started` on, with all deletions since `from`: what lies in between is repaired.
    /// Answers with what to store.
    pub(crate) fn close_within(&mut self, from: Moment, started: Moment, now: Moment) -> Vec<SourcePosition> {
        let repaired = |gap: &&Gap| gap.from >= from && gap.to <= started && gap.state != GapState::Beyond;
        let numbers: Vec<u64> = self.waiting.iter().filter(repaired).map(|gap| gap.number).collect();
        numbers.into_iter().flat_map(|number| self.change(number, |gap| gap.close(now))).collect()
    }

    /// Nothing waits for `gap` any more. The oldest such ones are taken off the record.
    fn settle(&mut self, gap: &Gap) -> Vec<SourcePosition> {
        let mut stored = vec![gap.stored()];
        if gap.number > 0 {
            self.settled.push_back(gap.number);
        }
        while self.settled.len() > KEPT {
            if let Some(number) = self.settled.pop_front() {
                let oldest = Gap { number, ..gap.clone() }.stored();
                stored.push(SourcePosition { offset: serde_json::Value::Null, ..oldest });
            }
        }
        stored
    }
}

impl Gap {
    /// Whether something is still to be done or decided about it.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.state, GapState::Open | GapState::Repairing | GapState::Beyond)
    }

    /// All that was missing is in Kafka.
    pub(crate) fn close(&mut self, now: Moment) {
        self.state = GapState::Closed;
        self.closed = Some(now);
        self.cursor = None;
        self.reason = None;
    }
}

/// What happened, where, and what to do, for all objects of an org that have a gap.
pub(crate) fn message<'a>(org: &str, pipeline: &str, gaps: impl IntoIterator<Item = &'a Gap>) -> String {
    let missing: Vec<String> = gaps
        .into_iter()
        .map(|gap| {
            let channel = gap.channel.as_ref().map_or("none", Channel::as_str);
            format!("of {} since {} (channel {channel}: {})", gap.object, gap.from, gap.cause)
        })
        .collect();
    format!(
        "org `{org}`: changes may be missing: {}; run once with `--snapshot {pipeline}`: it reads all rows anew \
         and writes a delete for every row that still lies in the recycle bin; a row that was purged from it meanwhile \
         stays in the target until it is deleted there by hand",
        missing.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay_id::ReplayId;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);
    const NOW: Moment = Moment(1_767_262_830_000);

    fn missing(hours: u32) -> Missing {
        Missing { from: NOW - HOUR * hours, to: NOW, cause: Cause::ExpiredReplayId }
    }

    #[test]
    fn only_an_old_position_leaves_a_gap() {
        let of_age = |age| ChannelPosition {
            replay_id: Some(ReplayId(7)),
            newest: None,
            as_of: NOW - age,
            from: Moment(0),
        };
        assert_eq!(find(&of_age(HOUR * 22), NOW, DAY), None);
        let found = find(&of_age(HOUR * 24), NOW, DAY).unwrap();
        assert_eq!((found.from, found.to), (NOW - HOUR * 24, NOW));
        let mut gaps = Gaps::default();
        gaps.add("Account", Some(&Channel::of_push_topic("t")), &found, GapState::Open, NOW);
        let text = message("a", "crm", gaps.waiting());
        for part in
            ["`a`", "of Account", "/topic/t", "2025-12-31T10:20:30.000Z", "--snapshot crm`", "replay id"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_gap_has_a_number_of_its_own_also_after_one_that_was_closed() {
        let mut gaps = Gaps::default();
        gaps.add("Account", None, &missing(30), GapState::Open, NOW);
        let closed = gaps.change(1, |gap| gap.close(NOW));
        let read = crate::position::Positions::read(&closed).unwrap();
        let mut gaps = Gaps::of(read.gaps_of("Account"));
        assert!(gaps.waiting().is_empty());
        gaps.add("Account", None, &missing(25), GapState::Open, NOW);
        assert_eq!(gaps.waiting()[0].number, 2);
    }

    #[test]
    fn the_newest_settled_gaps_stay_on_record() {
        let mut gaps = Gaps::default();
        let mut stored = Vec::new();
        gaps.add("Account", None, &missing(99), GapState::Open, NOW);
        for _ in 0..60 {
            stored.extend(gaps.add("Account", None, &missing(1), GapState::Passed, NOW));
        }
        let mut kept: Vec<u64> = Vec::new();
        for position in stored {
            let number = position.partition["n"].as_u64().unwrap();
            kept.retain(|known| *known != number);
            if !position.offset.is_null() {
                kept.push(number);
            }
        }
        assert_eq!((kept.len(), kept.first(), kept.last()), (KEPT, Some(&12), Some(&61)));
        assert_eq!(gaps.waiting().len(), 1, "what waits is never taken off");
    }

    #[test]
    fn a_repair_closes_what_lies_within_it() {
        let mut gaps = Gaps::default();
        gaps.add("Account", None, &missing(30), GapState::Open, NOW);
        gaps.add("Account", None, &missing(2), GapState::Open, NOW);
        gaps.add("Account", None, &Missing { to: NOW + HOUR, ..missing(1) }, GapState::Open, NOW);
        assert_eq!(gaps.close_within(NOW - HOUR * 3, NOW, NOW).len(), 1);
        let left: Vec<u64> = gaps.waiting().iter().map(|gap| gap.number).collect();
        assert_eq!(left, [1, 3]);
    }
}
