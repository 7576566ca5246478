//! Rows whose values come from another record follow it when that one changes: they have no new
//! stamp, and no event tells of them.

use std::sync::Arc;

use super::derivation::{DERIVATIONS, Draft, Hop, Source, derive};
use crate::data::row::Row;
use crate::data::store::Store;
use crate::data::transaction::{Change, Operation};
use crate::data::write::Writer;
use crate::schema::ObjectIndex;

impl Writer<'_> {
    /// Derives anew what is derived from the record that was changed last, where that change is about it: a parent
    /// with many children would else cost all of them with every write.
    pub(in crate::data) fn follow(&mut self) {
        let Some(Change { object, id, before, .. }) = self.tx.changes.last() else { return };
        let Some(after) = self.store.table(*object).row(id) else { return };
        let schema = Arc::clone(&self.store.schema);
        let definition = schema.object(*object);
        let sources = DERIVATIONS.iter().flat_map(|known| known.sources);
        let own = sources.filter(|source| source.object == definition.name.as_str());
        let concerned: Vec<&Source> =
            own.filter(|source| source.concerned(definition, before.as_ref(), after)).collect();
        if concerned.is_empty() {
            return;
        }
        let (object, id) = (*object, id.clone());
        for source in concerned {
            for (object, before) in reached(self.store, (object, &id), source.hops) {
                let mut row = before.clone();
                let (object_definition, now) = (schema.object(object), self.now);
                let (store, before) = (&*self.store, Some(&before));
                derive(Draft { store, object: object_definition, row: &mut row, before, given: &[], now });
                if before != Some(&row) {
                    self.store.change(self.tx, object, row, Operation::Followed);
                }
            }
        }
    }
}

/// The live rows at the end of the way.
fn reached(store: &Store, from: (ObjectIndex, &str), hops: &[Hop]) -> Vec<(ObjectIndex, Row)> {
    let mut ids = vec![(from.0, from.1.to_owned())];
    for hop in hops {
        ids = ids.iter().flat_map(|(object, id)| step(store, *object, id, hop)).collect();
    }
    let rows = ids.iter().filter_map(|(object, id)| Some((*object, store.table(*object).row(id)?)));
    rows.filter(|(_, row)| !row.deleted()).map(|(object, row)| (object, row.clone())).collect()
}

fn step(store: &Store, object: ObjectIndex, id: &str, hop: &Hop) -> Vec<(ObjectIndex, String)> {
    match hop {
        Hop::Children(child, field) => {
            let Some(child) = store.schema.find(child) else { return Vec::new() };
            let Some(at) = store.schema.object(child).field(field) else { return Vec::new() };
            store.with_value(child, at, id).map(|row| (child, row.id().to_owned())).collect()
        }
        Hop::Parent(field) => {
            let at = store.schema.object(object).field(field);
            let parent = at.and_then(|at| store.table(object).row(id)?.value(at).as_text());
            parent.and_then(|id| Some((store.schema.of_id(id)?, id.to_owned()))).into_iter().collect()
        }
    }
}
