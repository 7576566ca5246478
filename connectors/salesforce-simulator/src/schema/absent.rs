//! Objects that real orgs have and the simulator does not, so that a client learns what is missing and does not look for
//! a mistake of its own.

use super::catalog::{ObjectIndex, Schema};
use super::object::Trait;
use crate::data::Refusal;

/// Their names: the object references of the platform and of its Tooling API, less what is simulated.
const ABSENT: &str = include_str!("absent_objects.txt");

/// What the names of the objects that come with a standard object end in.
const OF_STANDARD: [&str; 6] = ["History", "Feed", "Share", "Tag", "OwnerSharingRule", "ChangeEvent"];
/// The same for a custom object, behind its name without `__c`.
const OF_CUSTOM: [&str; 5] = ["__History", "__Feed", "__Share", "__Tag", "__ChangeEvent"];

impl Schema {
    /// The object of this name; the refusal is that of an absent object, or `unknown` when there is none anywhere.
    pub(crate) fn named(
        &self,
        name: &str,
        unknown: impl FnOnce() -> Refusal,
    ) -> Result<ObjectIndex, Refusal> {
        self.find(name).ok_or_else(|| {
            if self.lacks(name) { Refusal::not_simulated(&format!("the object {name}")) } else { unknown() }
        })
    }

    /// Whether a real org with these objects has one of this name, and the simulator has not.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        let comes_with = |ending: &str, own: &str| {
            let stem = name.len().checked_sub(ending.len()).and_then(|at| name.split_at_checked(at));
            let stem = stem.filter(|(_, end)| end.eq_ignore_ascii_case(ending)).map(|(stem, _)| stem);
            let object = stem.and_then(|stem| self.find(&format!("{stem}{own}")));
            object.is_some_and(|at| self.object(at).is(Trait::Layoutable))
        };
        self.find(name).is_none()
            && (ABSENT.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(name))
                || OF_STANDARD.iter().any(|ending| comes_with(ending, ""))
                || OF_CUSTOM.iter().any(|ending| comes_with(ending, "__c")))
    }
}
