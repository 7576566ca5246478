//! Up to 2,000 records of one object in one call, in the order of their ids, `null` for those that are not there.

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::body;
use super::records::{listed, shown};
use super::resource::Resource;
use crate::data::Refusal;
use crate::ids;
use crate::server::Answer;

const MAX_READS: usize = 2_000;

#[derive(Default, Deserialize)]
struct Wanted {
    ids: Option<Vec<String>>,
    fields: Option<Vec<String>>,
}

/// `GET` or `POST composite/sobjects/X`.
pub(crate) fn retrieve(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let wanted = if resource.call.method == Method::POST {
        body::read(resource.call)?
    } else {
        Wanted { ids: split(resource.call.param("ids")), fields: split(resource.call.param("fields")) }
    };
    let ids = wanted.ids.filter(|ids| !ids.is_empty()).ok_or_else(|| missing("ids"))?;
    let fields = wanted.fields.filter(|fields| !fields.is_empty()).ok_or_else(|| missing("fields"))?;
    if ids.len() > MAX_READS {
        let message =
            format!("record limit reached. cannot submit more than {MAX_READS} records into this call");
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
    }
    let fields = listed(resource, object, &fields.iter().map(String::as_str).collect::<Vec<_>>())?;
    let state = resource.tenant.state();
    let table = state.store.table(object);
    let records: Vec<Json> = ids
        .iter()
        .map(|id| {
            let row = ids::normalize(id).and_then(|id| table.row(&id)).filter(|row| !row.deleted());
            row.map_or(Json::Null, |row| shown(resource, &state.store, object, row, &fields))
        })
        .collect();
    Ok(Answer::json(200, &records))
}

fn missing(name: &str) -> Refusal {
    Refusal::new(400, "MISSING_ARGUMENT", format!("The {name} parameter is required"))
}

fn split(list: Option<&str>) -> Option<Vec<String>> {
    let items = list?.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect())
}
