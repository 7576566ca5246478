//! What a deletion takes from the records that point at the deleted one, and what its return gives back.
//!
//! A look-up is emptied without a stamp. When the record comes back from the bin, the look-ups that nobody has filled
//! meanwhile point at it again; Salesforce says so of custom look-ups, of parent accounts and of the managers of contacts.

use std::collections::{BTreeMap, HashSet};

use super::row::{LookUp, Row};
use super::store::Store;
use super::transaction::Operation;
use super::value::Value;
use super::write::Writer;
use crate::schema::{Flag, ObjectIndex};

impl Writer<'_> {
    /// The look-ups that lose the records `gone` together, record by record. Those of the records themselves do not.
    pub(super) fn look_ups_of(&self, gone: &[(ObjectIndex, String)]) -> Vec<Vec<LookUp>> {
        let going: HashSet<&str> = gone.iter().map(|(_, id)| id.as_str()).collect();
        let stays = |row: &&Row| !going.contains(row.id());
        let of_one = |(object, id): &(ObjectIndex, String)| {
            let references = self.store.schema.references_to(*object);
            let mut lost: Vec<LookUp> = references
                .flat_map(|(child, at, _)| {
                    let staying = self.store.with_value(child, at, id).filter(stays);
                    staying.map(move |row| LookUp { of: row.id().to_owned(), at })
                })
                .collect();
            lost.sort_unstable();
            lost
        };
        gone.iter().map(of_one).collect()
    }

    /// Empties look-ups whose record was deleted.
    pub(super) fn empty(&mut self, look_ups: impl Iterator<Item = LookUp>) {
        for look_up in look_ups {
            self.point(&look_up, Value::Null);
        }
    }

    /// Fills the look-ups that lost the record `id`, which is back; not those that have another value by now.
    pub(super) fn fill(&mut self, id: &str, look_ups: Vec<LookUp>) {
        for look_up in look_ups {
            if self.store.row(&look_up.of).is_some_and(|(_, row)| row.value(look_up.at).is_null()) {
                self.point(&look_up, Value::text(id));
            }
        }
    }

    fn point(&mut self, look_up: &LookUp, to: Value) {
        let Some((object, row)) = self.store.row(&look_up.of) else { return };
        let mut row = row.clone();
        row.set(look_up.at, to);
        self.store.change(self.tx, object, row, Operation::Relinked);
    }
}

impl Store {
    /// Look-ups as the data file keeps them: the fields by name.
    pub(super) fn stored_look_ups(&self, look_ups: &[LookUp]) -> BTreeMap<String, Vec<String>> {
        let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for LookUp { of, at } in look_ups {
            let object = self.schema.of_id(of).map(|object| self.schema.object(object));
            let field =
                object.and_then(|object| object.fields.get(*at)).filter(|field| !field.is(Flag::Gone));
            if let Some(field) = field {
                stored.entry(of.clone()).or_default().push(field.name.clone());
            }
        }
        stored
    }

    /// What [`Store::stored_look_ups`] gave. A field that is gone was a look-up of nobody.
    pub(super) fn look_ups(&self, stored: &BTreeMap<String, Vec<String>>) -> Vec<LookUp> {
        let fields = stored.iter().flat_map(|(of, names)| names.iter().map(move |name| (of, name)));
        let found = fields.filter_map(|(of, name)| {
            let object = self.schema.object(self.schema.of_id(of)?);
            Some(LookUp { of: of.clone(), at: object.field(name)? })
        });
        found.collect()
    }
}
