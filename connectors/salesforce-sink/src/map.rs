//! The fields of a change as org B takes them. References are resolved elsewhere.

use orgstream_api::Rejection;
use orgstream_salesforce::{Row, to_json};
use serde_json::Value as Json;

use crate::change::Change;
use crate::presence::Presence;

/// The fields to write: those that the change carries, that org B has, and that may be written.
///
/// A carried null clears its field, except where org B allows no null, as with booleans: there it says nothing.
pub(crate) fn fields(change: &Change, presence: Presence) -> Result<Row, Rejection> {
    let mut row = Row::new();
    let columns = change.target.columns.iter().filter(|field| presence.takes(field, change.kind));
    for field in columns {
        let Some(value) = change.carried(&field.name) else { continue };
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
    Ok(row)
}
