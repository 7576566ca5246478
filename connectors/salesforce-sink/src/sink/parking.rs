//! Records that leave the sink to wait, and those that come back.

use std::time::Duration;

use orgstream_api::{
    History, InputOffset, Outcome, Parked, ParkedPlace, Rejection, Skip, TopicPartition, Tried, Wait,
};
use tokio::time::Instant;

use super::SalesforceSink;
use super::halt::Subject;
use crate::aside::Load;
use crate::attempts::Attempts;
use crate::lanes::LaneKey;
use crate::parking::Parking;
use crate::room::Seat;
use crate::work::{Papers, Task, Waited, Work};

/// How long a record whose parent is missing waits for the first time: the parent may be in a call.
const MOMENT: Duration = Duration::from_millis(250);

/// What follows when a parent is missing.
pub(super) enum NextLook {
    /// Another look after this time, in memory.
    After(Duration),
    /// The record is parked, until this time at most.
    Park(Duration),
    /// It has waited long enough.
    Expired,
}

impl SalesforceSink {
    /// What follows for a record whose parent is missing. The clock of its retries does not run.
    pub(super) fn next_look(&mut self, work: &mut Work) -> NextLook {
        let waits = work.papers.attempts.wait();
        let waited = work.papers.waited.as_ref().map_or(Duration::ZERO, |waited| waited.time);
        if waits == 0 && work.papers.waited.is_none() {
            self.delivery.counters.retried();
            self.pause_behind(work);
            return NextLook::After(MOMENT);
        }
        match self.config.parking.next_look(waits, waited) {
            Some(again_in) => NextLook::Park(again_in),
            None => NextLook::Expired,
        }
    }

    /// Whether an item is to leave memory if it is not tried again for `pause`, because its partition would wait too long.
    pub(super) fn outlasts(&self, work: &Work, pause: Duration) -> bool {
        self.is_overdue(work, pause) && self.can_park(work)
    }

    /// Whether an item's partition has waited, or will have in `pause`, as long as one waits.
    pub(super) fn is_overdue(&self, work: &Work, pause: Duration) -> bool {
        let clock = self.delivery.wire.org.breaker().closed_time();
        work.papers.attempts.spent(clock) + pause > self.config.parking.after
    }

    /// Whether an item may be parked, and with it what lies behind it.
    pub(super) fn can_park(&self, work: &Work) -> bool {
        let largest = self.config.parking.largest;
        let fits = |work: &Work| {
            let earlier = work.papers.earlier.iter().filter_map(|member| member.seat.as_ref());
            work.papers.seat.iter().chain(earlier).all(|seat| seat.size() <= largest)
        };
        let is_change = matches!(work.task, Task::Change(_)) && work.papers.ticket.is_some();
        is_change && fits(work) && self.lanes.queued(&work.papers.key).all(fits)
    }

    /// Parks an item that was taken out of its lane, and the changes that lie behind it there (D5).
    pub(super) fn park(&mut self, work: Work, wait: Wait, now: Instant) {
        let key = work.papers.key.clone();
        self.give_out(work.papers, wait);
        for behind in self.lanes.take_queued(&key, |work| matches!(work.task, Task::Change(_))) {
            self.give_out(behind.papers, Wait::Turn);
        }
        self.lanes.settle(&key, now);
    }

    fn give_out(&mut self, papers: Papers, wait: Wait) {
        let newest = Subject::of(&papers);
        let clock = self.delivery.wire.org.breaker().closed_time();
        let Papers { key, ticket, seat, attempts, earlier, .. } = papers;
        // What came back from a bulk job has no seat.
        let size = |seat: &Option<Seat>| seat.as_ref().map_or(0, Seat::size);
        let whose = History { org: key.org.clone(), id: key.id.clone() };
        // Changes that were to be one write are parked each by itself.
        let (mut wait, mut tried) = (Some(wait), Some(attempts.tried(clock)));
        let mut parked = || {
            let (wait, tried) = (wait.take().unwrap_or(Wait::Turn), tried.take().unwrap_or_default());
            Box::new(Parked { whose: whose.clone(), wait, tried })
        };
        for member in earlier {
            let outcome = if member.is_over() {
                member.outcome(&Outcome::Skipped(Skip::Duplicate))
            } else {
                self.aside.put(key.clone(), member.version.at.clone(), size(&member.seat), clock);
                Outcome::Parked(parked())
            };
            let subject = Subject { id: newest.id.clone(), at: Some(member.version.at) };
            self.close(member.ticket, &subject, outcome, None);
        }
        let (Some(ticket), Some(at)) = (ticket, newest.at.clone()) else { return };
        self.aside.put(key, at, size(&seat), clock);
        drop(seat);
        self.close(ticket, &newest, Outcome::Parked(parked()), None);
    }

    /// Whether a record has to be parked at once, because something before it is.
    pub(super) fn is_behind(&self, papers: &Papers) -> bool {
        match &papers.waited {
            Some(waited) => self.aside.has_before(&papers.key, &waited.at),
            None => papers.keeps.is_some() && self.aside.has(&papers.key),
        }
    }

    /// Parks a record that just came behind those of its history that are.
    pub(super) fn park_behind(&mut self, papers: Papers) {
        let (size, largest) = (papers.seat.as_ref().map_or(0, Seat::size), self.config.parking.largest);
        if size <= largest {
            return self.give_out(papers, Wait::Turn);
        }
        let subject = Subject::of(&papers);
        let Some(ticket) = papers.ticket else { return };
        let message = format!(
            "it comes after a record of the same id that waits in Kafka, and is too large to wait there itself: {size} bytes, and \
             {largest} fit into the topic. Raise its `max.message.bytes`, and write the record again when the other one is done"
        );
        let rejection = Rejection { code: "TOO_LARGE_TO_WAIT".to_owned(), message, fields: Vec::new() };
        self.close(ticket, &subject, Outcome::Rejected(rejection), None);
    }

    /// Takes a parked record back: its attempts go on.
    pub(super) fn resume(&mut self, papers: &mut Papers, at: InputOffset, time: Duration, tried: &Tried) {
        let clock = self.delivery.wire.org.breaker().closed_time();
        let since = self.aside.take(&papers.key, &at).or_else(|| self.aside.lose(&at)).unwrap_or(clock);
        papers.attempts = Attempts::resumed(tried, clock.saturating_sub(since), clock);
        papers.waited = Some(Waited { at, time });
    }

    /// Records that were parked by whoever had their partitions before.
    pub(super) fn find_aside(&mut self, parked: Vec<ParkedPlace>) {
        let clock = self.delivery.wire.org.breaker().closed_time();
        for ParkedPlace { whose, at, size } in parked {
            self.aside.put(LaneKey::new(whose.org, whose.id), at, size, clock);
        }
    }

    /// The partitions that hold a record in retry, or records that are parked where these are too many.
    pub(super) fn read_no_further(&self) -> Vec<TopicPartition> {
        let mut paused = self.pauses.partitions();
        if self.too_many_parked().is_some() {
            // Not the others: what is waited for may come by them.
            paused.extend(self.aside.partitions().cloned());
        }
        // Of a job in trouble too: what is read behind its rows is not committed before it is over.
        paused.extend(self.book.troubled());
        paused
    }

    /// Why partitions are not read though nothing is wrong with the org.
    pub(super) fn too_many_parked(&self) -> Option<String> {
        let Load { records, bytes } = self.aside.load();
        let Parking { max, max_bytes, .. } = self.config.parking;
        let mb = |bytes: usize| bytes.div_ceil(1 << 20);
        (records >= max || bytes >= max_bytes).then(|| {
            format!(
                "{records} records of {} MB are parked; `sink.parked.max` is {max}, and {} MB are the most: the partitions that they \
                 came from are read no further until some are written or expire. `orgstream status` says what they wait for",
                mb(bytes),
                mb(max_bytes)
            )
        })
    }
}
