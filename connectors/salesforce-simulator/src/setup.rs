//! What an administrator sets up while the org runs: whose changes are captured, what is taken from the user, which
//! records are locked. It is the org's own, as its records are, so the data file keeps it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::{Entry, Store};
use crate::events::Feeds;
use crate::ids;
use crate::schema::Right;
use crate::tenant::{State, Tenant};

/// One thing that is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    /// Changes of this object are published.
    Captured(String),
    /// The user has not these rights on an object, or on one of its fields.
    Denied { object: String, field: Option<String>, denied: Vec<Right> },
    /// This record is locked.
    Locked(String),
    /// This record is not.
    Unlocked(String),
}

/// Everything that is set up, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    settings: Vec<Setting>,
}

impl Setting {
    /// Puts it into force. The error says what is not there.
    pub(crate) fn apply(&self, store: &mut Store, feeds: &mut Feeds) -> Result<(), String> {
        let id = |id: &str| ids::normalize(id).ok_or_else(|| format!("{id} is no id"));
        match self {
            Self::Captured(object) => feeds.capture.select(&store.schema, object),
            Self::Denied { object, field, denied } => store.deny(object, field.as_deref(), denied.clone()),
            Self::Locked(record) => {
                store.barriers.locked.insert(id(record)?);
                Ok(())
            }
            Self::Unlocked(record) => {
                store.barriers.locked.remove(&id(record)?);
                Ok(())
            }
        }
    }

    /// Whether it says something about what another one is about.
    fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Captured(own), Self::Captured(other)) => own.eq_ignore_ascii_case(other),
            (Self::Denied { object, field, .. }, Self::Denied { object: of, field: other, .. }) => {
                object.eq_ignore_ascii_case(of)
                    && field.as_ref().map(|name| name.to_ascii_lowercase())
                        == other.as_ref().map(|name| name.to_ascii_lowercase())
            }
            (Self::Locked(own) | Self::Unlocked(own), Self::Locked(other) | Self::Unlocked(other)) => {
                ids::normalize(own) == ids::normalize(other)
            }
            _ => false,
        }
    }
}

impl Setup {
    /// Notes a setting, in place of an older one about the same.
    pub(crate) fn note(&mut self, setting: Setting) {
        self.settings.retain(|older| !setting.replaces(older));
        if !matches!(setting, Setting::Unlocked(_)) {
            self.settings.push(setting);
        }
    }

    /// Forgets what was set up of a field, by its full name, which was deleted.
    pub(crate) fn forget_field(&mut self, full_name: &str) {
        self.settings.retain(|setting| match setting {
            Setting::Denied { object, field: Some(field), .. } => {
                !format!("{object}.{field}").eq_ignore_ascii_case(full_name)
            }
            _ => true,
        });
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Setting] {
        &self.settings
    }
}

impl Tenant {
    /// Puts a setting into force for good. The error says why it cannot be.
    pub(crate) fn set_up(&self, setting: Setting) -> Result<(), String> {
        let mut state = self.state();
        let State { feeds, store, journal, setup, .. } = &mut *state;
        let before = (Arc::clone(&store.schema), store.barriers.locked.clone(), feeds.capture.clone());
        setting.apply(store, feeds)?;
        if let Some(journal) = journal
            && let Err(refusal) = journal.append(&Entry::Setting(setting.clone()))
        {
            (store.schema, store.barriers.locked, feeds.capture) = before;
            return Err(refusal.message);
        }
        setup.note(setting);
        Ok(())
    }
}
