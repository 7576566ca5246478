//! Which records of org B are exactly what which inserts without an answer wrote.
//!
//! After a kill there may be a thousand of both. So the print of a record is taken once for each set of fields that was
//! written, not once for each insert.

use std::collections::HashMap;

use orgstream_api::{InputOffset, Intent};

use crate::recognition::{Recognition, Sighting};

/// What inserts and records have to do with each other. Records are named by their place among the sightings.
pub(crate) struct Claims<'a> {
    /// By the fields that were written, the prints of the records.
    prints: HashMap<&'a [String], Vec<Option<u64>>>,
    /// By record, the inserts that it may be of.
    claimants: Vec<Vec<&'a InputOffset>>,
}

impl<'a> Claims<'a> {
    /// Of the inserts `asked` about and of `all` that have no answer, those of one object.
    pub(crate) fn new(
        recognition: &Recognition,
        sightings: &[Sighting],
        asked: impl Iterator<Item = &'a Intent>,
        all: impl Iterator<Item = &'a Intent>,
    ) -> Self {
        let mut prints: HashMap<&[String], Vec<Option<u64>>> = HashMap::new();
        let mut take = |intent: &'a Intent| {
            let taken = || {
                sightings.iter().map(|sighting| recognition.print(&intent.fields, &sighting.row)).collect()
            };
            if !intent.fields.is_empty() {
                prints.entry(intent.fields.as_slice()).or_insert_with(taken);
            }
        };
        asked.for_each(&mut take);
        let mut inserts: HashMap<(&[String], u64), Vec<&InputOffset>> = HashMap::new();
        for intent in all {
            take(intent);
            inserts.entry((intent.fields.as_slice(), intent.print)).or_default().push(&intent.at);
        }
        let of = |place: usize| {
            let known = prints.iter().filter_map(|(fields, prints)| inserts.get(&(*fields, prints[place]?)));
            known.flatten().copied().collect()
        };
        let claimants = (0..sightings.len()).map(of).collect();
        Self { prints, claimants }
    }

    /// Whether the record is exactly what `intent` wrote.
    pub(crate) fn is_of(&self, intent: &Intent, place: usize) -> bool {
        let prints = self.prints.get(intent.fields.as_slice());
        prints.is_some_and(|prints| prints[place] == Some(intent.print))
    }

    /// Whether the record is exactly what another insert than `intent` wrote.
    pub(crate) fn is_anothers(&self, intent: &Intent, place: usize) -> bool {
        self.claimants[place].iter().any(|at| **at != intent.at)
    }
}
