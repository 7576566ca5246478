//! Records that wait in Kafka: how they get there, how they come back to the sink, and how their entries end.

use std::time::Duration;

use orgstream_api::record::field;
use orgstream_api::{
    History, IdLink, InputOffset, Item, LinkState, Parked, Resumed, SinkRecord, StoreError, TaskError,
    Tracked, Wait,
};
use tokio::time::Instant;

use super::answers::{Demands, lives};
use super::{Flight, SinkTask, SinkWorker, Taken};
use crate::clock::now_ms;
use crate::worker::dead_letters::{Cause, write_dead_letters, write_id};
use crate::worker::parked::Again;
use crate::worker::parked::entry::{ParkedRecord, Until, tombstone};
use crate::worker::reports::kept;
use crate::worker::waiting::read_waiting;

/// With so many items on their way to the sink no parked ones are added.
const RESUMED: usize = 1_000;

/// What the entry of a record says that is with the sink.
pub(super) struct Past {
    /// Whose history the record belongs to.
    pub(super) whose: History,
    since: i64,
    /// What a record that goes on waiting for its turn need not have written anew.
    is_turn: bool,
}

impl SinkWorker {
    /// Has a record wait: its entry is written before its ticket settles (D3).
    pub(super) fn park(
        &mut self,
        demands: &mut Demands,
        taken: &Taken,
        parked: &Parked,
        past: Option<Past>,
    ) -> Result<(), StoreError> {
        let now = now_ms();
        if let Wait::For { cause, parents, .. } = &parked.wait {
            let parents = parents.iter();
            demands
                .parents
                .extend(parents.map(|parent| (parent.org.clone(), parent.object.clone(), parent.id.clone())));
            if past.is_none() {
                tracing::info!(
                    record = %parked.whose.id, at = %taken.original.at(), %cause,
                    "A record cannot be written yet; it waits in Kafka."
                );
            }
        }
        if let Some(intents) = &self.parts.intents {
            intents.park(taken.original.at());
        }
        let stays = past.as_ref().is_some_and(|past| past.is_turn) && parked.wait == Wait::Turn;
        let since = past.map_or(now, |past| past.since);
        let record = ParkedRecord::new(taken.original.read()?.into_owned(), parked, since, now);
        if !stays {
            demands.parked.push(record.outgoing(&self.parts.task.pipeline));
        }
        self.parked.add(record, Again::No);
        Ok(())
    }

    /// Ends the entry of a record that has its outcome.
    pub(super) fn end_parked(&mut self, demands: &mut Demands, whose: &History, at: &InputOffset) {
        demands.parked.push(tombstone(&self.parts.task.pipeline, whose, at));
        if let Some(intents) = &self.parts.intents {
            intents.unpark(at);
        }
        self.parked.end(whose, at);
    }

    /// Submits the entries that wait for the record of `link`: all where it lives now, and where it was deleted the records
    /// that cannot be without it. References wait for its return.
    pub(super) fn wake(&mut self, link: &IdLink) {
        let (lives, is_deleted) = (lives(link), link.state != LinkState::Live);
        // The process hears of the links of all its sinks; a link to another org pays nothing here.
        if link.target_org != self.parts.target_org || !(lives || is_deleted) {
            return;
        }
        let parent = (link.source_org.clone(), link.object.clone(), link.source_id.clone());
        if lives {
            self.submit_owed(std::slice::from_ref(&parent));
        } else {
            self.book.rest(&parent);
        }
        self.parked.wake(&parent);
    }

    /// Hands on the parked records whose time has come.
    pub(super) async fn resume(&mut self) -> Result<(), TaskError> {
        while self.backlog.len() < RESUMED {
            let Some(records) = self.parked.take_ready() else { return Ok(()) };
            for record in records {
                self.resume_one(record).await?;
            }
        }
        Ok(())
    }

    async fn resume_one(&mut self, parked: ParkedRecord) -> Result<(), TaskError> {
        let record = match self.decode(&parked.consumed).await {
            Ok(record) => record,
            Err(error) => {
                let cause = self.unreadable(&parked.consumed.at, error)?;
                return self.bury(&parked, &cause).await;
            }
        };
        let (place, size) = (parked.place(), parked.consumed.size());
        // The book has only what is assigned.
        let Some(ticket) = self.ledger.track_aside(&place.at.partition) else { return Ok(()) };
        let waited = u64::try_from(now_ms().saturating_sub(parked.since)).unwrap_or_default();
        let taken = Taken {
            id: record.text(field::ID).map(str::to_owned),
            reported: self.parts.reports.as_ref().map(|reports| Box::new(kept(reports, &record))),
            came: Instant::now(),
            original: self.originals.keep(parked.consumed),
        };
        let past = Past { whose: place.whose, since: parked.since, is_turn: parked.until == Until::Turn };
        let resumed = Resumed {
            record: SinkRecord { at: place.at, record, size },
            waited: Duration::from_millis(waited),
            tried: parked.tried,
        };
        self.flights.insert(ticket.id(), Flight::Parked(Box::new(taken), Box::new(past)));
        self.backlog.push_back(Tracked { ticket, item: Item::Parked(Box::new(resumed)) });
        Ok(())
    }

    /// Ends a record whose bytes could be read when it was parked, and no more.
    async fn bury(&mut self, parked: &ParkedRecord, cause: &Cause) -> Result<(), TaskError> {
        let SinkTask { pipeline, .. } = &self.parts.task;
        let is_there = self.lettered.has(&write_id(pipeline, &parked.consumed.at));
        if let Some(letter) = self.letter_of_unreadable(&parked.consumed, cause)? {
            self.parts.view.dead_letters.add(1);
            if !is_there {
                write_dead_letters(&self.parts.producer, vec![letter]).await?;
            }
        }
        let mut demands = Demands::default();
        self.end_parked(&mut demands, &parked.whose, &parked.consumed.at);
        self.parts.producer.send(demands.parked).await?;
        self.parts.sink.lost_aside(&parked.place());
        Ok(())
    }

    /// Reads what waits in one partition of the parked topic for the partitions that begin at `starts` (D3: the topic is
    /// the truth).
    pub(super) async fn read_parked(&mut self, number: i32, starts: &[InputOffset]) -> Result<(), TaskError> {
        let waiting =
            read_waiting(&self.parts.kafka, &self.parts.task.pipeline, Some(number), &self.parts.health)
                .await?;
        for (owed, since) in waiting.owed {
            if self.ledger.owns(&owed.at.partition) {
                self.book.add(owed, since);
            }
        }
        let mut places = Vec::new();
        for record in waiting.records {
            let at = &record.consumed.at;
            let Some(start) = starts.iter().find(|start| start.partition == at.partition) else { continue };
            let again = if at.offset >= start.offset { Again::Yes } else { Again::No };
            if let Some(intents) = &self.parts.intents {
                intents.park(at);
            }
            places.push(record.place());
            self.parked.add(record, again);
        }
        // D5: before the first record that could pass them.
        self.parts.sink.set_aside(places);
        Ok(())
    }
}
