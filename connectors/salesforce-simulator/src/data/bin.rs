//! The recycle bin: deleting, what a deletion drags along, and coming back.
//!
//! Cascaded children go and come back with their parent: change events tell of each, PushTopics only of the parent.
//! Other references to a deleted row are emptied without a stamp. When the row comes back they point at it again, as
//! Salesforce says of custom look-ups, parent accounts and managers of contacts, unless the field was written meanwhile. A
//! reference that restricts, or cannot be empty, keeps its parent from being deleted.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Map;

use super::refusal::Refusal;
use super::row::{Binned, Cause, Row};
use super::transaction::Operation;
use super::validate;
use super::value::Value;
use super::write::Writer;
use crate::ids;
use crate::schema::{Field, Flag, Object, ObjectIndex, OnDelete, Right, Trait};

impl Writer<'_> {
    /// Moves a record, of whatever object, to the recycle bin, its cascaded children with it.
    pub(crate) fn delete(&mut self, id: &str) -> Result<String, Refusal> {
        self.remove(id, &Cause::Alone, Cause::With)
    }

    /// Deletes a record and its cascaded children for good: the recycle bin does not offer them.
    pub(crate) fn hard_delete(&mut self, id: &str) -> Result<String, Refusal> {
        self.remove(id, &Cause::Hard, |_| Cause::Hard)
    }

    fn remove(&mut self, id: &str, own: &Cause, of_child: fn(String) -> Cause) -> Result<String, Refusal> {
        self.fault(id, &Map::new())?;
        let malformed = || Refusal::record("MALFORMED_ID", format!("malformed id {id}"), &[]);
        let full = ids::normalize(id).ok_or_else(malformed)?;
        let object = self.store.schema.of_id(&full).ok_or_else(Refusal::no_such_record)?;
        self.permitted(object, Right::Delete)?;
        let full = self.existing(object, &full)?;
        self.store.barriers.check_lock(&full)?;
        let mut gone = vec![(object, full.clone())];
        let mut next = 0;
        while let Some((object, id)) = gone.get(next).cloned() {
            gone.extend(self.cascaded_children(object, &id));
            next += 1;
        }
        self.refuse_restricted(&gone)?;
        for (nth, (object, id)) in gone.iter().enumerate() {
            let (cause, operation) = match nth {
                0 => (own.clone(), Operation::Deleted),
                _ => (of_child(full.clone()), Operation::Cascaded),
            };
            self.move_to(*object, id, Some(cause), operation);
        }
        // References are emptied last, so that rows deleted together keep pointing at each other.
        for (object, id) in &gone {
            self.empty_references_to(*object, id);
        }
        Ok(full)
    }

    /// Brings a record back from the recycle bin, and the children that went with it.
    pub(crate) fn undelete(&mut self, id: &str) -> Result<String, Refusal> {
        self.fault(id, &Map::new())?;
        self.store.barriers.check_maintenance()?;
        let malformed = || Refusal::record("MALFORMED_ID", format!("malformed id {id}"), &[]);
        let full = ids::normalize(id).ok_or_else(malformed)?;
        let found = self.store.row(&full).filter(|(object, row)| {
            row.binned().is_some_and(|binned| binned.cause != Cause::Hard)
                && self.store.schema.object(*object).is(Trait::Undeletable)
        });
        let Some((object, row)) = found else {
            return Err(Refusal::record("UNDELETE_FAILED", "entity is not in the recycle bin", &[]));
        };
        if let Some(parent) = self.deleted_master(object, row) {
            let message = format!("the parent record {parent} is deleted");
            return Err(Refusal::record("UNDELETE_FAILED", message, &[]));
        }
        validate::unique(self.store, object, row)?;
        self.move_to(object, &full, None, Operation::Undeleted);
        let children = self.binned_with(&full);
        for child in &children {
            self.bring_back_child(child);
        }
        for id in children.iter().chain([&full]) {
            self.fill_references_to(id);
        }
        Ok(full)
    }

    /// Takes a record out of the recycle bin for good, and the children that went there with it.
    pub(crate) fn empty_from_bin(&mut self, id: &str) -> Result<String, Refusal> {
        self.fault(id, &Map::new())?;
        self.store.barriers.check_maintenance()?;
        let malformed = || Refusal::record("MALFORMED_ID", format!("malformed id {id}"), &[]);
        let full = ids::normalize(id).ok_or_else(malformed)?;
        let offered = |row: &Row| row.binned().is_some_and(|binned| binned.cause == Cause::Alone);
        if !self.store.row(&full).is_some_and(|(_, row)| offered(row)) {
            let message = "entity is not in the recycle bin";
            return Err(Refusal::record("INVALID_CROSS_REFERENCE_KEY", message, &[]));
        }
        for id in self.binned_with(&full).into_iter().chain([full.clone()]) {
            let Some((object, row)) = self.store.row(&id) else { continue };
            let mut row = row.clone();
            // It was deleted when it was, so neither stamps nor the date of the deletion move.
            let since = row.binned().map_or(self.now, |binned| binned.since);
            row.put_in_bin(Some(Binned { since, cause: Cause::Hard }));
            self.store.change(self.tx, object, row, Operation::Cascaded);
        }
        Ok(full)
    }

    /// Refuses to delete records that others, which would stay, may not lose.
    fn refuse_restricted(&self, gone: &[(ObjectIndex, String)]) -> Result<(), Refusal> {
        let going: HashSet<&str> = gone.iter().map(|(_, id)| id.as_str()).collect();
        for (object, id) in gone {
            let referring = self.store.schema.references_to(*object);
            for (child, at, _) in referring.filter(|(_, _, field)| restricts(field)) {
                let definition = self.store.schema.object(child);
                let staying = self.store.with_value(child, at, id).filter(|row| !going.contains(row.id()));
                let names: Vec<&str> = staying.map(|row| name(definition, row)).collect();
                if !names.is_empty() {
                    let deleted =
                        self.store.row(id).map(|(_, row)| name(self.store.schema.object(*object), row));
                    let message = format!(
                        "Your attempt to delete {} could not be completed because it is associated with the following \
                         {}.: {}\n",
                        deleted.unwrap_or_default(),
                        definition.plural.to_lowercase(),
                        names.join(", ")
                    );
                    return Err(Refusal::record("DELETE_FAILED", message, &[]));
                }
            }
        }
        Ok(())
    }

    /// The parent without which a detail record cannot come back, if that one is deleted or gone.
    fn deleted_master(&self, object: ObjectIndex, row: &Row) -> Option<String> {
        let fields = self.store.schema.object(object).fields.iter().enumerate();
        let masters = fields.filter(|(_, field)| field.on_delete == OnDelete::MasterDetail);
        let mut ids = masters.filter_map(|(at, _)| row.value(at).as_text());
        let dead = ids.find(|id| self.store.row(id).is_none_or(|(_, master)| master.deleted()));
        dead.map(str::to_owned)
    }

    fn cascaded_children(&self, object: ObjectIndex, id: &str) -> Vec<(ObjectIndex, String)> {
        let schema = Arc::clone(&self.store.schema);
        let cascading = schema.references_to(object).filter(|(_, _, field)| field.on_delete.cascades());
        cascading
            .flat_map(|(child, at, _)| {
                self.store.with_value(child, at, id).map(move |row| (child, row.id().to_owned()))
            })
            .collect()
    }

    fn binned_with(&self, parent: &str) -> Vec<String> {
        let objects = 0..self.store.schema.objects().len();
        objects
            .flat_map(|object| self.store.table(object).binned_with(parent))
            .map(|row| row.id().to_owned())
            .collect()
    }

    fn bring_back_child(&mut self, id: &str) {
        let Some((object, row)) = self.store.row(id) else { return };
        // A value that was taken meanwhile keeps the child in the bin, where it can be found.
        let taken = validate::unique(self.store, object, row).is_err();
        self.move_to(object, id, taken.then_some(Cause::Alone), Operation::Cascaded);
    }

    fn move_to(&mut self, object: ObjectIndex, id: &str, to: Option<Cause>, operation: Operation) {
        let schema = Arc::clone(&self.store.schema);
        let definition = schema.object(object);
        let Some(mut row) = self.store.table(object).row(id).cloned() else { return };
        if to.is_none() {
            self.drop_dead_references(definition, &mut row);
        }
        if let Some(at) = definition.system.is_deleted {
            row.set(at, Value::Bool(to.is_some()));
        }
        row.put_in_bin(to.map(|cause| Binned { since: self.now, cause }));
        self.stamp(definition, &mut row);
        self.store.change(self.tx, object, row, operation);
        self.follow();
    }

    /// A row that comes back does not point at rows that are gone.
    fn drop_dead_references(&self, definition: &Object, row: &mut Row) {
        for (at, field) in
            definition.fields.iter().enumerate().filter(|(_, field)| !field.reference_to.is_empty())
        {
            let dead = row
                .value(at)
                .as_text()
                .is_some_and(|id| self.store.row(id).is_some_and(|(_, target)| target.deleted()));
            if dead && !field.system() {
                row.set(at, Value::Null);
            }
        }
    }

    fn empty_references_to(&mut self, object: ObjectIndex, id: &str) {
        let schema = Arc::clone(&self.store.schema);
        for (child, at, _) in schema.references_to(object) {
            let referrers: Vec<Row> = self.store.with_value(child, at, id).cloned().collect();
            for mut row in referrers {
                row.lose(at);
                self.store.change(self.tx, child, row, Operation::Relinked);
            }
        }
    }

    fn fill_references_to(&mut self, id: &str) {
        let schema = Arc::clone(&self.store.schema);
        let Some((object, _)) = self.store.row(id).filter(|(_, row)| !row.deleted()) else { return };
        for (child, at, _) in schema.references_to(object) {
            let lost = |row: &&Row| row.lost().any(|lost| lost == (at, id));
            let referrers: Vec<Row> = self.store.table(child).rows().filter(lost).cloned().collect();
            for mut row in referrers {
                row.set(at, Value::text(id));
                self.store.change(self.tx, child, row, Operation::Relinked);
            }
        }
    }
}

/// Whether a record that is referred to by this field may not be deleted: the field says so, or cannot be empty.
fn restricts(field: &Field) -> bool {
    field.on_delete == OnDelete::Restrict || !(field.on_delete.cascades() || field.is(Flag::Nillable))
}

/// What people call a record: its name field, or its id.
fn name<'a>(object: &Object, row: &'a Row) -> &'a str {
    let at = object.fields.iter().position(|field| field.is(Flag::NameField));
    at.and_then(|at| row.value(at).as_text()).unwrap_or_else(|| row.id())
}
