//! The fields of a change as org B takes them. References are resolved elsewhere.

use orgstream_api::Rejection;
use orgstream_salesforce::{Row, to_json};
use serde_json::Value as Json;

use crate::change::Change;
use crate::presence::Presence;

/// Fields by which org B finds the record: its id and its external id.
const OWN: usize = 2;

/// The fields to write: those that the change carries, that org B has, and that may be written.
///
/// A carried null clears its field, except where org B allows no null, as with booleans: there it says nothing. `references` come last.
pub(crate) fn fields(change: &Change, presence: Presence, references: Row) -> Result<Row, Rejection> {
    let columns = change.target.columns.iter().filter(|field| presence.takes(field, change.kind));
    let carried = || columns.clone().filter_map(|field| Some((field, change.carried(&field.name)?)));
    // A row that grows takes up to twice its room, and thousands are made at once.
    let mut row = Row::with_capacity(carried().count() + references.len() + OWN);
    for (field, value) in carried() {
        if value.is_null() {
            if field.nillable {
                row.insert(field.name.clone(), Json::Null);
            }
            continue;
        }
        let json = to_json(field, value).map_err(|error| Rejection {
            code: "VALUE_NOT_WRITABLE".to_owned(),
            message: format!(
                "{error}; the field has another type in org B, or the record's producer wrote it wrongly"
            ),
            fields: vec![field.name.clone()],
        })?;
        row.insert(field.name.clone(), json);
    }
    row.extend(references);
    Ok(row)
}
