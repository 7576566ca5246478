//! Users who are no longer active: they own nothing new, and nothing is put below what they own.

use crate::data::{Refusal, Store};
use crate::schema::{Field, Object};

/// Refuses a reference that makes an inactive user the owner, or puts the record below a record that one owns.
pub(crate) fn check(store: &Store, object: &Object, field: &Field, id: &str) -> Result<(), Refusal> {
    if field.name == "OwnerId" {
        if !inactive(store, id) {
            return Ok(());
        }
        let short = id.get(..15).unwrap_or(id);
        let label = object.label.to_lowercase();
        let message = format!("operation performed with inactive user [{short}] as owner of {label}");
        return Err(Refusal::record("INACTIVE_OWNER_OR_USER", message, &["OwnerId"]));
    }
    let Some((at, parent)) = store.row(id).filter(|_| below(field)) else { return Ok(()) };
    let owner = store.schema.object(at).system.owner_id.and_then(|owner| parent.value(owner).as_text());
    if owner.is_some_and(|owner| inactive(store, owner)) {
        return Err(Refusal::record(
            "INACTIVE_OWNER_OR_USER",
            "owner is inactive, cannot reparent record",
            &[],
        ));
    }
    Ok(())
}

/// Whether records stand below the one that this field points at, and are seen by who sees that one.
fn below(field: &Field) -> bool {
    field.name == "AccountId" || field.on_delete.cascades()
}

fn inactive(store: &Store, id: &str) -> bool {
    use crate::data::Value;
    store.row(id).is_some_and(|(at, user)| {
        let definition = store.schema.object(at);
        let active = definition.field("IsActive").map(|at| user.value(at));
        definition.name == "User" && active == Some(&Value::Bool(false))
    })
}
