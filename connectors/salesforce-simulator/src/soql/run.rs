//! Finding the rows of a query and showing them.
//!
//! `Id > x`, `Id IN (…)` and equality on indexed fields do not look at every row, and rows in id order stop at the
//! limit: paging through a big object costs what it shows.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::filter::{Comparison, Filter, order};
use super::path::Path;
use super::query::{OrderBy, Query};
use crate::data::{Form, Row, Store, render};
use crate::schema::ObjectIndex;

/// Ids of the rows a query finds, in its order; `deleted` takes the recycle bin in.
pub(crate) fn find(store: &Store, query: &Query, deleted: bool) -> Vec<String> {
    let wanted = |row: &&Row| {
        (deleted || !row.deleted()) && query.filter.as_ref().is_none_or(|filter| filter.matches(store, row))
    };
    let by_id = query.order.is_empty()
        || matches!(query.order.as_slice(), [only] if only.path.hops.is_empty() && only.path.field == 0 && !only.descending);
    let limit = query.limit.unwrap_or(usize::MAX);
    let candidates = candidates(store, query, deleted);
    if by_id {
        return candidates
            .filter(wanted)
            .skip(query.offset)
            .take(limit)
            .map(|row| row.id().to_owned())
            .collect();
    }
    let mut rows: Vec<&Row> = candidates.filter(wanted).collect();
    rows.sort_by(|a, b| compare(store, &query.order, a, b));
    rows.into_iter().skip(query.offset).take(limit).map(|row| row.id().to_owned()).collect()
}

/// A row with the selected fields, parents nested.
pub(crate) fn record(store: &Store, base: &str, object: ObjectIndex, row: &Row, fields: &[Path]) -> Json {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(store, base, object, row));
    for path in fields {
        show(store, base, &mut record, object, row, &path.hops, path);
    }
    Json::Object(record)
}

/// `attributes` of a record.
pub(crate) fn attributes(store: &Store, base: &str, object: ObjectIndex, row: &Row) -> Json {
    let name = &store.schema.object(object).name;
    json!({"type": name, "url": format!("{base}/sobjects/{name}/{}", row.id())})
}

fn show(
    store: &Store,
    base: &str,
    into: &mut Map<String, Json>,
    object: ObjectIndex,
    row: &Row,
    hops: &[(usize, ObjectIndex)],
    path: &Path,
) {
    let definition = store.schema.object(object);
    let Some(((reference, target), rest)) = hops.split_first() else {
        if let Some(field) = definition.fields.get(path.field) {
            into.insert(field.name.clone(), render(definition, row, path.field, Form::Rest));
        }
        return;
    };
    let Some(name) = definition.fields.get(*reference).and_then(|field| field.relationship.clone()) else {
        return;
    };
    let parent = row.value(*reference).as_text().and_then(|id| store.table(*target).row(id));
    let Some(parent) = parent else {
        into.insert(name, Json::Null);
        return;
    };
    let nested =
        into.entry(name).or_insert_with(|| json!({"attributes": attributes(store, base, *target, parent)}));
    if let Some(nested) = nested.as_object_mut() {
        show(store, base, nested, *target, parent, rest, path);
    }
}

/// Rows that may match, in id order.
fn candidates<'a>(store: &'a Store, query: &Query, deleted: bool) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
    let table = store.table(query.object);
    let definition = store.schema.object(query.object);
    for part in query.filter.as_ref().map(Filter::conjuncts).unwrap_or_default() {
        match part {
            Filter::Compare { path, comparison: Comparison::Greater, value } if is_id(path) => {
                return Box::new(table.rows_after(value.as_text().unwrap_or_default()));
            }
            Filter::Compare { path, comparison: Comparison::Equal, value } if is_id(path) => {
                return Box::new(value.as_text().and_then(|id| table.row(id)).into_iter());
            }
            Filter::In { path, keys, negated: false, .. } if is_id(path) => {
                return sorted(keys.iter().filter_map(|id| table.row(id)).collect());
            }
            // Only live rows are indexed.
            Filter::In { path, keys, null: false, negated: false }
                if !deleted && path.hops.is_empty() && definition.indexed(path.field) =>
            {
                let found = |key| table.with_value(definition, path.field, key);
                return sorted(keys.iter().flat_map(|key| found(key)).collect());
            }
            Filter::Compare { path, comparison: Comparison::Equal, value }
                if !deleted && path.hops.is_empty() && definition.indexed(path.field) && !value.is_null() =>
            {
                let key = definition.fields.get(path.field).and_then(|field| value.index_key(field));
                let key = key.unwrap_or_default();
                return sorted(table.with_value(definition, path.field, &key).collect());
            }
            _ => {}
        }
    }
    Box::new(table.rows())
}

fn is_id(path: &Path) -> bool {
    path.hops.is_empty() && path.field == 0
}

fn sorted<'a>(mut rows: Vec<&'a Row>) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
    rows.sort_by(|a, b| a.id().cmp(b.id()));
    rows.dedup_by(|a, b| a.id() == b.id());
    Box::new(rows.into_iter())
}

fn compare(store: &Store, keys: &[OrderBy], a: &Row, b: &Row) -> Ordering {
    for key in keys {
        let (left, right) = (key.path.value(store, a), key.path.value(store, b));
        let found = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_last => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) if key.nulls_last => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let order = order(key.path.definition(&store.schema), left, right).unwrap_or(Ordering::Equal);
                if key.descending { order.reverse() } else { order }
            }
        };
        if found != Ordering::Equal {
            return found;
        }
    }
    a.id().cmp(b.id())
}
