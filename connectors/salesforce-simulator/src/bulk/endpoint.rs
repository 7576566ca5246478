//! Which resource below `/services/data/vNN.0/jobs` a call means.

use axum::http::Method;

use super::{create, ingest, query};
use crate::data::Refusal;
use crate::rest::Resource;
use crate::server::Answer;

/// The first versions that have the two sorts of jobs.
const INGEST_SINCE: u32 = 410;
const QUERY_SINCE: u32 = 470;

/// Answers a call; `rest` is the path behind `jobs`.
pub(crate) fn answer(resource: &Resource<'_>, rest: &[&str]) -> Result<Answer, Refusal> {
    let since = if rest.first() == Some(&"query") { QUERY_SINCE } else { INGEST_SINCE };
    if resource.version < since {
        return Err(Refusal::not_found());
    }
    let method = &resource.call.method;
    match (method, rest) {
        (&Method::POST, ["ingest"]) => create::ingest(resource),
        (&Method::GET, ["ingest"]) => ingest::list(resource),
        (&Method::GET, ["ingest", id]) => ingest::show(resource, id),
        (&Method::PATCH, ["ingest", id]) => ingest::change(resource, id),
        (&Method::DELETE, ["ingest", id]) => ingest::delete(resource, id),
        (&Method::PUT, ["ingest", id, "batches"]) => ingest::upload(resource, id),
        (&Method::GET, ["ingest", id, results]) => ingest::results(resource, id, results),
        (&Method::POST, ["query"]) => create::query(resource),
        (&Method::GET, ["query"]) => query::list(resource),
        (&Method::GET, ["query", id]) => query::show(resource, id),
        (&Method::PATCH, ["query", id]) => query::abort(resource, id),
        (&Method::DELETE, ["query", id]) => query::delete(resource, id),
        (&Method::GET, ["query", id, "results"]) => query::results(resource, id),
        (_, known) => Err(allowed(known).map_or_else(Refusal::not_found, |allowed| {
            let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
            Refusal::new(405, "METHOD_NOT_ALLOWED", message)
        })),
    }
}

/// The methods of a path that exists.
fn allowed(rest: &[&str]) -> Option<&'static str> {
    match rest {
        ["ingest" | "query"] => Some("HEAD,GET,POST"),
        ["ingest" | "query", _] => Some("HEAD,GET,PATCH,DELETE"),
        ["ingest", _, "batches"] => Some("PUT"),
        ["query", _, "results"] => Some("HEAD,GET"),
        ["ingest", _, name] if ingest::is_result(name) => Some("HEAD,GET"),
        _ => None,
    }
}
