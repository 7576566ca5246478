//! Finding the rows of a query.
//!
//! `Id > x`, `Id IN (…)` and equality on indexed fields do not look at every row, rows in id order stop at the limit,
//! and of rows in another order only as many are sorted as are asked for: paging through a big object costs what it
//! shows.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::filter::{Comparison, Filter, Term};
use super::ids::Ids;
use super::path::Path;
use super::query::{Column, Columns, OrderBy, Query};
use super::value_order::Collation;
use crate::data::{Row, Store, Value};
use crate::schema::ObjectIndex;
use crate::timestamp::Timestamp;

/// For whom, when and over which rows queries are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) store: &'a Store,
    /// The moment that date literals are relative to.
    pub(crate) now: Timestamp,
    /// Who asks; the owner of `USING SCOPE mine`.
    pub(crate) user: &'a str,
    /// Rows in the recycle bin are found too.
    pub(crate) deleted: bool,
}

impl<'a> Run<'a> {
    /// The query as it stands now: no date literals and no semi-joins are left in it.
    pub(crate) fn bind(&self, query: &Query) -> Query {
        let join = |rows: &Query, column: &Path| rows.column(*self, column);
        let mut bound = query.clone();
        bound.filter = query.filter.as_ref().map(|filter| filter.bound(self.now, &join));
        if let Columns::Rows(columns) = &mut bound.columns {
            for column in columns {
                if let Column::Children { query, .. } = column {
                    **query = self.bind(query);
                }
            }
        }
        if let Columns::Groups(grouping) = &mut bound.columns {
            grouping.having = grouping.having.as_ref().map(|having| having.bound(self.now, &join));
        }
        bound
    }

    /// The rows that a bound query finds, in its order.
    pub(crate) fn rows(&self, query: &Query) -> Vec<&'a Row> {
        self.arrange(query, self.candidates(query))
    }

    /// The ids of those rows.
    pub(crate) fn find(&self, query: &Query) -> Ids {
        self.rows(query).into_iter().map(Row::id).collect()
    }

    /// The rows of a bound query that refer to `parent` by `reference`, in the query's order.
    pub(crate) fn children(&self, query: &Query, reference: usize, parent: &str) -> Vec<&'a Row> {
        let refers = |row: &&Row| row.value(reference).as_text() == Some(parent);
        let definition = self.store.schema.object(query.object);
        if !self.deleted && definition.indexed(reference) {
            return self.arrange(query, sorted(indexed(self.store, query.object, reference, parent)));
        }
        let rows = self.store.table(query.object).rows().filter(move |row| refers(row));
        let rows: Vec<&Row> = rows.collect();
        self.arrange(query, Box::new(rows.into_iter()))
    }

    /// Keeps the rows that match, in order, between offset and limit.
    fn arrange(&self, query: &Query, candidates: Box<dyn Iterator<Item = &'a Row> + 'a>) -> Vec<&'a Row> {
        let (store, run) = (self.store, *self);
        let wanted = |row: &&'a Row| {
            (run.deleted || !row.deleted())
                && query.owned_by_user.is_none_or(|owner| row.value(owner).as_text() == Some(run.user))
                && query
                    .filter
                    .as_ref()
                    .is_none_or(|filter| filter.holds(&|term: &Term| term.value(store, row)))
        };
        let limit = query.limit.unwrap_or(usize::MAX);
        // Groups have an order and a limit of their own.
        if query.in_id_order() {
            return candidates.filter(wanted).skip(query.offset).take(limit).collect();
        }
        let mut rows: Vec<&Row> = candidates.filter(wanted).collect();
        let order = |a: &&Row, b: &&Row| {
            compare(&query.order, |term| term.value(store, a), |term| term.value(store, b))
                .then_with(|| a.id().cmp(b.id()))
        };
        let shown = query.offset.saturating_add(limit);
        if shown < rows.len() {
            rows.select_nth_unstable_by(shown, order);
            rows.truncate(shown);
        }
        rows.sort_unstable_by(order);
        rows.into_iter().skip(query.offset).collect()
    }

    /// Rows that may match, in id order.
    fn candidates(&self, query: &Query) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let store = self.store;
        let table = store.table(query.object);
        let definition = store.schema.object(query.object);
        // Only live rows are indexed.
        let has_index = |at: usize| !self.deleted && definition.indexed(at);
        let mut after = None;
        for part in query.filter.as_ref().map(Filter::conjuncts).unwrap_or_default() {
            match part {
                Filter::Compare { left, comparison, right: Value::Text(id), .. }
                    if left.own_field() == Some(0) =>
                {
                    match comparison {
                        Comparison::Equal => return Box::new(table.row(id).into_iter()),
                        Comparison::Greater | Comparison::AtLeast => after = Some(id.to_string()),
                        _ => {}
                    }
                }
                Filter::In { left, keys, negated: false, null: false, .. } => match left.own_field() {
                    Some(0) => return sorted(keys.iter().filter_map(|id| table.row(id)).collect()),
                    Some(at) if has_index(at) => {
                        let rows = keys.iter().flat_map(|key| indexed(store, query.object, at, key));
                        return sorted(rows.collect());
                    }
                    _ => {}
                },
                Filter::Compare { left, collation, comparison: Comparison::Equal, right } => {
                    if let Some(at) = left.own_field().filter(|at| has_index(*at))
                        && let Some(key) = collation.key(right)
                    {
                        return sorted(indexed(store, query.object, at, &key));
                    }
                }
                _ => {}
            }
        }
        match after {
            // The row of the id itself is taken in for `>=`; the filter drops it for `>`.
            Some(id) => Box::new(table.row(&id).into_iter().chain(table.rows_after(&id))),
            None => Box::new(table.rows()),
        }
    }
}

impl Query {
    /// The values of an id column, as the keys of a set. Used for sub-selects, which see no deleted rows.
    pub(crate) fn column(&self, run: Run<'_>, column: &Path) -> HashSet<String> {
        let run = Run { deleted: false, ..run };
        let rows = run.rows(&run.bind(self));
        rows.into_iter().filter_map(|row| Collation::Exact.key(&column.value(run.store, row))).collect()
    }
}

/// Compares by the keys of ORDER BY.
pub(crate) fn compare<'v, T>(
    keys: &[OrderBy<T>],
    left: impl Fn(&T) -> Cow<'v, Value>,
    right: impl Fn(&T) -> Cow<'v, Value>,
) -> Ordering {
    for key in keys {
        let (left, right) = (left(&key.by), right(&key.by));
        let found = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_last => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) if key.nulls_last => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let order = key.rank(&left).cmp(&key.rank(&right));
                let order = order.then_with(|| key.collation.order(&left, &right).unwrap_or(Ordering::Equal));
                if key.descending { order.reverse() } else { order }
            }
        };
        if found != Ordering::Equal {
            return found;
        }
    }
    Ordering::Equal
}

impl<T> OrderBy<T> {
    /// The place of a value in its picklist; values that are in none come last.
    fn rank(&self, value: &Value) -> usize {
        if self.picklist.is_empty() {
            return 0;
        }
        let text = value.as_text().unwrap_or_default();
        self.picklist.iter().position(|one| one == text).unwrap_or(self.picklist.len())
    }
}

/// Live rows with this key in an indexed field.
fn indexed<'a>(store: &'a Store, object: ObjectIndex, at: usize, key: &str) -> Vec<&'a Row> {
    store.with_value(object, at, key).collect()
}

fn sorted<'a>(mut rows: Vec<&'a Row>) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
    rows.sort_unstable_by(|a, b| a.id().cmp(b.id()));
    rows.dedup_by(|a, b| a.id() == b.id());
    Box::new(rows.into_iter())
}
