//! Consumed bytes become records with tickets; what cannot be decoded becomes a dead letter at once.

use std::sync::atomic::Ordering;

use orgstream_api::record::field;
use orgstream_api::{InputOffset, Item, Record, SinkRecord, TaskError, Tracked, brief};
use orgstream_salesforce_sink::Fate;
use tokio::time::Instant;

use super::{Flight, SinkTask, SinkWorker, Taken};
use crate::codec::{CodecError, Part};
use crate::kafka::{Consumed, Outgoing, topics};
use crate::worker::dead_letters::{Cause, Stage, dead_letter, write_dead_letters, write_id};
use crate::worker::owed::EntryKey;
use crate::worker::reports::kept;

/// A key of at most so many bytes is shown in the log.
const LONGEST_KEY: usize = 100;

impl SinkWorker {
    /// Takes consumed records in.
    pub(super) async fn take_in(&mut self, messages: Vec<Consumed>) -> Result<(), TaskError> {
        self.parts.view.consumed.add(messages.len());
        let bytes: usize = messages.iter().map(Consumed::size).sum();
        self.parts.view.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let came = Instant::now();
        let (mut letters, mut dead) = (Vec::new(), 0);
        // Tickets of records that the sink never sees.
        let mut ended = Vec::new();
        for consumed in messages {
            // A record of a partition that is gone, or one that was tracked already, has no ticket and no effect.
            let Some(ticket) = self.ledger.track(&consumed.at.partition, consumed.at.offset) else {
                continue;
            };
            // A process ended before it committed the offset of a record that it had parked.
            if self.parked.knows(&consumed) {
                ended.push(ticket);
                continue;
            }
            match self.decode(&consumed).await {
                Ok(record) => {
                    let id = record.text(field::ID).map(str::to_owned);
                    let reported =
                        self.parts.reports.as_ref().map(|reports| Box::new(kept(reports, &record)));
                    let item =
                        Item::Record(SinkRecord { at: consumed.at.clone(), record, size: consumed.size() });
                    let original = self.originals.keep(consumed);
                    let taken = Box::new(Taken { original, id, reported, came });
                    self.flights.insert(ticket.id(), Flight::Record(taken));
                    self.backlog.push_back(Tracked { ticket, item });
                }
                Err(error) => {
                    let cause = self.unreadable(&consumed.at, error)?;
                    if let Some(letter) = self.letter_of_unreadable(&consumed, &cause)? {
                        dead += 1;
                        if !self.lettered.has(&write_id(&self.parts.task.pipeline, &consumed.at)) {
                            letters.push(letter);
                        }
                    }
                    ended.push(ticket);
                }
            }
        }
        if !letters.is_empty() {
            // D3: the dead letters are acknowledged before their tickets settle.
            write_dead_letters(&self.parts.producer, letters).await?;
        }
        self.parts.view.dead_letters.add(dead);
        for ticket in ended {
            self.ledger.settle(ticket);
        }
        Ok(())
    }

    /// Reads the bytes of a consumed record.
    pub(super) async fn decode(&mut self, consumed: &Consumed) -> Result<Record, CodecError> {
        let decoded = self.parts.codec.decode(consumed.key.as_deref(), consumed.value.as_deref()).await?;
        Ok(Record {
            key: decoded.key,
            value: decoded.value,
            headers: consumed.headers.clone(),
            timestamp: consumed.timestamp,
        })
    }

    /// The dead letter of a record that cannot be read, unless it is to be passed over; an error where the file says to stop.
    pub(super) fn letter_of_unreadable(
        &self,
        consumed: &Consumed,
        cause: &Cause,
    ) -> Result<Option<Outgoing>, TaskError> {
        let SinkTask { pipeline, number } = &self.parts.task;
        match self.parts.refusals.refuse(&cause.code) {
            Fate::Reject => {
                tracing::warn!(
                    key = consumed.key.as_deref().and_then(shown), at = %consumed.at,
                    rejection = format!("{}: {}", cause.code, cause.message),
                    dead_letters = topics::dead_letters(pipeline),
                    "A record cannot be read; it becomes a dead letter."
                );
                Ok(Some(dead_letter(pipeline, *number, consumed, cause)))
            }
            Fate::Skip => {
                tracing::warn!(
                    key = consumed.key.as_deref().and_then(shown), at = %consumed.at,
                    rejection = format!("{}: {}", cause.code, cause.message),
                    "A record cannot be read, and is passed over as `on_error` says."
                );
                Ok(None)
            }
            // Those beside it come again with it (D2).
            Fate::Stop => Err(TaskError::failed(format!(
                "pipeline `{pipeline}`: the record at {} cannot be read and `on_error` says `stop`: {}. It is not settled: it \
                 comes again at the next start. Let such records pass with `on_error: {{ {}: reject }}`, into the dead letters",
                consumed.at, cause.message, cause.code
            ))),
        }
    }

    /// Why a record is dead whose bytes cannot be read; an error where others would be as dead as this one.
    pub(super) fn unreadable(&mut self, at: &InputOffset, error: CodecError) -> Result<Cause, TaskError> {
        match error {
            CodecError::Undecodable { part, reason } => Ok(undecodable(part, &reason)),
            // Garbage names any schema, and hardly one twice.
            CodecError::UnknownSchema { part, id, .. } if self.unknown_schemas.insert(id) => {
                Ok(undecodable(part, &error.to_string()))
            }
            CodecError::UnknownSchema { .. } => Err(TaskError::failed(format!(
                "the record at {at} is not the only one that cannot be read: {error}. If the registry is behind or being \
                 restored, start again when it has caught up; if the records were written with another registry, correct \
                 `schema_registry.url`; if they are none of this pipeline's, set the group's offset past them with \
                 `orgstream offsets set`"
            ))),
            error => Err(TaskError::failed(error)),
        }
    }

    /// Hands the sink as much of the backlog as it has room for.
    pub(super) fn fill(&mut self) {
        self.drop_paid();
        let room = self.parts.sink.capacity().records.min(self.backlog.len());
        if room == 0 {
            return;
        }
        let items: Vec<_> = self.backlog.drain(..room).collect();
        for back in self.parts.sink.submit(items).into_iter().rev() {
            self.backlog.push_front(back);
        }
    }
}

impl SinkWorker {
    /// D5: takes back references that are owed no more, as a newer state of their record was written while they waited
    /// here. Handed on, they would put the older value over the newer one.
    fn drop_paid(&mut self) {
        let book = &self.book;
        let is_over = |tracked: &Tracked<Item>| match &tracked.item {
            Item::Record(_) | Item::Parked(_) => false,
            Item::Owed(owed) => book.entry(&EntryKey::of(owed)).is_none_or(|entry| entry.at != owed.at),
        };
        if !self.backlog.iter().any(is_over) {
            return;
        }
        for tracked in std::mem::take(&mut self.backlog) {
            if is_over(&tracked) {
                self.flights.remove(&tracked.ticket.id());
                self.ledger.settle(tracked.ticket);
            } else {
                self.backlog.push_back(tracked);
            }
        }
    }
}

/// A key that is a short text, which most likely is the record's id or has it.
fn shown(key: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(key).ok().filter(|text| text.len() <= LONGEST_KEY);
    text.filter(|text| !text.chars().any(char::is_control))
}

fn undecodable(part: Part, reason: &str) -> Cause {
    let (stage, code) = match part {
        Part::Key => (Stage::KeyConverter, "UNREADABLE_KEY"),
        Part::Value => (Stage::ValueConverter, "UNREADABLE_VALUE"),
    };
    let message = brief(reason).into_owned();
    Cause { stage, code: code.to_owned(), trace: message.clone(), message }
}
