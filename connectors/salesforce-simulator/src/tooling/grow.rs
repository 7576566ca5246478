//! Making and deleting a custom field while the org runs: the schema is swapped under the lock of the state, and the
//! data file hears of it before the client does.

use std::sync::Arc;

use super::definitions::{Definition, FIELD, find};
use super::metadata;
use crate::data::{Entry, Refusal};
use crate::schema::{Field, ObjectKind, OnDelete, Schema, Trait, check_field, complete_field};
use crate::tenant::Tenant;

/// Adds a field to an object; answers its id. Rows that are there have no value in it.
pub(super) fn make(
    tenant: &Tenant,
    full_name: &str,
    metadata: &serde_json::Value,
) -> Result<String, Refusal> {
    let (object, name) = metadata::split(full_name)?;
    let mut field = metadata::field(name, metadata)?;
    let mut state = tenant.state();
    let state = &mut *state;
    let schema = Arc::clone(&state.store.schema);
    let unknown = || {
        let message = format!("Entity Enumeration Or ID: bad value for restricted picklist field: {object}");
        Refusal::record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &["TableEnumOrId"])
    };
    let at = schema.find(object).ok_or_else(unknown)?;
    let definition = schema.object(at);
    if !definition.is(Trait::Layoutable) && definition.kind() == ObjectKind::Standard {
        return Err(unknown());
    }
    if definition.field(name).is_some() {
        let stem = name.strip_suffix("__c").unwrap_or(name);
        let message = format!("There is already a field named {stem} on {}.", definition.name);
        return Err(Refusal::record("DUPLICATE_DEVELOPER_NAME", message, &["DeveloperName"]));
    }
    if let Some(unknown) = field.reference_to.iter().find(|to| schema.find(to).is_none()) {
        let message = format!("referenceTo value of '{unknown}' does not resolve to a valid sObject type");
        return Err(metadata::integrity(message));
    }
    if field.on_delete == OnDelete::MasterDetail && state.store.table(at).rows().next().is_some() {
        let message = "Cannot create a Master-Detail relationship on an object that has records";
        return Err(metadata::integrity(message));
    }
    complete_field(definition, &mut field, false);
    check_field(definition, &field).map_err(metadata::integrity)?;
    check_children(&schema, &field)?;
    let grown = schema.with_field(at, field.clone(), tenant.clock.now()).map_err(metadata::integrity)?;
    let id = state.store.ids.next(FIELD);
    let full_name = format!("{}.{name}", definition.name);
    let known = Definition::Known { name: full_name.clone(), id: id.clone(), field: Some(Box::new(field)) };
    state.append(&Entry::Definition(known))?;
    state.store.schema = Arc::new(grown);
    state.definitions.made(full_name, id.clone());
    Ok(id)
}

/// Refuses a reference whose child relationship has the name of another one of its parent.
fn check_children(schema: &Schema, field: &Field) -> Result<(), Refusal> {
    let Some(name) = &field.children else { return Ok(()) };
    let taken =
        |to: &&String| schema.find(to).is_some_and(|to| schema.child_relationship(to, name).is_some());
    field.reference_to.iter().find(taken).map_or(Ok(()), |parent| {
        let stem = name.strip_suffix("__r").unwrap_or(name);
        let message = format!("There is already a Child Relationship named {stem} on {parent}.");
        Err(Refusal::record("DUPLICATE_DEVELOPER_NAME", message, &["RelationshipName"]))
    })
}

/// Deletes the field with this id, and every value in it.
pub(super) fn delete(tenant: &Tenant, id: &str) -> Result<(), Refusal> {
    let mut state = tenant.state();
    let state = &mut *state;
    let schema = Arc::clone(&state.store.schema);
    let name = state.definitions.named(id).map(str::to_owned).ok_or_else(Refusal::not_found)?;
    let (object, at) = find(&schema, &name).ok_or_else(Refusal::not_found)?;
    state.append(&Entry::Definition(Definition::Deleted { name: name.clone() }))?;
    state.store.schema = Arc::new(schema.without_field(object, at, tenant.clock.now()));
    state.definitions.forget(&name);
    state.setup.forget_field(&name);
    Ok(())
}

/// The field with this id: the name or id of its object as the Tooling API calls it, the object's name, the field.
pub(super) fn show(tenant: &Tenant, id: &str) -> Result<(String, String, Field), Refusal> {
    let state = tenant.state();
    let schema = &state.store.schema;
    let place = state.definitions.named(id).and_then(|name| find(schema, name));
    let (object, at) = place.ok_or_else(Refusal::not_found)?;
    let definition = schema.object(object);
    let field = definition.fields.get(at).ok_or_else(Refusal::not_found)?;
    let table = state.definitions.id(&definition.name).unwrap_or(&definition.name);
    Ok((table.to_owned(), definition.name.clone(), field.clone()))
}
