//! From submitted items to lanes.
//!
//! What an item is, and whether it can be written at all, is settled here; only its place in its lane decides when it
//! is answered.

use std::time::Duration;

use orgstream_api::record::field;
use orgstream_api::{Item, Outcome, Owed, Resumed, SinkRecord, Skip, Tracked, Tried};
use tokio::time::Instant;

use super::SalesforceSink;
use super::halt::Subject;
use crate::change::{self, Change};
use crate::condition;
use crate::config::Algorithm;
use crate::fold::fold;
use crate::lanes::LaneKey;
use crate::left_out::LeftOut;
use crate::plan::Kind;
use crate::references::PointedAt;
use crate::room::Seat;
use crate::tenure::Tenure;
use crate::work::{Papers, Task, Work};

impl SalesforceSink {
    /// Puts an item into its lane.
    pub(super) fn accept(&mut self, Tracked { ticket, item }: Tracked<Item>, seat: Seat, now: Instant) {
        let tenure = self.tenures.of(item.partition());
        let papers = |key| Papers::new(key, Some(ticket), tenure, Some(seat));
        match item {
            Item::Record(record) => self.accept_record(papers, record, None, now),
            Item::Parked(resumed) => {
                let Resumed { record, waited, tried } = *resumed;
                self.accept_record(papers, record, Some((waited, tried)), now);
            }
            Item::Owed(owed) => {
                let (key, task) = self.read_owed(owed);
                self.queue(papers(key), task, now);
            }
        }
    }

    /// `past` is that of a record that was parked.
    fn accept_record(
        &mut self,
        papers: impl FnOnce(LaneKey) -> Papers,
        record: SinkRecord,
        past: Option<(Duration, Tried)>,
        now: Instant,
    ) {
        let key = match change::key(&record, &self.config) {
            Ok(key) => key,
            // Nobody knows whose history the record belongs to, so there is no order to keep.
            Err(no_change) => {
                let outcome = self.unmet(&record).unwrap_or_else(|| no_change.into());
                self.aside.lose(&record.at);
                let id = record.record.text(field::ID).map(str::to_owned);
                let key = LaneKey::new(String::new(), id.clone().unwrap_or_default());
                let subject = Subject { id, at: Some(record.at) };
                let Some(ticket) = papers(key).ticket else { return };
                return self.close(ticket, &subject, outcome, None);
            }
        };
        let mut papers = papers(key.clone());
        match past {
            Some((waited, tried)) => self.resume(&mut papers, record.at.clone(), waited, &tried),
            None => papers.keeps = Some(record.at.clone()),
        }
        if self.is_behind(&papers) {
            return self.park_behind(papers);
        }
        let task = self.read(record, key);
        self.queue(papers, task, now);
    }

    fn queue(&mut self, mut papers: Papers, task: Task, now: Instant) {
        if let Task::Change(change) = &task {
            let target = &change.target;
            papers.standing = Some(self.holds.arrive(target.index, change.kind, &target.referrers));
        }
        self.enqueue(papers.key.clone(), Work { papers, task }, now);
    }

    /// Puts an item behind the others of its lane, or makes one of it and the last of them.
    fn enqueue(&mut self, key: LaneKey, work: Work, now: Instant) {
        let last = match self.config.algorithm {
            Algorithm::Ordered => None,
            Algorithm::Merged => self.lanes.last_mut(&key),
        };
        let work = match last {
            Some(last) => fold(last, work),
            None => Some(work),
        };
        if let Some(work) = work {
            self.lanes.push(key, work, now);
        }
    }

    /// Has a record fetched back or deleted again, when its lane's turn comes, if org B does not agree with its link.
    pub(super) fn look_after(&mut self, parent: PointedAt, tenure: Tenure, now: Instant) {
        let key = parent.key.clone();
        if tenure.is_over() || self.lanes.queued(&key).any(|work| matches!(work.task, Task::Straighten(_))) {
            return;
        }
        let papers = Papers::new(key.clone(), None, tenure, None);
        self.lanes.push(key, Work { papers, task: Task::Straighten(parent) }, now);
    }

    /// What becomes of a record that is none of this sink's, or of which nobody knows that.
    fn unmet(&self, record: &SinkRecord) -> Option<Outcome> {
        match condition::is_met(record, &self.config, &self.delivery.targets) {
            Ok(true) => None,
            Ok(false) => Some(Outcome::Skipped(Skip::Unmatched)),
            Err(rejection) => Some(Outcome::Rejected(rejection)),
        }
    }

    fn read(&mut self, record: SinkRecord, key: LaneKey) -> Task {
        if let Some(outcome) = self.unmet(&record) {
            return Task::Known(Box::new(outcome));
        }
        match change::read(record, key, &self.config, &self.delivery.targets) {
            Ok(change) => {
                self.remark(&change);
                Task::Change(Box::new(change))
            }
            Err(no_change) => Task::Known(Box::new(no_change.into())),
        }
    }

    /// Says which fields of the record are not written, each field of an object once.
    fn remark(&mut self, change: &Change) {
        if matches!(change.kind, Kind::Delete | Kind::Leave) {
            return;
        }
        let object = &change.target.object;
        let new = self.remarks.new_of(&change.target, change.schema());
        for (field, reason) in &new {
            self.delivery.counters.field_left_out(object, field, reason.as_str());
        }
        let (lost, known): (Vec<_>, Vec<_>) =
            new.into_iter().partition(|(_, reason)| *reason == LeftOut::NotThere);
        let (pipeline, org) = (&self.config.pipeline, self.delivery.wire.org.name());
        if !lost.is_empty() {
            let fields: Vec<_> = lost.into_iter().map(|(field, _)| field).collect();
            tracing::warn!(
                %pipeline, org, %object, fields = fields.join(", "),
                "Records have fields that this org does not have or does not show to the user. What they hold is not written: \
                 create them there and give the user access, or name them in `ignore_fields`."
            );
        }
        if !known.is_empty() {
            let fields: Vec<_> =
                known.into_iter().map(|(field, reason)| format!("{field} ({reason})")).collect();
            tracing::info!(
                %pipeline, org, %object, fields = fields.join(", "),
                "Fields of the records are left out of what is written."
            );
        }
    }

    fn read_owed(&self, owed: Owed) -> (LaneKey, Task) {
        let key = LaneKey::new(owed.org.clone(), owed.id.clone());
        let skip = if self.delivery.targets.named(&owed.object).is_none() {
            Some(Skip::OutsidePipeline)
        } else if self.is_decided(&key, &owed) {
            Some(Skip::NoLongerOwed)
        } else {
            None
        };
        let task = match skip {
            Some(skip) => Task::Known(Box::new(Outcome::Skipped(skip))),
            None => Task::Owed(owed),
        };
        (key, task)
    }

    /// Whether a newer record than the one that owes was written and decides the reference, but was not handed out yet. One
    /// that is still under way may be refused.
    fn is_decided(&self, key: &LaneKey, owed: &Owed) -> bool {
        let written = self.closed.iter().filter(|closed| matches!(closed.outcome, Outcome::Delivered(_)));
        written
            .filter_map(|closed| closed.decides.as_ref())
            .any(|(of, decision)| of == key && decision.is_about(owed))
    }
}
