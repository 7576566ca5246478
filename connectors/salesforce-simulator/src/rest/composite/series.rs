//! `composite`: up to 25 calls in order, later ones using the answers of earlier ones, all of them or each for itself.

use std::cell::Cell;
use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::super::body;
use super::super::resource::Resource;
use super::reference::{self, References};
use super::subrequest::{Outcome, Subrequest, run_together};
use crate::data::Refusal;
use crate::server::Answer;
use crate::spanning::Ending;

const MAX_SUBREQUESTS: usize = 25;
/// Queries and collections among them.
const MAX_BIG: usize = 5;
/// From this version on a malformed reference id refuses the whole call.
const STRICT_IDS: u32 = 520;

/// The body of the call.
struct Request {
    all_or_none: bool,
    subrequests: Vec<Subrequest>,
}

/// `GET composite`.
pub(crate) fn resources(resource: &Resource<'_>) -> Answer {
    let base = &resource.base;
    let mut resources = json!({
        "tree": format!("{base}/composite/tree"),
        "batch": format!("{base}/composite/batch"),
        "sobjects": format!("{base}/composite/sobjects"),
    });
    if resource.version >= super::graph::FIRST_VERSION
        && let Some(resources) = resources.as_object_mut()
    {
        resources.insert("graph".to_owned(), json!(format!("{base}/composite/graph")));
    }
    Answer::json(200, &resources)
}

/// `POST composite`.
pub(crate) fn composite(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request = Request::read(resource)?;
    if let Some(refusal) = too_many(&request.subrequests) {
        return Ok(answer(&[Outcome::refused(&refusal).into_json(&Json::Null)]));
    }
    let written = Cell::new(0);
    let outcomes = if request.all_or_none {
        resource.tenant.together(resource.origin(), || {
            let (outcomes, stand) = run_together(resource, &request.subrequests, &written);
            (outcomes, if stand { Ending::Keep } else { Ending::TakeBack })
        })?
    } else {
        each(resource, &request.subrequests, &written)
    };
    if written.get() > 0 {
        resource.wrote(written.get());
    }
    let outcomes = outcomes.into_iter().zip(&request.subrequests);
    let results = outcomes.map(|(outcome, request)| outcome.into_json(&json!(request.reference_id)));
    Ok(answer(&results.collect::<Vec<_>>()))
}

/// Each for itself: what depends on a failed one finds no value there.
fn each(resource: &Resource<'_>, requests: &[Subrequest], written: &Cell<usize>) -> Vec<Outcome> {
    let mut references = References::new(resource.version);
    let mut outcomes = Vec::with_capacity(requests.len());
    for request in requests {
        let outcome = request.run(resource, &references, written);
        if !outcome.failed() {
            references.add(&request.reference_id, &outcome.body);
        }
        outcomes.push(outcome);
    }
    outcomes
}

impl Request {
    fn read(resource: &Resource<'_>) -> Result<Self, Refusal> {
        let mut request = Self { all_or_none: false, subrequests: Vec::new() };
        let mut given = None;
        for (key, value) in resource.object()? {
            match (key.as_str(), value) {
                ("allOrNone", Json::Bool(all_or_none)) => request.all_or_none = all_or_none,
                // Subrequests are executed one after the other in either case, so no order is lost.
                ("collateSubrequests", Json::Bool(_)) => {}
                ("compositeRequest", Json::Array(requests)) => given = Some(requests),
                ("allOrNone" | "collateSubrequests" | "compositeRequest", value) => {
                    return Err(body::misfit(&key, &value));
                }
                _ => return Err(body::unrecognized(&key)),
            }
        }
        let given = given.ok_or_else(|| body::misfit("compositeRequest", &Json::Null))?;
        request.subrequests = given.into_iter().map(Subrequest::read).collect::<Result<_, _>>()?;
        check_ids(&request.subrequests, resource.version)?;
        Ok(request)
    }
}

/// Reference ids are unique, and well formed where the version asks for it.
pub(super) fn check_ids(requests: &[Subrequest], version: u32) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    for request in requests {
        let id = request.reference_id.as_str();
        if version >= STRICT_IDS && !reference::well_formed(id) {
            return Err(body::parser_error(reference::malformed_id(id)));
        }
        if !seen.insert(id) {
            return Err(body::parser_error(format!("Duplicate ReferenceId provided in the request: {id}")));
        }
    }
    Ok(())
}

fn too_many(requests: &[Subrequest]) -> Option<Refusal> {
    let big = requests.iter().filter(|request| {
        request.path().is_some_and(|path| path.starts_with("query") || path.starts_with("composite/sobjects"))
    });
    let message = if requests.len() > MAX_SUBREQUESTS {
        format!("The request can’t contain more than {MAX_SUBREQUESTS} operations.")
    } else if big.count() > MAX_BIG {
        format!("The request can’t contain more than {MAX_BIG} query or sObject Collections operations.")
    } else {
        return None;
    };
    Some(Refusal::new(400, "LIMIT_EXCEEDED", message))
}

fn answer(results: &[Json]) -> Answer {
    Answer::json(200, &json!({"compositeResponse": results}))
}
