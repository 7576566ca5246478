//! What the integration user may do with the records of an object: what the object allows anybody, less what was
//! taken from the user.

use std::sync::Arc;

use crate::data::{Refusal, Store};
use crate::schema::{Object, Right, Trait};

/// Refuses what the user may not do with any record of an object.
pub(crate) fn check(object: &Object, right: Right) -> Result<(), Refusal> {
    let (allows, done) = match right {
        Right::Read => (Trait::Queryable, "read"),
        Right::Create => (Trait::Createable, "inserted"),
        Right::Edit => (Trait::Updateable, "updated"),
        Right::Delete => (Trait::Deletable, "deleted"),
    };
    if !object.is(allows) {
        let message = format!("entity type cannot be {done}: {}", object.label);
        return Err(Refusal::record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, &[]));
    }
    if object.may(right) && object.may(Right::Read) {
        return Ok(());
    }
    Err(match right {
        Right::Create => {
            let message = format!("entity type cannot be {done}: {}", object.label);
            Refusal::record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, &[])
        }
        _ => {
            Refusal::record("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", &[])
                .status(403)
        }
    })
}

impl Store {
    /// Takes these rights on an object, or on one field of it, from the user, and gives back those taken before.
    /// The error names what is not there.
    pub(crate) fn deny(
        &mut self,
        object: &str,
        field: Option<&str>,
        rights: Vec<Right>,
    ) -> Result<(), String> {
        let at = self.schema.find(object).ok_or_else(|| format!("there is no object {object}"))?;
        let mut schema = (*self.schema).clone();
        let definition = schema.object_mut(at);
        match field {
            None => definition.denied = rights,
            Some(name) => {
                let field = definition.field(name).and_then(|at| definition.fields.get_mut(at));
                field.ok_or_else(|| format!("there is no field {object}.{name}"))?.denied = rights;
            }
        }
        self.schema = Arc::new(schema.changed_at(self.clock.now()));
        Ok(())
    }
}
