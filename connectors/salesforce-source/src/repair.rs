//! What is missing of a source's objects, and whose turn it is to be swept.
//!
//! A gap is on record in the batch that moves the channel's position past it, so neither a crash nor another failure can
//! hide it (D9).

use orgstream_api::SourcePosition;
use tokio::time::Instant;

use crate::batch::Parts;
use crate::channel::Channel;
use crate::config::OnGap;
use crate::feed::Feed;
use crate::gap::Missing;
use crate::moment::Moment;
use crate::object::Object;
use crate::position::{Cause, Gap, GapState};
use crate::subjects::Subjects;
use crate::sweep::{OVERLAP, Urgency};

impl Subjects {
    /// Changes of an object are missing; says so by what is stored with the next batch. False when nothing has to be
    /// done about it, the snapshot under way being its repair.
    pub(crate) fn misses(
        &mut self,
        index: usize,
        channel: Option<&Channel>,
        missing: &Missing,
        now: Moment,
    ) -> bool {
        let object = &mut self.objects[index];
        if object.is_repaired_by_snapshot() {
            return false;
        }
        let is_known = |gap: &&Gap| {
            let has_begun = gap.cursor.is_some() || object.sweeps.repairs(gap.number);
            gap.from <= missing.from && gap.cause == missing.cause && !has_begun
        };
        let known = object.gaps.repairable().find(is_known).map(|gap| gap.number);
        if let Some(known) = known {
            // No sweep that repairs it has begun, and one has no end but the present. A snapshot ends where it began.
            self.pending.extend(object.gaps.change(known, |gap| gap.to = gap.to.max(missing.to)));
            if missing.cause == Cause::GapEvent && self.on_gap == OnGap::Repair {
                self.pending.extend(object.reads_anew_in_turn());
            }
            return true;
        }
        let state = match self.on_gap {
            // No row tells what a message said.
            OnGap::Repair if !object.has_rows() => GapState::Beyond,
            OnGap::Repair | OnGap::Fail => GapState::Open,
            // These the org delivered; only here nobody could read them.
            OnGap::Earliest | OnGap::Latest if object.has_rows() && missing.cause.is_ours() => GapState::Open,
            OnGap::Earliest | OnGap::Latest => GapState::Passed,
        };
        tracing::warn!(object = %object.target.name, from = %missing.from, to = %missing.to, cause = %missing.cause,
            on_gap = ?self.on_gap, "changes are missing");
        let name = object.target.name.clone();
        self.pending.extend(object.gaps.add(&name, channel, missing, state, now));
        if state == GapState::Beyond
            && let Some(number) = object.gaps.newest()
        {
            let reason = format!(
                "what {name} brought from {} to {} is lost: no rows stand behind it",
                missing.from, missing.to
            );
            self.pending.extend(object.gaps.change(number, |gap| gap.reason = Some(reason)));
        }
        // Which records changed nobody knows, and not even their stamps need to have: only all rows bring them.
        if missing.cause == Cause::GapEvent && self.on_gap == OnGap::Repair {
            self.pending.extend(object.reads_anew_in_turn());
        }
        true
    }

    /// Changes that a channel brought may be missing. Where rows stand behind them these are read, which costs little when
    /// nothing is; of the others no more can be known than that.
    pub(super) fn doubts(&mut self, channel: &Channel, missing: &Missing, at: Moment) {
        for index in self.objects_by(channel, None) {
            let object = &self.objects[index];
            if self.on_gap == OnGap::Repair && object.has_rows() {
                self.misses(index, Some(channel), missing, at);
            } else {
                tracing::warn!(
                    object = %object.target.name, %channel,
                    "the org no longer knows the newest event of {channel}, of {}: either none followed for so long, or \
                     its event bus fell behind and events are lost; compare with the org if some should have come",
                    missing.from
                );
            }
        }
    }

    /// Objects of a channel that was granted at `at`, from where their sweeps begin. Those that came through another
    /// channel before miss what happened since.
    pub(super) fn begin_sweeps(&mut self, channel: &Channel, first: bool, at: Moment) -> bool {
        let Some(feed) = self.feeds.iter().find(|feed| feed.channel == *channel) else { return false };
        let before = feed.position.filter(|_| !first);
        let mut found = false;
        for index in feed.objects.clone() {
            let object = &mut self.objects[index];
            if !object.has_rows() {
                continue;
            }
            match object.sweeps.position {
                None => {
                    let mut begun = object.sweeps.begin(at, self.start);
                    if let Some(before) = before {
                        // An earlier version kept no place of sweeps.
                        begun = object.sweeps.begin_at(before.as_of, before.from);
                    }
                    self.pending.push(object.stored_sweep(begun));
                }
                Some(swept) if first => {
                    let missing = Missing { from: swept.through, to: at, cause: Cause::ChannelChanged };
                    found |= self.misses(index, Some(channel), &missing, at);
                }
                Some(_) => {}
            }
        }
        found
    }

    /// Objects that no channel brings begin `now`. Before the org has said what time it is they cannot.
    pub(crate) fn begin_polling(&mut self, now: Moment) {
        let waits =
            |object: &&mut Object| object.is_polled() && object.is_well() && object.sweeps.position.is_none();
        for object in self.objects.iter_mut().filter(waits).filter(|_| now > Moment::BEGINNING) {
            let begun = object.sweeps.begin(now, self.start);
            let stored = object.stored_sweep(begun);
            self.pending.push(stored);
        }
    }

    /// The gaps that wait for their repair.
    pub(crate) fn open_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.objects.iter().flat_map(|object| object.gaps.repairable())
    }

    /// Whether changes are missing that nothing brings, where the file says that nothing goes on then.
    pub(crate) fn are_broken(&self) -> bool {
        self.on_gap == OnGap::Fail && self.objects.iter().any(Object::is_broken)
    }

    /// The next object to be swept. What is merely due waits until the stream has brought what it has, or its rows
    /// would be taken for changes without an event; `events`: some of that waits.
    /// While calls are saved the schedule waits; what brings changes that nothing else brings does not.
    pub(crate) fn next_sweep(&mut self, events: bool, saves: bool, org_now: Moment) -> Option<usize> {
        let (count, last) = (self.objects.len(), self.swept);
        // In turn, so that a long sweep of one object keeps no other waiting.
        let next =
            (1..=count).map(|step| (last + step) % count).find(|index| match self.urgency(*index, org_now) {
                Some(Urgency::Now) => true,
                Some(Urgency::Due) => {
                    let waits = saves && !self.objects[*index].is_polled();
                    !events && !waits && self.is_current(*index, org_now)
                }
                None => false,
            });
        if let Some(index) = next {
            self.swept = index;
        }
        next
    }

    /// Whether, and when, a sweep has to be looked for; `None` while none is due.
    pub(crate) fn next_sweep_at(&self) -> Option<Instant> {
        self.objects.iter().filter(|object| object.is_well()).filter_map(|object| object.sweeps.due()).min()
    }

    /// Whether a gap is open, or a sweep under way or wanted.
    pub(crate) fn are_swept(&self) -> bool {
        let at_work = |index: usize| {
            let object = &self.objects[index];
            object.is_well() && (self.repairs(index) || object.sweeps.is_at_work())
        };
        !(0..self.objects.len()).any(at_work)
    }

    /// Has every object swept whose sweep is due; false when none is.
    pub(crate) fn hurry(&mut self, org_now: Moment) -> bool {
        let mut found = false;
        for index in 0..self.objects.len() {
            if self.urgency(index, org_now).is_some() {
                self.objects[index].sweeps.want();
                found = true;
            }
        }
        found
    }

    /// How far back what was produced has to be remembered.
    pub(crate) fn remembered(&self, latest: Moment) -> Moment {
        self.objects
            .iter()
            .filter_map(|object| object.sweeps.oldest())
            .min()
            .map_or(latest, |oldest| oldest.min(latest))
    }

    /// Whether open gaps of an object are repaired by reading rows. Where the file says to go on behind a gap, those of
    /// the channel are passed and do not wait; what a sweep found by itself does.
    pub(crate) fn repairs(&self, index: usize) -> bool {
        let is_repaired = |gap: &Gap| self.on_gap != OnGap::Fail || gap.cause == Cause::NoEvent;
        self.objects[index].gaps.repairable().any(is_repaired)
    }

    fn urgency(&mut self, index: usize, org_now: Moment) -> Option<Urgency> {
        let repairs = self.repairs(index);
        let streams = self.streams(index);
        let object = &mut self.objects[index];
        let can = object.is_well()
            && object.has_rows()
            && object.snapshot.is_none()
            && (streams || object.is_polled());
        if can { object.sweeps.urgency(repairs, Instant::now(), org_now) } else { None }
    }

    /// Whether the stream has brought all of an object that is older than a sweep leaves to it.
    fn is_current(&self, index: usize, org_now: Moment) -> bool {
        let mut feeds = self.feeds.iter().filter(|feed| feed.objects.contains(&index));
        feeds.all(|feed: &Feed| feed.is_current(org_now))
    }
}

impl Parts {
    /// Says of which objects the rows are not asked for, because the place up to which they were read lies ahead of the
    /// org's clock: it was set back, or ran ahead once, or this is an org that was made anew.
    pub(crate) fn compare_clocks(&self, org_now: Moment) {
        for object in &self.subjects.objects {
            let through = object.sweeps.position.map(|position| position.through);
            let ahead = through.filter(|through| org_now > Moment::BEGINNING && *through > org_now + OVERLAP);
            let note = ahead.map(|through| {
                format!(
                    "rows were read up to {through}, which the org's clock has not reached, so that changes \
                     without an event, and all of a polled object, are not looked for until then. If the org was made anew or \
                     its clock was wrong, give the pipeline another name, which reads everything anew"
                )
            });
            self.condition.notes(&object.target.name, "clock", note.as_deref());
        }
    }

    /// Somebody has decided about a gap; `None` when there is nothing to decide. Answers with what to store.
    pub(crate) fn confirm(&mut self, object: &str, gap: u64) -> Option<Vec<SourcePosition>> {
        let mut objects = self.subjects.objects.iter_mut();
        let object = objects.find(|known| known.target.name.eq_ignore_ascii_case(object))?;
        let stored = object.gaps.confirm(gap)?;
        self.condition.notes(&object.target.name, "gaps", object.gaps.concern().as_deref());
        Some(stored)
    }
}

impl Subjects {
    /// Has objects swept at once, all of them where none is named; says which of them the source does not have.
    pub(crate) fn want_sweeps(&mut self, names: &[String]) -> Result<(), String> {
        let is_known =
            |name: &&String| self.objects.iter().any(|object| object.target.name.eq_ignore_ascii_case(name));
        if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
            return Err(format!("the source has no object {unknown}"));
        }
        for object in &mut self.objects {
            if names.is_empty() || names.iter().any(|name| object.target.name.eq_ignore_ascii_case(name)) {
                object.sweeps.want();
            }
        }
        Ok(())
    }

    /// What is to be stored beside positions.
    pub(super) fn take_pending(&mut self) -> Vec<SourcePosition> {
        std::mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use orgstream_api::TopicTemplate;
    use orgstream_salesforce::OrgId;

    use super::*;
    use crate::as_event::EventForm;
    use crate::config::{RETENTION, Start, SweepConfig};
    use crate::filter::Filter;
    use crate::object::{Rules, Target};
    use crate::position::Positions;
    use crate::produce::Destination;
    use crate::sweep::Feeder;

    const NOW: Moment = Moment(1_767_262_830_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn subjects(on_gap: OnGap, form: EventForm) -> Subjects {
        let topic = TopicTemplate::fixed("t");
        let org = OrgId::parse("00D5g000004XyzE").unwrap();
        let destination = Destination { org, topic, filter: Filter::default() };
        let target = Target { name: "Account".to_owned(), destination };
        let (start, sweep, feeder) = (Start::Latest, SweepConfig::default(), Feeder::Channel);
        let rules = Rules { start, on_gap, sweep, feeder };
        let mut object = Object::new(target, &Positions::default(), &rules, false);
        object.form = form;
        Subjects::new(vec![object], Positions::default(), start, on_gap, RETENTION, HOUR)
    }

    /// What becomes of a gap, by what the file says, by whether rows stand behind the events, and by its cause; whether a
    /// sweep repairs it, and whether all rows are read.
    #[test]
    fn what_the_file_says_of_gaps_holds_for_every_kind_of_channel_and_cause() {
        use Cause::{
            ChannelChanged, ExpiredReplayId, GapEvent, LongOutage, ObjectFailed, Overflow, SubscriptionLimit,
            UnreadableEvent,
        };
        use GapState::{Beyond, Open, Passed};
        let orgs = [ExpiredReplayId, LongOutage, Overflow, SubscriptionLimit, ChannelChanged];
        let ours = [UnreadableEvent, ObjectFailed];
        let rows = || EventForm::Rows;
        let messages = || EventForm::Messages { entities: Vec::new() };
        let changes = || EventForm::Changes { convert: false };
        for (on_gap, form, causes, state, is_swept, reads_all) in [
            (OnGap::Repair, rows(), &orgs[..], Open, true, false),
            (OnGap::Repair, rows(), &ours[..], Open, true, false),
            (OnGap::Repair, rows(), &[GapEvent], Open, true, true),
            (OnGap::Repair, messages(), &orgs, Beyond, false, false),
            (OnGap::Repair, messages(), &ours, Beyond, false, false),
            (OnGap::Repair, changes(), &orgs, Beyond, false, false),
            (OnGap::Fail, rows(), &orgs, Open, false, false),
            (OnGap::Fail, rows(), &ours, Open, false, false),
            (OnGap::Fail, rows(), &[GapEvent], Open, false, false),
            (OnGap::Fail, messages(), &orgs, Open, false, false),
            (OnGap::Earliest, rows(), &orgs, Passed, false, false),
            (OnGap::Earliest, rows(), &ours, Open, true, false),
            (OnGap::Earliest, rows(), &[GapEvent], Passed, false, false),
            (OnGap::Earliest, messages(), &orgs, Passed, false, false),
            (OnGap::Latest, rows(), &orgs, Passed, false, false),
            (OnGap::Latest, rows(), &ours, Open, true, false),
            (OnGap::Latest, messages(), &ours, Passed, false, false),
            (OnGap::Latest, changes(), &orgs, Passed, false, false),
        ] {
            for cause in causes {
                let mut subjects = subjects(on_gap, form.clone());
                let missing = Missing { from: NOW - HOUR, to: NOW, cause: *cause };
                assert!(subjects.misses(0, None, &missing, NOW));
                let stored = subjects.take_pending();
                let read = Positions::read(&stored).unwrap();
                let what = format!("{on_gap:?} {form:?} {cause:?}");
                assert_eq!(read.gaps_of("Account").last().unwrap().state, state, "{what}");
                assert_eq!(subjects.repairs(0), is_swept, "{what}");
                assert_eq!(subjects.objects[0].snapshot.is_some(), reads_all, "{what}");
                assert_eq!(subjects.are_broken(), on_gap == OnGap::Fail, "{what}");
            }
        }
    }
}
