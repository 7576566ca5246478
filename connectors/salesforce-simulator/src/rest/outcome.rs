//! What became of one record of a collection, as its result tells.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value as Json;

use crate::data::Refusal;

/// The result of one record.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Known for everything but failed creates and ids that are none.
    id: Option<String>,
    /// Upserts tell whether the record is new.
    created: Option<bool>,
    refusal: Option<Refusal>,
    /// The record was there before, so its id outlives a roll-back.
    known: bool,
    /// The result of a platform event, which is no record.
    published: Option<Json>,
}

impl Outcome {
    /// The result of a write; `known` is the id that the call named.
    pub(crate) fn of(known: Option<String>, result: Result<(String, Option<bool>), Refusal>) -> Self {
        match result {
            Ok((id, created)) => Self {
                id: Some(id),
                created,
                refusal: None,
                known: known.is_some() || created == Some(false),
                published: None,
            },
            Err(refusal) => {
                Self { id: known, created: None, refusal: Some(refusal), known: true, published: None }
            }
        }
    }

    /// The result of a platform event.
    pub(crate) fn published(result: Json) -> Self {
        Self { id: None, created: None, refusal: None, known: false, published: Some(result) }
    }

    /// Whether the record was not written.
    pub(crate) fn refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// Another record was refused, and all or none was asked for.
    pub(crate) fn roll_back(&mut self) {
        if self.refusal.is_none() {
            let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
            self.refusal = Some(Refusal::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]));
            self.created = None;
            if !self.known {
                self.id = None;
            }
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (Some(published), None) = (&self.published, &self.refusal) {
            return published.serialize(serializer);
        }
        let mut result = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            result.serialize_entry("id", id)?;
        }
        result.serialize_entry("success", &self.refusal.is_none())?;
        let errors: Vec<_> = self.refusal.iter().flat_map(Refusal::to_statuses).collect();
        result.serialize_entry("errors", &errors)?;
        if let Some(created) = self.created {
            result.serialize_entry("created", &created)?;
        }
        result.end()
    }
}
