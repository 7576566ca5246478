//! What is known of the inserts of the partitions that this task owns. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use orgstream_api::{Census, InputOffset, Insert, Made, TopicPartition};

use super::entry::{Entry, Forgotten};

/// How long it is known what was made, by the target's clock: longer than a look for a record lies back, as a rule.
const KEPT_MS: i64 = 600_000;

/// How many records it is known of that they were made, whatever their age, so that memory is bounded.
const MOST: usize = 50_000;

/// How far the target's machines may differ on when a record was made.
const MARGIN_MS: i64 = 60_000;

/// The inserts of the owned partitions.
#[derive(Debug, Default)]
pub(super) struct Book {
    lanes: HashMap<TopicPartition, Lane>,
    /// The latest time that the target's clock is known to have shown.
    latest: i64,
}

#[derive(Debug, Default)]
struct Lane {
    /// The committed offset: what lies before it is over.
    next: i64,
    inserts: BTreeMap<i64, Insert>,
    /// Records that are not over though their offsets may be committed: they are parked.
    parked: BTreeSet<i64>,
    forgotten: Option<i64>,
}

/// What is stored when a record's outcome is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Made(Made),
    NotMade,
}

/// What is over.
#[derive(Debug, Default)]
pub(super) struct Over {
    /// What is to be written first.
    pub(super) forgotten: Vec<Entry>,
    /// Records whose entries end.
    pub(super) ended: Vec<InputOffset>,
}

impl Book {
    /// A partition that goes on at an offset.
    pub(super) fn assign(&mut self, start: &InputOffset) {
        let lane = Lane { next: start.offset, ..Lane::default() };
        self.lanes.insert(start.partition.clone(), lane);
    }

    /// Takes in an entry of the topic, of an owned partition.
    pub(super) fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Unanswered(intent) => {
                self.put(&intent.at.clone(), Insert::Unanswered(intent));
            }
            Entry::Made(made) => {
                self.put(&made.at.clone(), Insert::Made(made));
            }
            Entry::Forgotten(Forgotten { partition, until }) => {
                if let Some(lane) = self.lanes.get_mut(&partition) {
                    lane.forgotten = lane.forgotten.max(Some(until));
                }
            }
        }
    }

    pub(super) fn revoke(&mut self, partition: &TopicPartition) {
        self.lanes.remove(partition);
    }

    pub(super) fn owns(&self, partition: &TopicPartition) -> bool {
        self.lanes.contains_key(partition)
    }

    /// Keeps what is known of a record; false where its partition is not owned.
    pub(super) fn put(&mut self, at: &InputOffset, insert: Insert) -> bool {
        let Some(lane) = self.lanes.get_mut(&at.partition) else { return false };
        self.latest = self.latest.max(match &insert {
            Insert::Unanswered(intent) => intent.since,
            Insert::Made(made) => made.when,
            Insert::NotMade => 0,
        });
        lane.inserts.insert(at.offset, insert);
        true
    }

    /// A record of which there is a note was not made.
    pub(super) fn not_made(&mut self, at: &InputOffset) {
        if let Some(insert) =
            self.lanes.get_mut(&at.partition).and_then(|lane| lane.inserts.get_mut(&at.offset))
        {
            *insert = Insert::NotMade;
        }
    }

    pub(super) fn known(&self, at: &InputOffset) -> Option<Insert> {
        self.lanes.get(&at.partition)?.inserts.get(&at.offset).cloned()
    }

    /// What is to be stored with the outcome of a record. One that nobody can tell of stays as it is until its offset is
    /// committed.
    pub(super) fn outcome(&mut self, at: &InputOffset) -> Option<Ending> {
        let inserts = &mut self.lanes.get_mut(&at.partition)?.inserts;
        match inserts.get(&at.offset)? {
            Insert::Unanswered(_) => None,
            Insert::Made(made) => Some(Ending::Made(made.clone())),
            Insert::NotMade => {
                inserts.remove(&at.offset);
                Some(Ending::NotMade)
            }
        }
    }

    /// A record is parked: its offset's commit does not end it.
    pub(super) fn park(&mut self, at: &InputOffset) {
        if let Some(lane) = self.lanes.get_mut(&at.partition) {
            lane.parked.insert(at.offset);
        }
    }

    /// A record is parked no more.
    pub(super) fn unpark(&mut self, at: &InputOffset) {
        if let Some(lane) = self.lanes.get_mut(&at.partition) {
            lane.parked.remove(&at.offset);
        }
    }

    pub(super) fn committed(&mut self, partition: &TopicPartition, next: i64) {
        if let Some(lane) = self.lanes.get_mut(partition) {
            lane.next = lane.next.max(next);
        }
    }

    /// Ends what is over: entries of committed records, but for what was made of late or since the oldest insert that has no
    /// answer yet, which may be taken for its record otherwise.
    pub(super) fn sweep(&mut self) -> Over {
        let open = self.lanes.values().flat_map(Lane::unanswered).map(|intent| intent.since).min();
        let mut times: Vec<i64> = self.lanes.values().flat_map(Lane::made).map(|made| made.when).collect();
        let crowded = times.len().checked_sub(MOST + 1);
        let crowd = crowded.map_or(i64::MIN, |older| *times.select_nth_unstable(older).1);
        let line = (self.latest - KEPT_MS).max(crowd).min(open.map_or(i64::MAX, |since| since - MARGIN_MS));
        let mut over = Over::default();
        for (partition, lane) in &mut self.lanes {
            let mut forgets = false;
            let ended: Vec<i64> = lane
                .inserts
                .range(..lane.next)
                .filter(|(offset, _)| !lane.parked.contains(offset))
                .filter(|(_, insert)| match insert {
                    Insert::Made(made) => {
                        forgets |= made.when <= line;
                        made.when <= line
                    }
                    Insert::Unanswered(_) | Insert::NotMade => true,
                })
                .map(|(offset, _)| *offset)
                .collect();
            for offset in ended {
                lane.inserts.remove(&offset);
                over.ended.push(InputOffset { partition: partition.clone(), offset });
            }
            if forgets {
                let until = line + MARGIN_MS;
                lane.forgotten = lane.forgotten.max(Some(until));
                over.forgotten.push(Entry::Forgotten(Forgotten { partition: partition.clone(), until }));
            }
        }
        over
    }

    /// Adds what is known of the owned partitions.
    pub(super) fn count(&self, census: &mut Census) {
        for lane in self.lanes.values() {
            census.unanswered.extend(lane.unanswered().cloned());
            census.made.extend(lane.made().map(|made| made.target.clone()));
            census.complete_since = census.complete_since.max(lane.forgotten.unwrap_or(i64::MIN));
        }
    }
}

impl Lane {
    fn unanswered(&self) -> impl Iterator<Item = &orgstream_api::Intent> {
        let is_open = |offset: &i64| *offset >= self.next || self.parked.contains(offset);
        self.inserts.iter().filter(move |(offset, _)| is_open(offset)).filter_map(
            |(_, insert)| match insert {
                Insert::Unanswered(intent) => Some(intent),
                Insert::NotMade | Insert::Made(_) => None,
            },
        )
    }

    fn made(&self) -> impl Iterator<Item = &Made> {
        self.inserts.values().filter_map(|insert| match insert {
            Insert::Made(made) => Some(made),
            Insert::Unanswered(_) | Insert::NotMade => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::Intent;

    use super::*;

    fn at(offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Lead".into(), partition: 0 }, offset }
    }

    fn intent(offset: i64, since: i64) -> Insert {
        Insert::Unanswered(Intent {
            at: at(offset),
            object: "Lead".into(),
            since,
            over: since + 1,
            user: None,
            fields: Vec::new(),
            print: 0,
        })
    }

    fn made(offset: i64, when: i64) -> Insert {
        let target = format!("00Q{offset}");
        Insert::Made(Made { at: at(offset), object: "Lead".into(), target, when })
    }

    fn book(next: i64) -> Book {
        let mut book = Book::default();
        book.assign(&at(next));
        book
    }

    fn census(book: &Book) -> Census {
        let mut census = Census::default();
        book.count(&mut census);
        census
    }

    #[test]
    fn the_note_of_a_parked_record_outlives_the_commit_of_its_offset() {
        let mut book = book(0);
        book.park(&at(0));
        book.put(&at(0), intent(0, 1_000_000));
        book.committed(&at(0).partition, 2);
        assert!(book.sweep().ended.is_empty());
        assert_eq!(census(&book).unanswered.len(), 1);
        book.unpark(&at(0));
        assert_eq!(book.sweep().ended, [at(0)]);
    }

    #[test]
    fn what_was_made_stays_known_after_its_commit_and_for_as_long_as_an_older_insert_has_no_answer() {
        let mut book = book(0);
        book.put(&at(0), made(0, 1_000_000));
        book.put(&at(1), made(1, 1_200_000));
        book.put(&at(2), intent(2, 1_100_000));
        book.put(&at(3), made(3, 9_000_000));
        assert!(book.sweep().ended.is_empty(), "nothing is committed");
        book.committed(&at(0).partition, 2);
        let over = book.sweep();
        assert_eq!(over.ended, [at(0)], "the other was made since the insert without an answer");
        assert_eq!(over.forgotten.len(), 1);
        let census = census(&book);
        assert_eq!(census.made.len(), 2);
        assert_eq!(census.unanswered.len(), 1);
        assert_eq!(census.complete_since, 1_100_000, "what was made before may be forgotten");
        book.put(&at(2), made(2, 9_000_000));
        book.committed(&at(0).partition, 4);
        assert_eq!(book.sweep().ended, [at(1)]);
    }

    #[test]
    fn only_so_much_of_what_was_made_is_kept() {
        let mut book = book(0);
        let count = i64::try_from(MOST).unwrap() + 10;
        for offset in 0..count {
            book.put(&at(offset), made(offset, offset));
        }
        book.committed(&at(0).partition, count);
        assert_eq!(book.sweep().ended, (0..10).map(at).collect::<Vec<_>>());
    }

    #[test]
    fn an_insert_that_nobody_can_tell_of_is_known_until_its_commit() {
        let mut book = book(5);
        book.put(&at(5), intent(5, 1));
        assert_eq!(book.outcome(&at(5)), None);
        assert!(matches!(book.known(&at(5)), Some(Insert::Unanswered(_))));
        book.committed(&at(5).partition, 6);
        assert!(census(&book).unanswered.is_empty());
        assert_eq!(book.sweep().ended, [at(5)]);
        assert_eq!(book.known(&at(5)), None);
    }

    #[test]
    fn a_refusal_ends_its_note_and_only_where_there_is_one() {
        let mut book = book(0);
        book.not_made(&at(0));
        assert_eq!(book.outcome(&at(0)), None);
        book.put(&at(0), intent(0, 1));
        book.not_made(&at(0));
        assert_eq!(book.outcome(&at(0)), Some(Ending::NotMade));
        assert_eq!(book.known(&at(0)), None);
    }

    #[test]
    fn what_other_tasks_own_is_not_kept() {
        let mut book = book(0);
        book.revoke(&at(0).partition);
        assert!(!book.put(&at(0), intent(0, 1)));
        assert_eq!(book.known(&at(0)), None);
    }
}
