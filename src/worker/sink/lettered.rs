//! Dead letters that are on their topic although the offsets of their records were not committed.
//!
//! A process that ends between the two has their records delivered again (D2), and most are rejected again. The letters of
//! partitions that come are read back, so that each record has one.

use std::collections::{BTreeMap, HashSet};

use orgstream_api::{HealthReporter, InputOffset, TaskError, TopicPartition};

use crate::kafka::{Admin, KafkaConfig, Tail, topics};
use crate::worker::dead_letters::{WRITE_ID, write_id};
use crate::worker::parked::ParkedBook;

/// How many letters of each partition of the topic are read back: more and more, until the older half of them has none of an
/// uncommitted record. Beyond the last number a letter may be written twice, as after a crash with more than that in flight.
const READ_BACK: [i64; 3] = [200, 2_000, 20_000];

/// The records that have a letter and will be delivered again, by write id.
#[derive(Debug, Default)]
pub(super) struct Lettered(HashSet<String>);

/// Which letters are looked for.
pub(super) struct Due<'a> {
    /// The pipeline.
    pub(super) pipeline: &'a str,
    /// Those of records at these places and behind them.
    pub(super) places: &'a [InputOffset],
    /// Those of records that are parked.
    pub(super) parked: &'a ParkedBook,
}

impl Lettered {
    /// Whether a record that is rejected has its letter already. It is asked once.
    pub(super) fn has(&mut self, id: &str) -> bool {
        !self.0.is_empty() && self.0.remove(id)
    }

    /// Reads the letters back that are due.
    pub(super) async fn read_back(
        &mut self,
        due: Due<'_>,
        kafka: &KafkaConfig,
        admin: &Admin,
        health: &HealthReporter,
    ) -> Result<(), TaskError> {
        let topic = topics::dead_letters(due.pipeline);
        // One that was deleted has no letters; the first to be written says so.
        if admin.partitions(&topic).await?.is_none() {
            return Ok(());
        }
        let asked = std::slice::from_ref(&topic);
        let numbers = |offsets: BTreeMap<TopicPartition, i64>| -> BTreeMap<i32, i64> {
            offsets.into_iter().map(|(at, offset)| (at.partition, offset)).collect()
        };
        let ends = numbers(admin.end_offsets(asked).await?);
        let firsts = numbers(admin.first_offsets(asked).await?);
        if ends == firsts {
            return Ok(());
        }
        for count in READ_BACK {
            let starts: BTreeMap<i32, i64> = firsts
                .iter()
                .map(|(number, first)| (*number, (ends.get(number).unwrap_or(first) - count).max(*first)))
                .collect();
            let mut tail = Tail::from(kafka, vec![(topic.clone(), starts)], health.clone());
            let mut oldest_is_due = false;
            while let Some(letter) = tail.next().await {
                let letter = letter?;
                let Some(id) = letter.headers.text(WRITE_ID) else { continue };
                if due.is_of(id) {
                    let end = ends.get(&letter.at.partition.partition).copied().unwrap_or_default();
                    oldest_is_due |= letter.at.offset < end - count / 2;
                    self.0.insert(id.to_owned());
                }
            }
            if !oldest_is_due {
                break;
            }
        }
        Ok(())
    }
}

impl Due<'_> {
    /// Whether a letter is of such a record.
    fn is_of(&self, id: &str) -> bool {
        self.places.iter().any(|place| {
            let of_partition = write_id(self.pipeline, place);
            let offset =
                of_partition.rsplit_once('@').and_then(|(head, _)| id.strip_prefix(head)?.strip_prefix('@'));
            let offset = offset.and_then(|offset| offset.parse().ok());
            offset.is_some_and(|offset: i64| {
                let at = InputOffset { partition: place.partition.clone(), offset };
                offset >= place.offset || self.parked.has(&at)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::{Headers, History, Parked, Tried, Wait};

    use super::*;
    use crate::kafka::Consumed;
    use crate::worker::parked::Again;
    use crate::worker::parked::entry::ParkedRecord;

    #[test]
    fn letters_of_uncommitted_records_are_told_from_all_others() {
        let partition = TopicPartition { topic: "a.Lead".into(), partition: 1 };
        let places = [InputOffset { partition, offset: 40 }];
        let mut parked = ParkedBook::default();
        let whose = History { org: "00D1".into(), id: "00Q1".into() };
        let consumed = Consumed {
            at: InputOffset { offset: 7, ..places[0].clone() },
            key: None,
            value: None,
            headers: Headers::default(),
            timestamp: 0,
        };
        let waits = Parked { whose, wait: Wait::Turn, tried: Tried::default() };
        parked.add(ParkedRecord::new(consumed, &waits, 0, 0), Again::No);
        let letters = Due { pipeline: "crm", places: &places, parked: &parked };
        let due = |id: &str| letters.is_of(id);
        assert!(due("crm/a.Lead-1@40") && due("crm/a.Lead-1@1000"));
        assert!(due("crm/a.Lead-1@7"), "it is parked");
        for other in [
            "crm/a.Lead-1@39",
            "crm/a.Lead-10@40",
            "crm/a.Lead-2@40",
            "x/a.Lead-1@40",
            "crm/a.Lead-1@40/OwnerId",
            "",
        ] {
            assert!(!due(other), "{other}");
        }
    }

    #[test]
    fn a_letter_stands_for_one_rejection() {
        let mut lettered = Lettered(HashSet::from(["crm/a.Lead-1@40".to_owned()]));
        assert!(!lettered.has("crm/a.Lead-1@41"));
        assert!(lettered.has("crm/a.Lead-1@40"));
        assert!(!lettered.has("crm/a.Lead-1@40"));
    }
}
