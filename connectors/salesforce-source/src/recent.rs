//! What was produced of records lately, so that sweeps and the check of the end pass over what is in Kafka.
//!
//! It only spares repetitions: rows are read one after the other and produced in that order, so a record that is
//! forgotten here is produced once more in a state that is no older than the last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use orgstream_api::{Produced, Stamp, Version};
use orgstream_salesforce::SalesforceId;
use tokio::time::Instant;

use crate::error::SourceError;
use crate::moment::Moment;
use crate::standing::Standing;

/// Records that are remembered at most, the oldest are forgotten first; some 30 MB.
const MOST: usize = 900_000;

/// How far the org's clock, as it is known here, may be behind it.
const UNCERTAIN: Duration = Duration::from_mins(1);

/// How often what is too old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// A record of one object, by the object's index.
pub(crate) type Key = (usize, SalesforceId);

/// What was produced of a record last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) standing: Standing,
    /// Whether the record had every field. A deletion has all there is.
    pub(crate) whole: bool,
}

/// What it takes for a change to count as produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The stream brings every event, so a state of the same second is this one.
    Usual,
    /// Events are missing: stamps are whole seconds, so a state of the same second may be an older one, and a part of a
    /// row may lack what changed before.
    Full,
    /// Nothing else brings changes: a state of the same second is this one if that second lies before this one, when all
    /// rows up to then had been read.
    Polled { settled: Stamp },
}

/// The newest states that were produced. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<Key, Known>,
    /// Everything with this stamp or a later one is known; `None` before anything was produced or read back.
    since: Option<Stamp>,
    forgotten: Option<Instant>,
}

impl Recent {
    /// This was produced of a record, or needs not to be.
    pub(crate) fn note(&self, key: Key, known: Known) {
        let mut state = self.lock();
        state.known.insert(key, known);
        if state.known.len() > MOST {
            state.forget_the_oldest();
        }
    }

    /// What was produced of a record last; `None` where nothing is remembered.
    pub(crate) fn known(&self, key: &Key) -> Option<Known> {
        self.lock().known.get(key).copied()
    }

    /// What is produced from now on is noted. Earlier runs cannot have produced what is newer.
    pub(crate) fn begins(&self, now: Moment) {
        self.lock().since.get_or_insert((now + UNCERTAIN).stamp());
    }

    /// The records of an object of which the last that is remembered is a row.
    pub(crate) fn living(&self, object: usize) -> Vec<SalesforceId> {
        let state = self.lock();
        let is_row = |(key, known): &(&Key, &Known)| key.0 == object && !known.standing.is_deleted();
        state.known.iter().filter(is_row).map(|(key, _)| key.1).collect()
    }

    /// Whether all that was produced since `from` is remembered.
    pub(crate) fn is_complete_since(&self, from: Moment) -> bool {
        self.lock().since.is_some_and(|since| since <= from.stamp())
    }

    /// Forgets what is older than `oldest`, from time to time.
    pub(crate) fn forget_before(&self, oldest: Moment) {
        let mut state = self.lock();
        if state.forgotten.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
            state.forget_before(oldest.stamp());
            state.forgotten = Some(Instant::now());
        }
    }

    /// Reads back from the topics what earlier runs produced since `from` of the objects called `names`, unless that is
    /// known.
    pub(crate) async fn read_back(
        &self,
        topics: &dyn Produced,
        names: &[Arc<str>],
        from: Moment,
    ) -> Result<(), SourceError> {
        if self.is_complete_since(from) {
            return Ok(());
        }
        let mut before = State { since: Some(from.stamp()), ..State::default() };
        let mut note = |version| {
            note_newest(&mut before.known, &version, names);
            if before.known.len() > MOST {
                before.forget_the_oldest();
            }
        };
        topics.since(from.0, &mut note).await?;
        let mut state = self.lock();
        for (key, known) in before.known {
            // What this run produced is newer.
            state.known.entry(key).or_insert(known);
        }
        state.since = before.since;
        if state.known.len() > MOST {
            state.forget_the_oldest();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl Known {
    /// Whether `shown`, a state that the org shows, is in Kafka, or a newer one is.
    pub(crate) fn covers(self, shown: Standing, certainty: Certainty) -> bool {
        match (self.standing, shown) {
            (Standing::Row(produced), Standing::Row(shown)) => match certainty {
                Certainty::Usual => produced >= shown,
                Certainty::Full => produced > shown && self.whole,
                Certainty::Polled { settled } => produced > shown || (produced == shown && shown < settled),
            },
            (Standing::Deleted(_), Standing::Deleted(_)) => true,
            (Standing::Row(_), Standing::Deleted(_)) | (Standing::Deleted(_), Standing::Row(_)) => false,
        }
    }
}

impl State {
    fn forget_before(&mut self, oldest: Stamp) {
        self.known.retain(|_, known| known.standing.stamp() >= oldest);
        self.since = self.since.map(|since| since.max(oldest));
    }

    fn forget_the_oldest(&mut self) {
        let mut stamps: Vec<Stamp> = self.known.values().map(|known| known.standing.stamp()).collect();
        let quarter = stamps.len() / 4;
        let (_, oldest, _) = stamps.select_nth_unstable(quarter);
        let oldest = Stamp(oldest.0 + 1);
        self.forget_before(oldest);
    }
}

/// Keeps the newest version of each record; of equal ones the last, as the topic has it.
fn note_newest(newest: &mut HashMap<Key, Known>, version: &Version, names: &[Arc<str>]) {
    let index = names.iter().position(|name| name.eq_ignore_ascii_case(&version.object));
    let (Some(index), Ok(id)) = (index, SalesforceId::parse(&version.id)) else { return };
    let known = newest.get(&(index, id)).map(|known| known.standing.stamp());
    if known.is_none_or(|known| known <= version.stamp) {
        let stamp = version.stamp;
        let standing = if version.deleted { Standing::Deleted(stamp) } else { Standing::Row(stamp) };
        newest.insert((index, id), Known { standing, whole: version.whole || version.deleted });
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::{Found, Offsets, StoreError};

    use super::*;

    fn id(number: usize) -> SalesforceId {
        SalesforceId::parse(&format!("001{number:012}")).unwrap()
    }

    fn row(stamp: i64) -> Known {
        Known { standing: Standing::Row(Stamp(stamp)), whole: true }
    }

    #[test]
    fn what_was_produced_covers_what_is_as_old_or_older() {
        let row = |second| Standing::Row(Stamp(second));
        let deleted = |second| Standing::Deleted(Stamp(second));
        for (produced, shown, covered) in [
            (row(5), row(5), true),
            (row(6), row(5), true),
            (row(4), row(5), false),
            (row(5), deleted(5), false),
            (deleted(5), row(6), false),
            (deleted(5), deleted(6), true),
        ] {
            let known = Known { standing: produced, whole: true };
            assert_eq!(known.covers(shown, Certainty::Usual), covered, "{produced:?} {shown:?}");
        }
        let [part, whole] = [false, true].map(|whole| Known { standing: row(5), whole });
        assert!(part.covers(row(5), Certainty::Usual));
        assert!(!whole.covers(row(5), Certainty::Full), "it may be the later one of two");
        assert!(whole.covers(row(4), Certainty::Full) && !part.covers(row(4), Certainty::Full));
        let polled = |settled| whole.covers(row(5), Certainty::Polled { settled: Stamp(settled) });
        assert!(polled(6) && !polled(5), "it may have changed again within the second in which it was read");
    }

    #[test]
    fn memory_is_bounded_and_says_how_far_back_it_reaches() {
        let recent = Recent::default();
        recent.lock().since = Some(Stamp(0));
        assert!(recent.is_complete_since(Moment(0)));
        for number in 0..=MOST {
            recent.note((0, id(number)), row(i64::try_from(number).unwrap()));
        }
        assert!(recent.lock().known.len() < MOST);
        assert_eq!(recent.known(&(0, id(0))), None);
        assert!(recent.known(&(0, id(MOST))).is_some());
        assert!(!recent.is_complete_since(Moment(0)));
    }

    /// As many records as one more than are remembered, each of its own second.
    struct Many;

    #[async_trait::async_trait]
    impl Produced for Many {
        async fn since(&self, _: i64, each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError> {
            for number in 0..=MOST {
                let (id, stamp) = (id(number).to_string(), Stamp(i64::try_from(number).unwrap()));
                each(Version { object: "Account".to_owned(), id, stamp, deleted: false, whole: true });
            }
            Ok(())
        }

        async fn ends(&self, _: &str) -> Result<Offsets, StoreError> {
            Ok(Offsets::default())
        }

        async fn from(
            &self,
            _: &str,
            _: &Offsets,
            _: &mut (dyn FnMut(Version) + Send),
        ) -> Result<Found, StoreError> {
            Ok(Found::All)
        }
    }

    #[tokio::test]
    async fn what_is_read_back_is_bounded_too() {
        let recent = Recent::default();
        recent.read_back(&Many, &["Account".into()], Moment(0)).await.unwrap();
        assert!(recent.lock().known.len() < MOST);
        assert!(recent.known(&(0, id(MOST))).is_some() && !recent.is_complete_since(Moment(0)));
    }
}
