//! Looks in org B for records whose insert was not answered.
//!
//! Org B is asked for what was made since the note by its own clock, and only then who knows of it: so whatever an insert
//! of this pipeline made and org B showed is spoken for. A record that is not exactly what was written may still be it, since
//! triggers of the org change what they like; where that cannot be told, nothing is sent a second time.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use orgstream_api::{Census, Insert, Intent, Rejection};
use orgstream_salesforce::{Row, SalesforceId};

use crate::claims::Claims;
use crate::deliver::Delivery;
use crate::insert::OVER_MS;
use crate::parents::Trouble;
use crate::put::Prepared;
use crate::recognition::{Sighting, same_text};
use crate::target::Target;

/// Pages of rows that are looked at; whoever makes more of them in so short a time makes them by other programs.
const PAGES: usize = 10;

/// How soon and how late it is looked again for a record that is not there yet.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What became of an insert that was not answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It made this record.
    There(SalesforceId),
    /// It made none, and cannot any more.
    NotThere,
    /// Nobody can tell yet; to be asked again after this time.
    NotYet(Duration),
    /// Nobody can tell. The records it may have made, and why it is not clear.
    Undecided(Vec<SalesforceId>, &'static str),
}

/// Whether the call of an insert may still be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnderWay {
    /// As long as its note says.
    Perhaps,
    /// It ended.
    No,
}

/// What org B has that one of several inserts may have made.
enum Sightings {
    Seen(Vec<Sighting>),
    /// It cannot be told, for this reason.
    Unclear(&'static str),
}

impl Delivery {
    /// What became of inserts of one object, in order.
    pub(crate) async fn found(
        &self,
        target: &Target,
        inserts: &[Prepared],
        under_way: UnderWay,
    ) -> Result<Vec<Found>, Trouble> {
        let intents: Vec<Option<Intent>> = inserts.iter().map(|insert| self.unanswered(insert)).collect();
        let sightings = self.sightings(target, &intents).await?;
        // After the look at org B: what was made meanwhile is in nobody's way.
        let census = self.intents.census().await.map_err(Trouble::Store)?;
        let sightings = self.unclaimed(target, sightings, &census).await?;
        let now = self.wire.org.now();
        let seen = match &sightings {
            Sightings::Seen(seen) => seen.as_slice(),
            Sightings::Unclear(_) => &[],
        };
        let all = census.unanswered.iter().filter(|other| other.object == target.object);
        let claims = Claims::new(&target.recognition, seen, intents.iter().flatten(), all);
        let look = Look { target, seen, claims: &claims, complete_since: census.complete_since };
        let found = intents.iter().zip(inserts).map(|(intent, insert)| {
            // Its partition was taken away meanwhile.
            let Some(intent) = intent else { return Found::NotYet(AGAIN.0) };
            let found = match &sightings {
                Sightings::Seen(_) => look.decide(intent, &insert.row),
                Sightings::Unclear(why) => Found::Undecided(Vec::new(), why),
            };
            let left = now.map_or(i64::MAX, |now| intent.over.saturating_sub(now));
            match found {
                Found::There(_) => found,
                _ if under_way == UnderWay::Perhaps && left > 0 => Found::NotYet(pause(left)),
                _ => found,
            }
        });
        Ok(found.collect())
    }

    /// The note of an insert that nobody knows an answer to.
    pub(crate) fn unanswered(&self, insert: &Prepared) -> Option<Intent> {
        match self.intents.known(&insert.item.change.version.at) {
            Some(Insert::Unanswered(intent)) => Some(intent),
            Some(Insert::NotMade | Insert::Made(_)) | None => None,
        }
    }

    async fn sightings(&self, target: &Target, intents: &[Option<Intent>]) -> Result<Sightings, Trouble> {
        let known = || intents.iter().flatten();
        let Some(since) = known().map(|intent| intent.since).min() else {
            return Ok(Sightings::Seen(Vec::new()));
        };
        let until = known().map(|intent| intent.over).max().unwrap_or(since);
        let users: Option<BTreeSet<String>> = known().map(|intent| intent.user.clone()).collect();
        let Some(soql) = target.recognition.soql(&target.object, (since, until), users.as_ref()) else {
            return Ok(Sightings::Unclear("nothing in its object says when a record was made"));
        };
        let org = &self.wire.org;
        // With the recycle bin: somebody may have deleted the record since.
        let mut page = org.query_all(&soql).await.map_err(Trouble::Org)?;
        let mut seen = Vec::new();
        for _ in 0..PAGES {
            seen.extend(page.rows.into_iter().filter_map(|row| target.recognition.sighting(row)));
            let Some(next) = page.next else { return Ok(Sightings::Seen(seen)) };
            page = org.query_next(&next).await.map_err(Trouble::Org)?;
        }
        Ok(Sightings::Unclear("too many records were made by the same user at that time"))
    }

    /// Without the records that other inserts made, or that links lead to.
    async fn unclaimed(
        &self,
        target: &Target,
        sightings: Sightings,
        census: &Census,
    ) -> Result<Sightings, Trouble> {
        let Sightings::Seen(mut seen) = sightings else { return Ok(sightings) };
        seen.retain(|sighting| !census.made.contains(sighting.id.as_str()));
        let ids: Vec<String> = seen.iter().map(|sighting| sighting.id.as_str().to_owned()).collect();
        let linked: HashSet<String> = if ids.is_empty() {
            HashSet::new()
        } else {
            self.links.linked(&target.object, &ids).await.map_err(Trouble::Store)?
        };
        seen.retain(|sighting| !linked.contains(sighting.id.as_str()));
        Ok(Sightings::Seen(seen))
    }
}

/// What a look at org B brought, for inserts of one object.
struct Look<'a> {
    target: &'a Target,
    seen: &'a [Sighting],
    claims: &'a Claims<'a>,
    /// What was made earlier is not all remembered.
    complete_since: i64,
}

impl Look<'_> {
    fn decide(&self, intent: &Intent, row: &Row) -> Found {
        let recognition = &self.target.recognition;
        let window = (intent.since, intent.over);
        let in_time = (0..self.seen.len()).filter(|&at| recognition.may_be_of(self.seen[at].dated, window));
        // No two records have the same external id.
        if let Some((field, own)) =
            self.target.external_id.as_ref().and_then(|field| Some((field, row.get(field)?)))
        {
            let mut same =
                in_time.filter(|&at| self.seen[at].row.get(field).is_some_and(|value| same_text(value, own)));
            return same.next().map_or(Found::NotThere, |at| Found::There(self.seen[at].id));
        }
        let (exact, rest): (Vec<usize>, Vec<usize>) = in_time.partition(|&at| self.claims.is_of(intent, at));
        let alike: Vec<usize> = rest
            .into_iter()
            .filter(|&at| !self.claims.is_anothers(intent, at))
            .filter(|&at| recognition.agrees(&intent.fields, row, &self.seen[at].row))
            .collect();
        match exact[..] {
            [] if alike.is_empty() => Found::NotThere,
            [] => Found::Undecided(self.ids(&alike), "they agree with it in part"),
            [only] if self.claims.is_anothers(intent, only) => Found::Undecided(
                self.ids(&exact),
                "another record of the pipeline with the same values may have made it",
            ),
            [only] if self.seen[only].dated < self.complete_since => {
                Found::Undecided(self.ids(&exact), "what was made at that time is no longer remembered")
            }
            [only] => Found::There(self.seen[only].id),
            _ => Found::Undecided(self.ids(&exact), "they all have its values"),
        }
    }

    fn ids(&self, places: &[usize]) -> Vec<SalesforceId> {
        places.iter().map(|&at| self.seen[at].id).collect()
    }
}

/// The longer it was not there, the later it is looked again.
fn pause(left: i64) -> Duration {
    let millis = |millis: i64| Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    (millis(OVER_MS.saturating_sub(left)) / 2).clamp(AGAIN.0, AGAIN.1).min(millis(left).max(AGAIN.0))
}

/// Why a record is rejected of which nobody can tell whether it was made.
pub(crate) fn undecided(org: &str, candidates: &[SalesforceId], why: &str) -> Rejection {
    let named: Vec<&str> = candidates.iter().map(SalesforceId::as_str).collect();
    let has =
        if named.is_empty() { String::new() } else { format!("; it may be one of {}", named.join(", ")) };
    Rejection {
        code: "INSERT_UNDECIDED".to_owned(),
        message: format!(
            "org `{org}` did not answer the insert of this record, and whether it was made cannot be told: {why}{has}. It is \
             not sent again, so that it is not made twice: look in the org, and send it again if it is missing"
        ),
        fields: Vec::new(),
    }
}
