//! Which fields of an object count when a PushTopic looks for changes.
//!
//! Fields that the org sets itself never count. Of a compound field its members do: those of an address must be
//! named themselves, those of a person's name count only when `Name` is.

use crate::data::Row;
use crate::schema::{Field, Object};

/// Set by the org, though no field of the kind that every row has.
const ACTIVITY: [&str; 3] = ["LastActivityDate", "LastViewedDate", "LastReferencedDate"];

/// The fields of one object that a PushTopic watches, by their places.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// Those whose change counts.
    counting: Vec<usize>,
    /// All whose change can be told at all.
    all: Vec<usize>,
}

impl Watched {
    /// What counts when all fields do.
    pub(super) fn all(object: &Object) -> Self {
        let fields = object.fields.iter().enumerate();
        let all: Vec<usize> = fields.filter(|(_, field)| stored(field)).map(|(at, _)| at).collect();
        Self { counting: all.clone(), all }
    }

    /// What counts when a query names these fields.
    pub(super) fn named(object: &Object, named: &[usize]) -> Self {
        let mut watched = Self::all(object);
        let parts: Vec<usize> = object.members("Name").map(|(at, _)| at).collect();
        let by_name = object.system.person_name.is_some_and(|(name, ..)| named.contains(&name));
        let counts = |at: &usize| if parts.contains(at) { by_name } else { named.contains(at) };
        watched.counting.retain(counts);
        watched
    }

    /// Whether a field that counts has another value.
    pub(super) fn differ(&self, before: &Row, after: &Row) -> bool {
        self.counting.iter().any(|at| before.value(*at) != after.value(*at))
    }

    /// Whether any field at all has another value.
    pub(super) fn any_differ(&self, before: &Row, after: &Row) -> bool {
        self.all.iter().any(|at| before.value(*at) != after.value(*at))
    }
}

fn stored(field: &Field) -> bool {
    !field.system() && !field.kind.is_compound() && !ACTIVITY.contains(&field.name.as_str())
}
