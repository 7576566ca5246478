//! Deletions that the org no longer has on record: what the target has and the org does not.
//!
//! Links are gone through page by page and each page is asked for by its ids, so neither side's order matters and
//! memory holds only what is missing. A user who lost sight of rows looks just like an org that deleted them; therefore
//! too many at once are nobody's to delete without a word from somebody.

use orgstream_api::{LinkState, Links};
use orgstream_salesforce::SalesforceId;

use crate::error::SourceError;
use crate::sweep::reader::Reader;

/// Links of one page.
const PAGE: usize = 2_000;

/// So few missing ones are never too many.
const ALWAYS: usize = 100;

/// How far a comparison is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The last id that was asked for.
    after: Option<String>,
    /// The records that live in the target.
    pub(crate) linked: usize,
    /// Those of them that the org does not show.
    pub(crate) missing: Vec<SalesforceId>,
}

impl Comparison {
    /// Asks for the next page; false when it was the last.
    pub(super) async fn page(&mut self, reader: &Reader, links: &dyn Links) -> Result<bool, SourceError> {
        let page = links.page(&reader.name, self.after.as_deref(), PAGE).await?;
        self.after = page.last().map(|(id, _)| id.clone());
        let goes_on = page.len() >= PAGE;
        let living = page.into_iter().filter(|(_, state)| *state == LinkState::Live);
        let ids: Vec<SalesforceId> = living.filter_map(|(id, _)| SalesforceId::parse(&id).ok()).collect();
        if !ids.is_empty() {
            let (patience, fields) = (reader.rows.patience(), ["Id".to_owned()]);
            let org = patience.org();
            let rows = patience.call(|| org.retrieve(&reader.name, &ids, &fields)).await?;
            let missing = ids.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(id, _)| *id);
            self.linked += ids.len();
            self.missing.extend(missing);
        }
        Ok(goes_on)
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
