//! What keeps writes out for a time: a lock on a record that waits for approval, read-only mode of the whole org.
//! Locks are kept over a restart, read-only mode is not.

use std::collections::BTreeSet;

use crate::data::Refusal;

/// The barriers of an org.
#[derive(Debug, Default)]
pub(crate) struct Barriers {
    /// Locked records, 18 characters each.
    pub(crate) locked: BTreeSet<String>,
    /// The instance is being upgraded: everything can be read, nothing written.
    pub(crate) maintenance: bool,
}

impl Barriers {
    /// Refuses every write during maintenance.
    pub(crate) fn check_maintenance(&self) -> Result<(), Refusal> {
        if !self.maintenance {
            return Ok(());
        }
        let message = "You can't create, update, or delete data while the instance where your organization resides is \
                       being upgraded to the latest release. Try again after the release has completed.";
        Err(Refusal::record("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", message, &[]).status(503))
    }

    /// Refuses to change or delete a locked record.
    pub(crate) fn check_lock(&self, id: &str) -> Result<(), Refusal> {
        if !self.locked.contains(id) {
            return Ok(());
        }
        let message = "This record is locked. If you need to edit it, contact your admin.";
        Err(Refusal::record("ENTITY_IS_LOCKED", message, &[]))
    }
}
