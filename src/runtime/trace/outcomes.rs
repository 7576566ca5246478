//! What became of the records of a pipeline, as far as Kafka and the id links tell.

use std::collections::HashMap;

use orgstream_api::{Headers, IdLink, InputOffset, TopicPartition};

use super::Became;
use crate::config::Pipeline;
use crate::kafka::Consumed;
use crate::worker::dead_letters::{WRITE_ID, write_id};

/// What is known of the outcomes of a pipeline's records.
#[derive(Default)]
pub(super) struct Outcomes {
    /// How far each partition is settled; `None` without a sink.
    pub(super) committed: Option<HashMap<TopicPartition, i64>>,
    /// What records wait for.
    pub(super) parked: HashMap<InputOffset, String>,
    /// Dead letters by the id of their write.
    letters: HashMap<String, Became>,
    /// Dead letters of the source, which lie on no topic.
    pub(super) refused: Vec<Consumed>,
}

impl Outcomes {
    /// Takes in a dead letter. Those of records with the id `id` that lie on no topic are kept.
    pub(super) fn take_in(&mut self, letter: Consumed, id: &str) {
        match letter.headers.text(WRITE_ID) {
            Some(write) => {
                self.letters.insert(write.to_owned(), rejection(&letter.headers));
            }
            None if letter.key.as_deref() == Some(id.as_bytes()) => self.refused.push(letter),
            None => {}
        }
    }

    /// What became of the record.
    pub(super) fn of(&self, pipeline: &Pipeline, record: &Consumed, links: &[IdLink]) -> Became {
        let at = &record.at;
        let Some(committed) = &self.committed else { return Became::Produced };
        if let Some(rejected) = self.letters.get(&write_id(&pipeline.name, at)) {
            return rejected.clone();
        }
        if let Some(reason) = self.parked.get(at) {
            return Became::Parked { reason: reason.clone() };
        }
        if let Some(link) = links.iter().find(|link| link.last == *at) {
            return Became::Written { target_id: link.target_id.clone() };
        }
        match committed.get(&at.partition) {
            Some(next) if at.offset < *next => Became::Settled,
            _ => Became::Pending,
        }
    }
}

/// What the headers of a dead letter say.
pub(super) fn rejection(headers: &Headers) -> Became {
    let text = |name: &str| {
        headers.text(&format!("__connect.errors.exception.{name}")).unwrap_or_default().to_owned()
    };
    Became::Rejected { code: text("class.name"), message: text("message") }
}
