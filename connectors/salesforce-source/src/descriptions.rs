//! What is known of the objects of a source: of each the newest description, and what records are made by.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use orgstream_salesforce::Describe;

use crate::condition::Condition;
use crate::config::SourceObject;
use crate::counters::SourceCounters;
use crate::described::Described;
use crate::error::SourceError;
use crate::evolution::{Evolved, FieldTypes, TypesOnRecord};

/// The matter of a note about fields whose type has changed.
const FIELDS: &str = "fields";

/// The descriptions of one source. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Descriptions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// By object in lower case, what the file says of its records.
    wanted: HashMap<String, SourceObject>,
    /// What lay on the topics when the source was started.
    before: TypesOnRecord,
    known: Mutex<HashMap<String, Known>>,
    condition: Condition,
    counters: Arc<SourceCounters>,
}

#[derive(Debug)]
struct Known {
    /// As the org gave it last.
    newest: Arc<Describe>,
    described: Arc<Described>,
}

impl Descriptions {
    /// Of these objects, whose records have had the types `before`.
    pub(crate) fn new(
        objects: &[SourceObject],
        before: TypesOnRecord,
        condition: Condition,
        counters: Arc<SourceCounters>,
    ) -> Self {
        let wanted = objects.iter().map(|object| (object.name.to_ascii_lowercase(), object.clone()));
        let known = Mutex::default();
        let shared = Shared { wanted: wanted.collect(), before, known, condition, counters };
        Self { shared: Arc::new(shared) }
    }

    /// The names of the objects, as the file has them.
    pub(crate) fn objects(&self) -> Vec<String> {
        self.shared.wanted.values().map(|object| object.name.clone()).collect()
    }

    /// Whether the file says how the records of `object` are to be.
    pub(crate) fn has(&self, object: &str) -> bool {
        self.shared.wanted.contains_key(&object.to_ascii_lowercase())
    }

    /// What records are made by when `describe` is what the org says. What is new in it is said once.
    pub(crate) fn described(&self, describe: Arc<Describe>) -> Result<Arc<Described>, SourceError> {
        let object = describe.object.to_ascii_lowercase();
        let mut known = self.shared.known.lock().expect("no holder of this lock panics");
        if let Some(known) = known.get_mut(&object)
            && (Arc::ptr_eq(&known.newest, &describe) || *known.newest == *describe)
        {
            known.newest = describe;
            return Ok(Arc::clone(&known.described));
        }
        let wanted = self.shared.wanted.get(&object);
        let rules = wanted.map_or(&[][..], |wanted| wanted.fields.as_slice());
        let types: Option<&FieldTypes> = match known.get(&object) {
            Some(known) => Some(known.described.types()),
            None => self.shared.before.of(&object),
        };
        let evolved = Evolved::of(Arc::clone(&describe), rules, types);
        self.say(&evolved);
        let counters = Arc::clone(&self.shared.counters);
        let described = Described::evolved(evolved, wanted, counters).map_err(SourceError::Config)?;
        let described = Arc::new(described);
        known.insert(object, Known { newest: describe, described: Arc::clone(&described) });
        Ok(described)
    }

    fn say(&self, evolved: &Evolved) {
        let object = &evolved.describe.object;
        if !evolved.added.is_empty() {
            tracing::info!(%object, fields = ?evolved.added, "Records have new fields from now on.");
        }
        if !evolved.removed.is_empty() {
            tracing::warn!(
                %object,
                fields = ?evolved.removed,
                "Fields are gone in the org, or hidden from the user. Records do not have them any more."
            );
        }
        self.shared.condition.notes(object, FIELDS, evolved.note().as_deref());
    }
}
