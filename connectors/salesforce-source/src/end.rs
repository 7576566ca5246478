//! Whether all that happened in the org is in Kafka.
//!
//! The stream alone cannot tell: a bulk load or a cascade raises no event. So the org is asked for everything that
//! changed lately, and each change has to be among what was produced. One that is not may still be on its way; only
//! one that stays unseen for a minute raised no event.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{AtEnd, Produced, Version};
use orgstream_salesforce::SalesforceId;
use tokio::time::Instant;

use crate::error::SourceError;
use crate::moment::Moment;
use crate::object::Object;
use crate::record::STAMP;
use crate::rows::{Rows, unusable};
use crate::snapshot::state_of;
use crate::standing::Standing;
use crate::subjects::Subjects;
use crate::work::Unread;

/// How far back the org is asked.
const LOOK_BACK: Duration = Duration::from_mins(10);

/// How far back what was produced is remembered: a little further, since both ends are rounded.
const REMEMBER: Duration = Duration::from_mins(15);

/// How long an event may be on its way.
const ON_ITS_WAY: Duration = Duration::from_mins(1);

/// How long an answer holds, so that asking often does not mean calling often.
const HOLDS: Duration = Duration::from_secs(2);

/// A record of one object, by the object's index.
type Key = (usize, SalesforceId);

/// The check, and what it remembers.
pub(crate) struct EndCheck {
    topics: Arc<dyn Produced>,
    /// What an earlier run produced lately; `None` until the topics were read back.
    before: Option<HashMap<Key, Standing>>,
    /// What this run produced lately.
    lately: HashMap<Key, Standing>,
    unseen: HashMap<Key, (Standing, Instant)>,
    answer: Option<(AtEnd, Instant)>,
}

impl EndCheck {
    pub(crate) fn new(topics: Arc<dyn Produced>) -> Self {
        Self { topics, before: None, lately: HashMap::new(), unseen: HashMap::new(), answer: None }
    }

    /// A record was produced.
    pub(crate) fn note(&mut self, object: usize, id: SalesforceId, standing: Standing, now: Moment) {
        if standing.stamp() >= (now - REMEMBER).stamp() {
            self.lately.insert((object, id), standing);
        }
    }

    /// Forgets what the org is not asked for any more.
    pub(crate) fn forget_old(&mut self, now: Moment) {
        let oldest = (now - REMEMBER).stamp();
        self.lately.retain(|_, standing| standing.stamp() >= oldest);
    }

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
        rows: &Rows,
        subjects: &Subjects,
        now: Moment,
    ) -> Result<AtEnd, Unread> {
        if let Some((answer, at)) = &self.answer
            && at.elapsed() < HOLDS
        {
            return Ok(answer.clone());
        }
        let objects = &subjects.objects;
        let mut unseen = HashMap::new();
        for index in (0..objects.len()).filter(|index| objects[*index].is_well()) {
            let from = subjects.began(index);
            let found = self.ask_one(rows, objects, index, from, now).await;
            unseen.extend(found.map_err(|error| Unread { object: index, error })?);
        }
        let answer = self.judge(unseen, objects, Instant::now());
        self.answer = Some((answer.clone(), Instant::now()));
        Ok(answer)
    }

    /// What the org shows of one object, whose stream began at `from`, and was not produced.
    async fn ask_one(
        &mut self,
        rows: &Rows,
        objects: &[Object],
        index: usize,
        from: Moment,
        now: Moment,
    ) -> Result<HashMap<Key, Standing>, SourceError> {
        if self.before.is_none() {
            let mut before = HashMap::new();
            let mut note = |version| note_newest(&mut before, version, objects);
            self.topics.since((now - REMEMBER).0, &mut note).await?;
            self.before = Some(before);
        }
        let since = from.max(now - LOOK_BACK);
        let name = &objects[index].target.name;
        let soql = format!("SELECT Id, IsDeleted, {STAMP} FROM {name} WHERE {STAMP} >= {since}");
        let mut unseen = HashMap::new();
        for row in rows.query_all(&soql).await? {
            let (id, standing, _) = state_of(&row).ok_or_else(|| unusable(name, &soql))?;
            // Stamps are whole seconds: within the first one nobody knows what was before the subscription.
            if standing.stamp() > from.stamp() && !self.covers((index, id), standing) {
                unseen.insert((index, id), standing);
            }
        }
        Ok(unseen)
    }

    /// Whether what was produced last of a record is what the org shows, or newer.
    fn covers(&self, key: Key, shown: Standing) -> bool {
        let before = || self.before.as_ref()?.get(&key);
        let Some(produced) = self.lately.get(&key).or_else(before) else { return false };
        match (produced, shown) {
            (Standing::Row(produced), Standing::Row(shown)) => *produced >= shown,
            (Standing::Deleted(_), Standing::Deleted(_)) => true,
            (Standing::Row(_), Standing::Deleted(_)) | (Standing::Deleted(_), Standing::Row(_)) => false,
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

/// Keeps the newest version of each record; of equal ones the last, as the topic has it.
fn note_newest(newest: &mut HashMap<Key, Standing>, version: Version, objects: &[Object]) {
    let Version { object, id, stamp, deleted, .. } = version;
    let index = objects.iter().position(|known| known.target.name.eq_ignore_ascii_case(&object));
    let (Some(index), Ok(id)) = (index, SalesforceId::parse(&id)) else { return };
    let known = newest.get(&(index, id)).map(|standing| standing.stamp());
    if known.is_none_or(|known| known <= stamp) {
        let standing = if deleted { Standing::Deleted(stamp) } else { Standing::Row(stamp) };
        newest.insert((index, id), standing);
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::produced::NothingProduced;
    use orgstream_api::{Stamp, TopicTemplate};
    use orgstream_salesforce::OrgId;

    use super::*;
    use crate::config::Start;
    use crate::filter::Filter;
    use crate::object::Target;
    use crate::position::Positions;
    use crate::produce::Destination;

    fn check() -> EndCheck {
        EndCheck::new(Arc::new(NothingProduced))
    }

    fn objects() -> [Object; 1] {
        let topic = TopicTemplate::fixed("t");
        let destination =
            Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic, filter: Filter::default() };
        let target = Target { name: "Account".to_owned(), destination };
        [Object::new(target, &Positions::default(), Start::Latest, false)]
    }

    fn key() -> Key {
        (0, SalesforceId::parse("0015g00000QwErTAAV").unwrap())
    }

    #[test]
    fn only_what_stays_unseen_for_a_minute_raised_no_event() {
        let (mut check, objects, begin) = (check(), objects(), Instant::now());
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

    #[test]
    fn what_was_produced_covers_what_is_as_old_or_older() {
        let row = |second| Standing::Row(Stamp(second));
        let deleted = |second| Standing::Deleted(Stamp(second));
        for (produced, shown, covered) in [
            (None, row(5), false),
            (None, deleted(5), false),
            (Some(row(5)), row(5), true),
            (Some(row(6)), row(5), true),
            (Some(row(4)), row(5), false),
            (Some(row(5)), deleted(5), false),
            (Some(deleted(5)), row(6), false),
            (Some(deleted(5)), deleted(6), true),
        ] {
            let mut check = check();
            if let Some(produced) = produced {
                check.note(0, key().1, produced, Moment(10_000));
            }
            assert_eq!(check.covers(key(), shown), covered, "{produced:?} {shown:?}");
        }
    }
}
