//! A query that is known to be right: its object and fields exist.

use super::filter::Filter;
use super::path::Path;
use crate::schema::ObjectIndex;

/// What to find and what to show.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The object.
    pub(crate) object: ObjectIndex,
    /// What to show of each row.
    pub(crate) columns: Columns,
    /// Which rows.
    pub(crate) filter: Option<Filter>,
    /// In which order; the order of ids decides the rest.
    pub(crate) order: Vec<OrderBy>,
    /// At most so many.
    pub(crate) limit: Option<usize>,
    /// Without the first ones.
    pub(crate) offset: usize,
}

/// What a query selects.
#[derive(Clone, Debug)]
pub(crate) enum Columns {
    /// `COUNT()`: only how many.
    Count,
    /// `COUNT(field)`: one record with how many rows have a value.
    CountOf(Path),
    /// Fields.
    Fields(Vec<Path>),
}

/// One key of ORDER BY.
#[derive(Clone, Debug)]
pub(crate) struct OrderBy {
    /// The field.
    pub(crate) path: Path,
    /// Greatest first.
    pub(crate) descending: bool,
    /// Where missing values stand.
    pub(crate) nulls_last: bool,
}
