//! What became of the records of a pipeline, as far as Kafka and the id links tell.

use std::collections::{HashMap, HashSet};

use orgstream_api::{Headers, IdLink, InputOffset, TopicPartition};

use super::Became;
use crate::config::Pipeline;
use crate::kafka::Consumed;
use crate::worker::dead_letters::{Stage, WRITE_ID, write_id};

/// What is known of the outcomes of a pipeline's records.
#[derive(Default)]
pub(super) struct Outcomes {
    /// How far each partition is settled; `None` without a sink.
    pub(super) committed: Option<HashMap<TopicPartition, i64>>,
    /// What records wait for.
    pub(super) parked: HashMap<InputOffset, String>,
    /// The ids of the writes that are asked for.
    asked: HashSet<String>,
    /// Their dead letters, by the same ids.
    letters: HashMap<String, Became>,
    /// Dead letters of the source, which lie on no topic.
    pub(super) refused: Vec<Consumed>,
}

impl Outcomes {
    /// Nothing is known yet of the writes with these ids.
    pub(super) fn of_writes(asked: HashSet<String>) -> Self {
        Self { asked, ..Self::default() }
    }

    /// Takes in a dead letter: one of a write that is asked for, or of a record with the id `id` that lies on no topic. All
    /// others are passed over, since their topic may be larger than the memory.
    pub(super) fn take_in(&mut self, letter: Consumed, id: &str) {
        let write = letter.headers.text(WRITE_ID);
        if let Some(write) = write.filter(|write| self.asked.contains(*write)) {
            self.letters.insert(write.to_owned(), rejection(&letter.headers));
        } else if is_of_source(&letter.headers) && letter.key.as_deref() == Some(id.as_bytes()) {
            // Two with the same id are one.
            self.refused.retain(|known| write.is_none() || known.headers.text(WRITE_ID) != write);
            self.refused.push(letter);
        }
    }

    /// What became of the record. Without `links`, where the state directory lies elsewhere, the one that was written last is
    /// not told from others.
    pub(super) fn of(&self, pipeline: &Pipeline, record: &Consumed, links: Option<&[IdLink]>) -> Became {
        let at = &record.at;
        let Some(committed) = &self.committed else { return Became::Produced };
        if let Some(rejected) = self.letters.get(&write_id(&pipeline.name, at)) {
            return rejected.clone();
        }
        if let Some(reason) = self.parked.get(at) {
            return Became::Parked { reason: reason.clone() };
        }
        if let Some(link) = links.into_iter().flatten().find(|link| link.last == *at) {
            return Became::Written { target_id: link.target_id.clone() };
        }
        match committed.get(&at.partition) {
            Some(next) if at.offset < *next => Became::Settled { without_links: links.is_none() },
            _ => Became::Pending,
        }
    }
}

/// Whether a dead letter is of a record that the source refused.
fn is_of_source(headers: &Headers) -> bool {
    headers.text("__connect.errors.stage") == Some(Stage::Transformation.as_str())
}

/// What the headers of a dead letter say.
pub(super) fn rejection(headers: &Headers) -> Became {
    let text = |name: &str| {
        headers.text(&format!("__connect.errors.exception.{name}")).unwrap_or_default().to_owned()
    };
    Became::Rejected { code: text("class.name"), message: text("message") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(offset: i64, key: &str, write: Option<&str>, stage: Stage) -> Consumed {
        let mut headers = Headers::default();
        headers.push("__connect.errors.stage", stage.as_str());
        if let Some(write) = write {
            headers.push(WRITE_ID, write);
        }
        let partition = TopicPartition { topic: "crm.dead_letters".into(), partition: 0 };
        let key = Some(key.as_bytes().to_vec());
        Consumed { at: InputOffset { partition, offset }, key, value: None, headers, timestamp: 0 }
    }

    #[test]
    fn letters_of_other_records_are_not_kept_and_doubles_are_one() {
        let mut outcomes = Outcomes::of_writes(HashSet::from(["crm/a.Lead-2@41".to_owned()]));
        let refused = Some("crm/00D1/Lead/00Q1@2026-01-01T10:20:30.000Z");
        for (offset, (key, write, stage)) in (0..).zip([
            ("00Q1", Some("crm/a.Lead-2@41"), Stage::TaskPut),
            ("00Q1", Some("crm/a.Lead-2@42"), Stage::TaskPut),
            ("00Q1", refused, Stage::Transformation),
            ("00Q1", refused, Stage::Transformation),
            ("00Q1", None, Stage::Transformation),
            ("00Q2", None, Stage::Transformation),
        ]) {
            outcomes.take_in(letter(offset, key, write, stage), "00Q1");
        }
        assert_eq!(outcomes.letters.keys().collect::<Vec<_>>(), ["crm/a.Lead-2@41"]);
        let refused: Vec<_> = outcomes.refused.iter().map(|letter| letter.at.offset).collect();
        assert_eq!(refused, [3, 4]);
    }
}
