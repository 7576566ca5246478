//! Outcomes become durable, then their tickets settle.
//!
//! The order is what the delivery rules ask for: owed entries and dead letters are acknowledged by Kafka (D3), then links are
//! bound (D7), then parked records begin and end (D3), then tickets settle, then offsets may be committed (D1). A crash anywhere
//! in between redelivers the record, and the link's `last` does not hide it yet.

use std::collections::HashMap;

use orgstream_api::{
    Delivered, Headers, IdLink, LinkChange, LinkState, Outcome, Owed, Rejection, Skip, StoreError, TaskError,
    Ticket, Tracked,
};
use orgstream_api::{InputOffset, Item};

use super::{Flight, SinkWorker, Taken};
use crate::clock::now_ms;
use crate::kafka::{Consumed, Outgoing, Place, topics};
use crate::store::LinkKey;
use crate::worker::dead_letters::{Cause, Stage, WRITE_ID, dead_letter, write_dead_letters, write_id};
use crate::worker::ledger::Redeemed;
use crate::worker::owed::{EntryKey, Parent, parents};
use crate::worker::reports::{self, write_reports};

/// What a batch of outcomes demands before its tickets settle.
#[derive(Default)]
pub(super) struct Demands {
    entries: Vec<Outgoing>,
    /// Parked records and their tombstones. They come last: nobody would know of a record any more whose tombstone came first,
    /// and a record that is parked in the topic is not waited for by an earlier one of its id that has no letter or link yet.
    pub(super) parked: Vec<Outgoing>,
    letters: Vec<Outgoing>,
    /// Rejections; some may have their letter already.
    rejected: usize,
    reports: Vec<Outgoing>,
    links: HashMap<LinkKey, IdLink>,
    /// Parents of references that are newly owed, or still, and of parked records.
    pub(super) parents: Vec<Parent>,
}

impl SinkWorker {
    /// Makes outcomes durable and settles their tickets.
    pub(super) async fn answer(&mut self, answers: Vec<(Ticket, Outcome)>) -> Result<(), TaskError> {
        let mut demands = Demands::default();
        for (ticket, outcome) in &answers {
            let flight = self.flights.remove(&ticket.id());
            // The partition has another owner now; it does all of this itself.
            if self.ledger.standing(ticket.id()) == Redeemed::Inert {
                continue;
            }
            match flight {
                Some(Flight::Record(taken)) => {
                    self.parts.view.latency.add(taken.came.elapsed(), 1);
                    self.record_answer(&mut demands, &taken, outcome).map_err(TaskError::restart)?;
                    if let Outcome::Parked(parked) = outcome {
                        self.park(&mut demands, &taken, parked, None).map_err(TaskError::restart)?;
                    }
                }
                Some(Flight::Parked(taken, past)) => {
                    self.record_answer(&mut demands, &taken, outcome).map_err(TaskError::restart)?;
                    match outcome {
                        Outcome::Parked(parked) => {
                            let parks = self.park(&mut demands, &taken, parked, Some(*past));
                            parks.map_err(TaskError::restart)?;
                        }
                        _ => self.end_parked(&mut demands, &past.whose, taken.original.at()),
                    }
                }
                Some(Flight::Owed(owed)) => self.owed_answer(&mut demands, &owed, outcome),
                None => {
                    return Err(TaskError::failed("the sink answered a ticket that was not in flight (D4)"));
                }
            }
        }
        if !demands.letters.is_empty() {
            // D3: acknowledged before anything settles, and before a reference that has one is forgotten.
            write_dead_letters(&self.parts.producer, demands.letters).await?;
        }
        self.parts.view.dead_letters.add(demands.rejected);
        if !demands.reports.is_empty() {
            // D3, too.
            write_reports(&self.parts.producer, demands.reports).await?;
        }
        if !demands.entries.is_empty() {
            // D3, too.
            self.parts.producer.send(demands.entries).await?;
        }
        if !demands.links.is_empty() {
            // D7: bound before anything settles.
            self.parts.ids.write(demands.links.into_values().collect()).await?;
        }
        if !demands.parked.is_empty() {
            // D3: behind all that the end of a parked record, and of those that came before one, demands.
            self.parts.producer.send(demands.parked).await?;
        }
        for (ticket, _) in answers {
            self.ledger.settle(ticket);
        }
        // A link that came between the sink's look-up and the registration above woke nobody.
        self.submit_linked(demands.parents).await
    }

    fn record_answer(
        &mut self,
        demands: &mut Demands,
        taken: &Taken,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let at = taken.original.at();
        demands.reports.extend(self.report(taken, outcome)?);
        // D6: that a record was made is as durable as its outcome.
        demands.entries.extend(self.parts.intents.as_ref().and_then(|intents| intents.outcome(at)));
        match outcome {
            Outcome::Delivered(delivered) => self.delivered(demands, at, delivered),
            Outcome::Skipped(Skip::Cancelled(Some(link))) => self.bind(demands, at, link, &[]),
            Outcome::Skipped(_) | Outcome::Parked(_) => {}
            Outcome::Rejected(rejection) => {
                tracing::warn!(
                    record = taken.id.as_deref(), %at, %rejection,
                    dead_letters = topics::dead_letters(&self.parts.task.pipeline),
                    "A record is rejected; it becomes a dead letter."
                );
                demands.rejected += 1;
                if !self.lettered.has(&write_id(&self.parts.task.pipeline, at)) {
                    demands.letters.push(self.letter(&*taken.original.read()?, rejection));
                }
            }
        }
        Ok(())
    }

    fn delivered(&mut self, demands: &mut Demands, at: &InputOffset, delivered: &Delivered) {
        self.parts.view.delivered.add(1);
        if let Some(LinkChange::Bind(link)) = &delivered.link {
            self.bind(demands, at, link, &delivered.paid);
        }
        for owed in &delivered.owed {
            demands.parents.extend(parents(owed));
            demands.entries.push(entry(
                &self.parts.task.pipeline,
                &EntryKey::of(owed),
                Some(owed),
                at.partition.partition,
            ));
            self.book.add(owed.clone(), now_ms());
        }
    }

    /// Has a link bound, and ends what its record owes no more: the fields `paid`, or all if it is gone.
    fn bind(&mut self, demands: &mut Demands, at: &InputOffset, link: &IdLink, paid: &[String]) {
        let mut over: Vec<EntryKey> = Vec::new();
        if matches!(link.state, LinkState::Deleted(_)) {
            over.extend(self.book.keys_of(&at.partition.topic, &link.source_id));
        }
        over.extend(paid.iter().map(|field| EntryKey::field(&at.partition.topic, &link.source_id, field)));
        for key in over {
            self.pay(demands, &key);
        }
        demands.links.insert(LinkKey::of(link), link.clone());
    }

    fn owed_answer(&mut self, demands: &mut Demands, owed: &Owed, outcome: &Outcome) {
        let key = EntryKey::of(owed);
        // A newer reference of the same field may have taken the entry's place meanwhile; it stays.
        let ours = self.book.entry(&key).is_some_and(|entry| entry.at == owed.at);
        match outcome {
            Outcome::Delivered(_) => self.parts.view.delivered.add(1),
            Outcome::Skipped(Skip::StillOwed) => {
                if ours {
                    self.book.give_back(&key);
                    demands.parents.extend(parents(owed));
                }
                return;
            }
            // Only records are parked.
            Outcome::Skipped(_) | Outcome::Parked(_) => {}
            Outcome::Rejected(rejection) => {
                tracing::warn!(record = %owed.id, field = %owed.field, %rejection, "An owed reference is rejected; it becomes a dead letter.");
                demands.rejected += 1;
                demands.letters.push(self.letter_of_owed(owed, rejection));
            }
        }
        if ours {
            self.pay(demands, &key);
        }
    }

    /// Ends an entry, if there is one.
    fn pay(&mut self, demands: &mut Demands, key: &EntryKey) {
        demands.entries.extend(self.end(key));
    }

    /// The tombstone of an entry, if there is one.
    pub(super) fn end(&mut self, key: &EntryKey) -> Option<Outgoing> {
        let owed = self.book.remove(key)?;
        Some(entry(&self.parts.task.pipeline, key, None, owed.at.partition.partition))
    }

    /// What the file wants to be told of a record's outcome.
    fn report(&self, taken: &Taken, outcome: &Outcome) -> Result<Option<Outgoing>, StoreError> {
        let Some((reports, record)) = self.parts.reports.as_ref().zip(taken.reported.as_ref()) else {
            return Ok(None);
        };
        let consumed = taken.original.read()?;
        Ok(match outcome {
            Outcome::Delivered(written) => reports::success(reports, &consumed, record, written),
            Outcome::Rejected(refused) => reports::error(reports, &consumed, record, refused),
            Outcome::Skipped(Skip::Refused(refused)) => reports::error(reports, &consumed, record, refused),
            // Org B has what it says.
            Outcome::Skipped(Skip::Merged { target: Some(target) }) => {
                let written = Delivered { target: Some(target.clone()), ..Delivered::default() };
                reports::success(reports, &consumed, record, &written)
            }
            Outcome::Skipped(_) | Outcome::Parked(_) => None,
        })
    }

    /// The letter of a reference. A record may owe several, and have a letter for each.
    fn letter_of_owed(&self, owed: &Owed, rejection: &Rejection) -> Outgoing {
        let mut letter = self.letter(&stand_in(owed), rejection);
        let id = write_id(&self.parts.task.pipeline, &owed.at);
        letter.headers.push(WRITE_ID, format!("{id}/{}", owed.field));
        letter
    }

    pub(super) fn letter(&self, consumed: &Consumed, rejection: &Rejection) -> Outgoing {
        let cause = Cause {
            stage: Stage::TaskPut,
            code: rejection.code.clone(),
            message: rejection.message.clone(),
            trace: rejection.to_string(),
        };
        dead_letter(&self.parts.task.pipeline, self.parts.task.number, consumed, &cause)
    }

    /// Wakes what waits for any of `parents`, those that live in org B.
    pub(super) async fn submit_linked(&mut self, parents: Vec<Parent>) -> Result<(), TaskError> {
        let links = self.links_of(parents).await?;
        let (live, gone): (Vec<_>, Vec<_>) = links.into_iter().partition(|(_, link)| lives(link));
        let live: Vec<Parent> = live.into_iter().map(|(parent, _)| parent).collect();
        for (parent, _) in gone.iter().filter(|(_, link)| link.state != LinkState::Live) {
            self.book.rest(parent);
        }
        // Who is parked knows of a deletion, and waits for the parent to come back.
        for parent in &live {
            self.parked.wake(parent);
        }
        self.submit_owed(&live);
        Ok(())
    }

    /// Submits the entries that wait for `parents`.
    pub(super) fn submit_owed(&mut self, parents: &[Parent]) {
        for owed in self.book.take_waiting(parents) {
            let Some(ticket) = self.ledger.track_aside(&owed.at.partition) else { continue };
            self.flights.insert(ticket.id(), Flight::Owed(Box::new(owed.clone())));
            self.backlog.push_back(Tracked { ticket, item: Item::Owed(owed) });
        }
    }
}

/// Whether a link says where its record is. One that was deleted may come back.
pub(super) fn lives(link: &IdLink) -> bool {
    link.target_id.is_some() && link.state == LinkState::Live
}

/// An entry of the parked topic, or its tombstone. It lies in the partition number of its record.
fn entry(pipeline: &str, key: &EntryKey, owed: Option<&Owed>, partition: i32) -> Outgoing {
    Outgoing {
        topic: topics::parked(pipeline),
        place: Place::Partition(partition),
        key: Some(serde_json::to_vec(key).expect("strings always serialise")),
        value: owed.map(|owed| serde_json::to_vec(owed).expect("strings and numbers always serialise")),
        headers: Headers::default(),
        timestamp: None,
    }
}

/// What a dead letter of an owed reference holds in place of a consumed record: the entry itself, as JSON.
fn stand_in(owed: &Owed) -> Consumed {
    Consumed {
        at: owed.at.clone(),
        key: Some(serde_json::to_vec(&EntryKey::of(owed)).expect("strings always serialise")),
        value: Some(serde_json::to_vec(owed).expect("strings and numbers always serialise")),
        headers: Headers::default(),
        timestamp: now_ms(),
    }
}
