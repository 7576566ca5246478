//! Whether all that happened in the org is in Kafka.
//!
//! The stream alone cannot tell: a bulk load or a cascade raises no event. So the org is asked for everything that
//! changed lately, and each change has to be among what was produced. One that is not may still be on its way; only
//! one that stays unseen for a minute raised no event.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::AtEnd;
use tokio::time::Instant;

use crate::moment::Moment;
use crate::object::Object;
use crate::recent::Key;
use crate::standing::Standing;
use crate::subjects::Subjects;
use crate::sweep::Reader;
use crate::work::Unread;

/// How far back the org is asked.
const LOOK_BACK: Duration = Duration::from_mins(10);

/// How long an event may be on its way.
const ON_ITS_WAY: Duration = Duration::from_mins(1);

/// How long an answer holds, so that asking often does not mean calling often.
const HOLDS: Duration = Duration::from_secs(2);

/// How long a change may stay unseen before it is looked for. Its event is on its way as a rule.
const LOOK_FOR: Duration = Duration::from_secs(5);

/// The check, and what it remembers.
#[derive(Debug, Default)]
pub(crate) struct EndCheck {
    unseen: HashMap<Key, (Standing, Instant)>,
    answer: Option<(AtEnd, Instant)>,
}

impl EndCheck {
    /// The stream does not bring everything, so the time in which a change stays unseen does not count.
    pub(crate) fn interrupted(&mut self) {
        self.unseen.clear();
        self.outdated();
    }

    /// Something is on its way, so the last answer no longer holds.
    pub(crate) fn outdated(&mut self) {
        self.answer = None;
    }

    /// Asks the org for the objects that can be read, now that nothing is on its way as far as the stream knows.
    /// Cancel-safe.
    pub(crate) async fn ask(
        &mut self,
        readers: &[Reader],
        subjects: &mut Subjects,
        now: Moment,
    ) -> Result<AtEnd, Unread> {
        if let Some((answer, at)) = &self.answer
            && at.elapsed() < HOLDS
        {
            return Ok(answer.clone());
        }
        let mut unseen = HashMap::new();
        for (index, reader) in readers.iter().enumerate() {
            if subjects.objects[index].is_well() && subjects.objects[index].has_rows() {
                let certainty = subjects.objects[index].sweeps.certainty();
                let from = subjects.complete_from(index);
                let found = reader.unseen(from, now - LOOK_BACK, certainty).await;
                let found = found.map_err(|error| Unread { object: index, error })?;
                unseen.extend(found.into_iter().map(|(id, standing)| ((index, id), standing)));
            }
        }
        let answer = self.judge(unseen, &subjects.objects, Instant::now());
        self.look_for(subjects);
        self.answer = Some((answer.clone(), Instant::now()));
        Ok(answer)
    }

    /// Has objects swept of which a change has been unseen for a while, where they are swept at all.
    fn look_for(&self, subjects: &mut Subjects) {
        for ((index, _), (_, since)) in &self.unseen {
            let object = &mut subjects.objects[*index];
            // No event of a polled one is on its way.
            if object.is_polled() || since.elapsed() >= LOOK_FOR {
                object.sweeps.want_unless_off();
            }
        }
    }

    /// What the changes that are unseen at `now` mean, given those that were unseen before.
    fn judge(&mut self, unseen: HashMap<Key, Standing>, objects: &[Object], now: Instant) -> AtEnd {
        let before = std::mem::take(&mut self.unseen);
        self.unseen = unseen
            .into_iter()
            .map(|(key, standing)| match before.get(&key) {
                // A row that changed once more may have an event on its way once more.
                Some((known, since)) if *known == standing => (key, (standing, *since)),
                _ => (key, (standing, now)),
            })
            .collect();
        if self.unseen.is_empty() {
            return AtEnd::Yes;
        }
        let mut lost: Vec<String> = self
            .unseen
            .iter()
            .filter(|(_, (_, since))| now.saturating_duration_since(*since) >= ON_ITS_WAY)
            .map(|((index, id), _)| format!("{} {id}", objects[*index].target.name))
            .collect();
        lost.sort();
        if lost.is_empty() { AtEnd::No } else { AtEnd::Unseen(lost) }
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::{Stamp, TopicTemplate};
    use orgstream_salesforce::{OrgId, SalesforceId};

    use super::*;
    use crate::config::{OnGap, Start, SweepConfig};
    use crate::filter::Filter;
    use crate::object::{Rules, Target};
    use crate::position::Positions;
    use crate::produce::Destination;
    use crate::sweep::Feeder;

    fn objects() -> [Object; 1] {
        let topic = TopicTemplate::fixed("t");
        let destination =
            Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic, filter: Filter::default() };
        let target = Target { name: "Account".to_owned(), destination };
        let rules = Rules {
            start: Start::Latest,
            on_gap: OnGap::Repair,
            sweep: SweepConfig::default(),
            feeder: Feeder::Channel,
        };
        [Object::new(target, &Positions::default(), &rules, false)]
    }

    fn key() -> Key {
        (0, SalesforceId::parse("0015g00000QwErTAAV").unwrap())
    }

    #[test]
    fn only_what_stays_unseen_for_a_minute_raised_no_event() {
        let (mut check, objects, begin) = (EndCheck::default(), objects(), Instant::now());
        let seconds = |count| begin + Duration::from_secs(count);
        let unseen = |second| HashMap::from([(key(), Standing::Row(Stamp(second)))]);
        assert_eq!(check.judge(unseen(1), &objects, seconds(0)), AtEnd::No);
        assert_eq!(check.judge(unseen(1), &objects, seconds(59)), AtEnd::No);
        assert_eq!(check.judge(unseen(2), &objects, seconds(60)), AtEnd::No, "it changed once more");
        let lost = AtEnd::Unseen(vec!["Account 0015g00000QwErTAAV".to_owned()]);
        assert_eq!(check.judge(unseen(2), &objects, seconds(120)), lost);
        assert_eq!(check.judge(HashMap::new(), &objects, seconds(121)), AtEnd::Yes, "its event came late");
        check.judge(unseen(3), &objects, seconds(130));
        check.interrupted();
        assert_eq!(check.judge(unseen(3), &objects, seconds(200)), AtEnd::No, "nothing could come meanwhile");
    }
}
