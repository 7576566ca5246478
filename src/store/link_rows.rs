//! The rows of the table of id links.

use orgstream_api::{IdLink, InputOffset, LinkState, Stamp};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::links::LinkKey;

/// What a link says beside its key: the text of the column `link`. Rows of step 2 and before hold the key as well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Said {
    target_id: Option<String>,
    state: LinkState,
    last: InputOffset,
    stamp: Option<Stamp>,
}

impl Said {
    pub(super) fn by(link: &IdLink) -> Self {
        let IdLink { target_id, state, last, stamp, .. } = link;
        Self { target_id: target_id.clone(), state: *state, last: last.clone(), stamp: *stamp }
    }

    pub(super) fn of(self, key: LinkKey) -> IdLink {
        let LinkKey { source_org, object, source_id, target_org } = key;
        let Self { target_id, state, last, stamp } = self;
        IdLink { source_org, object, source_id, target_org, target_id, state, last, stamp }
    }
}

/// The row of a query for `source_org, object, source_id, target_org, link`.
pub(super) fn link(row: &Row<'_>) -> rusqlite::Result<IdLink> {
    Ok(said(row, 4)?.of(key(row)?))
}

pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<LinkKey> {
    Ok(LinkKey {
        source_org: row.get(0)?,
        object: row.get(1)?,
        source_id: row.get(2)?,
        target_org: row.get(3)?,
    })
}

pub(super) fn said(row: &Row<'_>, column: usize) -> rusqlite::Result<Said> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
