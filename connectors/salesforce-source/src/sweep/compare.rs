//! Deletions that the org no longer has on record: what the target has and the org does not.
//!
//! Links are gone through page by page and each page is asked for by its ids, so neither side's order matters and
//! memory holds only what is missing. What was produced lately need not have reached the target: records that are on their
//! way to it are asked for too, and those whose deletion is on its way are not missing. A user who lost sight of rows looks
//! just like an org that deleted them; therefore too many at once are nobody's to delete without a word from somebody.

use std::time::Duration;

use orgstream_api::{LinkState, Links};
use orgstream_salesforce::SalesforceId;

use crate::error::SourceError;
use crate::moment::Moment;
use crate::sweep::reader::Reader;

/// Links of one page.
const PAGE: usize = 2_000;

/// How long a record may be on its way to the target.
const ON_ITS_WAY: Duration = Duration::from_hours(24);

/// So few missing ones are never too many.
const ALWAYS: usize = 100;

/// How far a comparison is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The last id that was asked for.
    after: Option<String>,
    /// The records that live in the target, or are on their way to it.
    pub(crate) linked: usize,
    /// Those of them that the org does not show.
    pub(crate) missing: Vec<SalesforceId>,
}

impl Comparison {
    /// Asks for the next page; false when it was the last. What was produced from `from` on may be on its way.
    pub(super) async fn page(
        &mut self,
        reader: &Reader,
        links: &dyn Links,
        from: Moment,
    ) -> Result<bool, SourceError> {
        if self.after.is_none() {
            // What is on its way has to be known from the first page on.
            reader.remember(from - ON_ITS_WAY).await?;
        }
        let page = links.page(&reader.name, self.after.as_deref(), PAGE).await?;
        self.after = page.last().map(|(id, _)| id.clone());
        let goes_on = page.len() >= PAGE;
        let living = page.into_iter().filter(|(_, state)| *state == LinkState::Live);
        let ids = living.filter_map(|(id, _)| SalesforceId::parse(&id).ok());
        let is_deleted = |id: &SalesforceId| {
            let known = reader.recent.known(&(reader.object, *id));
            known.is_some_and(|known| known.standing.is_deleted())
        };
        let ids: Vec<SalesforceId> = ids.filter(|id| !is_deleted(id)).collect();
        self.look_for(reader, &ids).await?;
        if !goes_on {
            self.look_for_unlinked(reader).await?;
        }
        Ok(goes_on)
    }

    /// Records that were produced and that the target does not have yet.
    async fn look_for_unlinked(&mut self, reader: &Reader) -> Result<(), SourceError> {
        for ids in reader.recent.living(reader.object).chunks(PAGE) {
            let linked = reader.link_states(ids.iter().copied()).await?;
            let is_linked = |id: &SalesforceId| linked.get(id) == Some(&LinkState::Live);
            let ids: Vec<SalesforceId> = ids.iter().filter(|id| !is_linked(id)).copied().collect();
            self.look_for(reader, &ids).await?;
        }
        Ok(())
    }

    /// Finds out which of `ids` the org does not show.
    async fn look_for(&mut self, reader: &Reader, ids: &[SalesforceId]) -> Result<(), SourceError> {
        if ids.is_empty() {
            return Ok(());
        }
        let (org, fields) = (reader.org(), ["Id".to_owned()]);
        let rows = reader.rows.patience().call(|| org.retrieve(&reader.name, ids, &fields)).await?;
        self.linked += ids.len();
        self.missing.extend(ids.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(id, _)| *id));
        Ok(())
    }

    /// Whether more are missing than may be deleted without a word: more than `most` hundredths of all, and a hundred.
    pub(super) fn is_doubtful(&self, most: u8) -> bool {
        is_doubtful(self.missing.len(), self.linked, most)
    }
}

fn is_doubtful(missing: usize, linked: usize, most: u8) -> bool {
    missing >= ALWAYS && missing.saturating_mul(100) > linked.saturating_mul(usize::from(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_missing_ones_are_doubtful_and_a_few_never_are() {
        for (missing, linked, doubtful) in
            [(99, 99, false), (100, 100, true), (100, 1_000, false), (101, 1_000, true), (0, 0, false)]
        {
            assert_eq!(is_doubtful(missing, linked, 10), doubtful, "{missing} of {linked}");
        }
    }
}
