//! Rows as the data file keeps them, and how they come back: what many have in common is shared again.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::StoredRow;
use super::row::{Base, Binned, Cause, Row};
use super::store::Store;
use super::value::Value;
use crate::schema::{Flag, Object, ObjectIndex};
use crate::timestamp::Timestamp;

/// What the file writes as the parent of a row that is deleted for good.
const HARD: &str = "hard";

/// A row shares what the row before it shared unless it differs from that in more values than this.
const MOST_DIFFERENT: usize = 4;

/// Puts rows back into a store.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// What the last rows of an object have in common.
    bases: HashMap<ObjectIndex, (Base, Vec<(usize, Value)>)>,
}

impl Store {
    /// A row as the data file keeps it: fields by name, empty ones left out.
    pub(crate) fn stored(&self, object: ObjectIndex, row: &Row) -> StoredRow {
        let definition = self.schema.object(object);
        let fields = definition
            .fields
            .iter()
            .enumerate()
            .filter(|(at, field)| !field.is(Flag::Gone) && !row.value(*at).is_null());
        StoredRow {
            object: definition.name.clone(),
            place: row.binned().map(|binned| match &binned.cause {
                Cause::Alone => String::new(),
                Cause::With(parent) => parent.clone(),
                Cause::Hard => HARD.to_owned(),
            }),
            since: row.binned().map(|binned| binned.since.millis()),
            lost: row.lost().filter_map(|(at, id)| Some((name_of(definition, at)?, id.to_owned()))).collect(),
            fields: fields
                .map(|(at, field)| (field.name.clone(), row.value(at).to_json(Timestamp::rest)))
                .collect(),
        }
    }
}

impl Restored {
    /// Puts back what [`Store::stored`] gave. A field that the schema lacks is refused: its values would be gone.
    pub(crate) fn put(&mut self, store: &mut Store, stored: &StoredRow) -> Result<(), String> {
        let schema = Arc::clone(&store.schema);
        let object = schema.find(&stored.object).ok_or_else(|| format!("no object {}", stored.object))?;
        let definition = schema.object(object);
        let mut values = Vec::with_capacity(stored.fields.len());
        for (name, json) in &stored.fields {
            let at = definition.field(name).ok_or_else(|| {
                format!("there is no field {}.{name}, of which it has values", definition.name)
            })?;
            let field = definition.fields.get(at).ok_or_else(|| format!("no field {name}"))?;
            let value = Value::from_json(field.kind, json)
                .ok_or_else(|| format!("{}.{name} is not a {}", definition.name, field.kind.name()))?;
            if let (Some(format), Some(text)) = (&field.auto_number, value.as_text()) {
                store.auto_numbers.seen((object, at), format, text);
            }
            values.push((at, value));
        }
        let mut row = self.row(object, definition, values);
        if row.id().is_empty() {
            return Err("a row without Id".to_owned());
        }
        if !row.id().starts_with(&definition.key_prefix) {
            // Custom objects are numbered in the order of the files, which has changed since.
            let (prefix, name) = (row.id().get(..3).unwrap_or_default(), &definition.name);
            return Err(format!("its ids begin with {prefix}: give {name} key_prefix: {prefix}"));
        }
        // A field that the schema no longer has can get nothing back.
        for (name, id) in &stored.lost {
            if let Some(at) = definition.field(name) {
                row.has_lost(at, id.clone());
            }
        }
        row.put_in_bin(stored.place.as_deref().map(|place| Binned {
            since: Timestamp::from_millis(stored.since.unwrap_or_default()),
            cause: match place {
                "" => Cause::Alone,
                HARD => Cause::Hard,
                parent => Cause::With(parent.to_owned()),
            },
        }));
        store.ids.seen(row.id());
        store.put(object, row);
        Ok(())
    }

    /// A row of these values on what the last rows share, or on what the next ones may.
    fn row(&mut self, object: ObjectIndex, definition: &Object, values: Vec<(usize, Value)>) -> Row {
        let common: Vec<&(usize, Value)> =
            values.iter().filter(|(at, _)| is_common(definition, *at)).collect();
        let fits = self.bases.get(&object).is_some_and(|(_, base)| {
            let missing = base.iter().filter(|value| !common.contains(value)).count();
            let added = common.iter().filter(|value| !base.contains(value)).count();
            missing.max(added) <= MOST_DIFFERENT
        });
        if !fits {
            let common: Vec<(usize, Value)> = common.into_iter().cloned().collect();
            let mut shared = Row::on(&Base::default());
            for (at, value) in &common {
                shared.set(*at, value.clone());
            }
            self.bases.insert(object, (shared.into_base(), common));
        }
        let base = self.bases.get(&object);
        let mut row = Row::on(&base.map(|(base, _)| base.clone()).unwrap_or_default());
        let shared = base.into_iter().flat_map(|(_, base)| base).map(|(at, _)| *at);
        for at in shared.filter(|at| values.iter().all(|(other, _)| other != at)) {
            row.set(at, Value::Null);
        }
        for (at, value) in values {
            row.set(at, value);
        }
        row
    }
}

fn name_of(definition: &Object, at: usize) -> Option<String> {
    definition.fields.get(at).filter(|field| !field.is(Flag::Gone)).map(|field| field.name.clone())
}

/// Whether the records that one transaction creates mostly have the same in a field: its default, owner and stamps.
fn is_common(definition: &Object, at: usize) -> bool {
    let system = &definition.system;
    let shared =
        [system.owner_id, system.created_by, system.created_date, system.modified_by, system.modified_date];
    shared.contains(&Some(at))
        || system.modstamp == Some(at)
        || definition.fields.get(at).is_some_and(|field| field.default.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::ids::IdSource;
    use crate::schema::Schema;

    #[test]
    fn rows_that_come_back_share_what_they_have_in_common() {
        let schema = Arc::new(Schema::load(&[]).unwrap());
        let mut store = Store::new(Arc::clone(&schema), IdSource::new("5g", 60), Arc::default());
        let account = schema.find("Account").unwrap();
        let mut ids = IdSource::new("5g", 60);
        let mut restored = Restored::default();
        for n in 0..50 {
            let stamp = if n < 40 { "2026-01-01T00:00:00.000+0000" } else { "2026-01-02T00:00:00.000+0000" };
            let mut row = json!({"object": "Account", "fields": {
                "Id": ids.next("001"), "Name": n.to_string(), "IsDeleted": false, "CreatedDate": stamp,
                "CreatedById": "005000000000001AAA", "LastModifiedDate": stamp, "SystemModstamp": stamp,
                "OwnerId": "005000000000001AAA",
            }});
            if n == 20 {
                row["fields"]["OwnerId"] = Json::Null;
            }
            let stored: StoredRow = serde_json::from_value(row).unwrap();
            restored.put(&mut store, &stored).unwrap();
            let row = store.row(stored.fields["Id"].as_str().unwrap()).unwrap().1;
            assert_eq!(
                row.own(),
                if n == 20 {
                    3
                } else if n < 40 {
                    2
                } else {
                    5
                }
            );
            let shown = store.stored(account, row).fields;
            assert!(shown.iter().all(|(name, value)| stored.fields[name] == *value), "{shown:?}");
        }
    }
}
