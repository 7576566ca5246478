//! Which fields of a record say something.

use std::borrow::Cow;

use orgstream_api::record::header;
use orgstream_api::{Headers, Rejection, Struct};
use serde::Deserialize;

use super::{Carried, rejected};
use crate::reading::Nulls;
use crate::told::Told;

/// Which fields count: as the header says, else as a change event does, else as the pipeline takes nulls. Names that the
/// schema does not have say nothing: there is no value of theirs.
pub(super) fn carried(
    headers: &Headers,
    value: &Struct,
    told: &Told<'_>,
    nulls: Nulls,
) -> Result<Carried, Rejection> {
    let schema = value.schema();
    let Some(text) = headers.text(header::CARRIED) else {
        return Ok(match (told.changed(schema), nulls) {
            (Some(changed), _) => {
                let mut marks: Vec<bool> = value.values().iter().map(|value| !value.is_null()).collect();
                for place in changed {
                    marks[place] = true;
                }
                Carried::Named(marks)
            }
            (None, Nulls::Ignore) => Carried::NotNull,
            (None, Nulls::Write) => Carried::All,
        });
    };
    let names: Vec<Name<'_>> = serde_json::from_str(text).map_err(|error| {
        let message = format!("header `{}` is not a JSON array of field names: {error}", header::CARRIED);
        rejected("MALFORMED_HEADER", &message, "")
    })?;
    let mut marks = vec![false; schema.fields().len()];
    for place in names.iter().filter_map(|name| schema.position(&name.0)) {
        marks[place] = true;
    }
    Ok(Carried::Named(marks))
}

/// The fields that the record says that it carries, marked by their place in the schema; `None` where it does not say it.
pub(crate) fn marks(headers: &Headers, value: &Struct, told: &Told<'_>) -> Option<Vec<bool>> {
    match carried(headers, value, told, Nulls::Ignore) {
        Ok(Carried::Named(marks)) => Some(marks),
        Ok(Carried::NotNull | Carried::All) | Err(_) => None,
    }
}

/// A name in the header's text, copied only where it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
