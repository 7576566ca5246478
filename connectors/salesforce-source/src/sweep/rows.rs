//! Rows by their stamp, living and in the recycle bin, and what becomes of each.
//!
//! Ids and stamps are read first and whole rows only for what is not in Kafka yet, so a sweep that finds nothing costs
//! one call. Pages go by stamp and id: a row that changes meanwhile moves behind the page at hand and is met again.

use std::collections::{HashMap, HashSet};

use orgstream_api::{EventType, LinkState};
use orgstream_salesforce::{Row, SalesforceId, datetime, soql};
use serde_json::Value;

use crate::error::SourceError;
use crate::moment::Moment;
use crate::produce::Draft;
use crate::recent::{Certainty, Known};
use crate::record::Origin;
use crate::returned::back_alone;
use crate::snapshot::state_of;
use crate::standing::Standing;
use crate::sweep::reader::Reader;
use crate::sweep::window::Window;

/// The field that tells when a row was created.
pub(crate) const CREATED: &str = "CreatedDate";

/// The field that tells whether a row lies in the recycle bin.
pub(crate) const DELETED: &str = "IsDeleted";

/// Rows of one page.
const PAGE: usize = 2_000;

/// The last row of a page.
pub(crate) type After = (Moment, SalesforceId);

/// A row as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: SalesforceId,
    pub(super) standing: Standing,
    /// Its stamp, which of a deleted row is the time of its deletion.
    pub(super) at: Moment,
    pub(super) created: Option<Moment>,
}

/// What becomes of rows.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(super) drafts: Vec<Draft>,
    /// Records that need none: they came and went unseen.
    pub(super) passed: Vec<(SalesforceId, Standing)>,
}

impl Found {
    pub(super) fn extend(&mut self, more: Self) {
        self.drafts.extend(more.drafts);
        self.passed.extend(more.passed);
    }

    /// The records of which something became.
    pub(super) fn ids(&self) -> HashSet<SalesforceId> {
        let passed = self.passed.iter().map(|(id, _)| *id);
        self.drafts.iter().map(|draft| draft.image.id).chain(passed).collect()
    }
}

/// Reads the page behind `after`. Answers also with where the next one begins; `None` after the last.
pub(super) async fn page(
    reader: &Reader,
    window: &Window,
    after: Option<After>,
) -> Result<(Vec<Shown>, Option<After>), SourceError> {
    let (select, stamp) = (reader.select().await?, reader.stamp().await?);
    let begins = match after {
        None => format!("{stamp} >= {}", window.from),
        Some((at, id)) => {
            let id = soql::literal(id.as_str());
            format!("{stamp} >= {at} AND ({stamp} > {at} OR Id > {id})")
        }
    };
    let ends = window.until.map(|until| format!(" AND {stamp} <= {until}")).unwrap_or_default();
    let soql = format!("{select} WHERE {begins}{ends} ORDER BY {stamp}, Id LIMIT {PAGE}");
    let page = reader.states(&soql).await?;
    let next = page.last().map(|last| (last.at, last.id)).filter(|_| page.len() >= PAGE);
    Ok((page, next))
}

impl Shown {
    /// The same row, if it is deleted, as of `at` where it bears an older date.
    pub(super) fn deleted_at_last(&self, at: Moment) -> Option<Self> {
        let at = at.max(self.at);
        self.standing.is_deleted().then_some(Self { standing: Standing::Deleted(at.stamp()), at, ..*self })
    }

    /// A row of `SELECT Id, IsDeleted, SystemModstamp, CreatedDate`.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let (id, standing, at) = state_of(row)?;
        let created = row.get(CREATED).and_then(Value::as_str);
        let created = created.and_then(|text| datetime::parse_datetime(text).ok()).map(Moment);
        Some(Self { id, standing, at, created })
    }
}

/// Makes records of those rows that are not in Kafka, in their order.
pub(super) async fn drafts(
    reader: &Reader,
    window: &Window,
    certainty: Certainty,
    page: Vec<Shown>,
) -> Result<Found, SourceError> {
    let known: HashMap<SalesforceId, Known> = page
        .iter()
        .filter_map(|row| Some((row.id, reader.recent.known(&(reader.object, row.id))?)))
        .collect();
    let covered = |row: &Shown| known.get(&row.id).is_some_and(|known| known.covers(row.standing, certainty));
    let page: Vec<Shown> = page.into_iter().filter(|row| !covered(row)).collect();
    let links = reader.link_states(page.iter().map(|row| row.id)).await?;
    let living: Vec<SalesforceId> =
        page.iter().filter(|row| !row.standing.is_deleted()).map(|row| row.id).collect();
    let mut images = reader.rows.images(&reader.name, &living).await?;

    let mut found = Found::default();
    for row in page {
        let (before, link) = (known.get(&row.id).map(|known| known.standing), links.get(&row.id).copied());
        let (kind, image) = match row.standing {
            Standing::Deleted(_) if came_and_went(reader, window, &row, before, link) => {
                found.passed.push((row.id, row.standing));
                continue;
            }
            Standing::Deleted(_) => {
                (EventType::Deleted, reader.rows.deleted(&reader.name, row.id, row.at).await?)
            }
            // What is gone by now has a later stamp by now, under which it is met again.
            Standing::Row(_) => match images.remove(&row.id) {
                Some(image) => (kind(window, &row, before, link), image),
                None => continue,
            },
        };
        let stamp = image.stamp.stamp();
        let standing =
            if kind == EventType::Deleted { Standing::Deleted(stamp) } else { Standing::Row(stamp) };
        let back = back_alone(kind, false, standing);
        found.drafts.push(Draft {
            object: reader.object,
            kind,
            standing,
            image,
            origin: Origin::Sweep,
            back,
        });
    }
    Ok(found)
}

/// What a living row is, by what was produced of it `before` and what the target knows of it.
fn kind(window: &Window, row: &Shown, before: Option<Standing>, link: Option<LinkState>) -> EventType {
    match (before, link) {
        (Some(Standing::Deleted(_)), _) | (None, Some(LinkState::Deleted(_))) => EventType::Undeleted,
        (None, None) if row.created.is_some_and(|created| created >= window.from) => EventType::Created,
        _ => EventType::Updated,
    }
}

/// Whether a deleted record was never produced, so that nobody waits to hear of its end. Where that is not certain a
/// deletion too many does no harm, but one too few would let the record live on. Only a target says so: topics forget, and
/// their readers do not.
fn came_and_went(
    reader: &Reader,
    window: &Window,
    row: &Shown,
    before: Option<Standing>,
    link: Option<LinkState>,
) -> bool {
    let created_within = row.created.is_some_and(|created| created >= window.from);
    let knows_all = reader.links.is_some() && reader.recent.is_complete_since(window.from);
    before.is_none() && link.is_none() && created_within && knows_all
}

#[cfg(test)]
mod tests {
    use orgstream_api::Stamp;

    use super::*;

    #[test]
    fn a_deleted_row_that_bears_an_older_date_is_deleted_when_the_org_says() {
        let id = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let row = |standing| Shown { id, standing, at: Moment(20_000), created: None };
        let deleted = row(Standing::Deleted(Stamp(20)));
        let later = deleted.deleted_at_last(Moment(30_000)).unwrap();
        assert_eq!((later.standing, later.at), (Standing::Deleted(Stamp(30)), Moment(30_000)));
        assert_eq!(deleted.deleted_at_last(Moment(10_000)), Some(deleted));
        assert_eq!(row(Standing::Row(Stamp(20))).deleted_at_last(Moment(30_000)), None);
    }

    #[test]
    fn a_row_is_new_only_when_it_was_created_in_the_window_and_nobody_knows_it() {
        let window = Window { from: Moment(10_000), until: None };
        let row = |created| Shown {
            id: SalesforceId::parse("0015g00000QwErTAAV").unwrap(),
            standing: Standing::Row(Stamp(20)),
            at: Moment(20_000),
            created: Some(Moment(created)),
        };
        let (lives, dead) = (Some(LinkState::Live), Some(LinkState::Deleted(0)));
        let (was, went) = (Some(Standing::Row(Stamp(5))), Some(Standing::Deleted(Stamp(5))));
        for (created, before, link, expected) in [
            (15_000, None, None, EventType::Created),
            (5_000, None, None, EventType::Updated),
            (15_000, was, None, EventType::Updated),
            (15_000, None, lives, EventType::Updated),
            (5_000, None, dead, EventType::Undeleted),
            (5_000, went, lives, EventType::Undeleted),
            (15_000, went, None, EventType::Undeleted),
            (5_000, was, dead, EventType::Updated),
        ] {
            assert_eq!(kind(&window, &row(created), before, link), expected, "{created} {before:?} {link:?}");
        }
    }
}
