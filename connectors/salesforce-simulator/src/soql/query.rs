//! A query that is known to be right: its objects and fields exist, and may be used as it uses them.

use super::filter::{Filter, Term};
use super::group::Grouping;
use super::path::{Hop, Path};
use super::value_order::Collation;
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
    /// `USING SCOPE mine`: only rows that the user owns; the field that says so.
    pub(crate) owned_by_user: Option<usize>,
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
    /// Something of each row.
    Rows(Vec<Column>),
    /// Something of each group of rows.
    Groups(Box<Grouping>),
}

/// One thing to show of a row.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// A field, within its parents.
    Field(Path),
    /// A function of a field; under its alias, or in the place of the field.
    Shown { path: Path, alias: Option<String>, how: Shown },
    /// The rows that refer to this one.
    Children { name: String, reference: usize, query: Box<Query> },
    /// Fields that depend on what a reference leads to.
    TypeOf { hop: Hop, when: Vec<(ObjectIndex, Vec<Path>)>, otherwise: Vec<Path> },
}

/// How a field is shown otherwise than as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// `toLabel`: as people see a picklist value.
    Label,
    /// `FORMAT`: as people of the locale en_US write it.
    Format,
}

/// One key of ORDER BY.
#[derive(Clone, Debug)]
pub(crate) struct OrderBy<T = Term> {
    /// What is ordered by.
    pub(crate) by: T,
    /// How it is compared.
    pub(crate) collation: Collation,
    /// The values of a picklist in their order, which comes before that of letters.
    pub(crate) picklist: Vec<String>,
    /// Greatest first.
    pub(crate) descending: bool,
    /// Where missing values stand.
    pub(crate) nulls_last: bool,
}

impl Query {
    /// The plain fields of the object that are selected; `None` when the query counts or groups.
    pub(crate) fn selected_fields(&self) -> Option<Vec<usize>> {
        let Columns::Rows(columns) = &self.columns else { return None };
        let field = |column: &Column| match column {
            Column::Field(path) if path.hops.is_empty() => Some(path.field),
            _ => None,
        };
        Some(columns.iter().filter_map(field).collect())
    }

    /// The selected fields, of the object and of its parents, when fields are all that is selected.
    pub(crate) fn only_fields(&self) -> Option<Vec<&Path>> {
        let Columns::Rows(columns) = &self.columns else { return None };
        let mut fields = Vec::new();
        for column in columns {
            let Column::Field(path) = column else { return None };
            fields.push(path);
        }
        Some(fields)
    }

    /// Whether rows in id order are in the order of the query.
    pub(crate) fn in_id_order(&self) -> bool {
        match self.order.as_slice() {
            [] => true,
            [first, ..] => first.by.function.is_none() && first.by.path.is_id() && !first.descending,
        }
    }
}
