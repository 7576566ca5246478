//! Which resource a path below the version names, what kind of call that is, and which methods it takes.

use axum::http::Method;

use super::resource::{Resource, refused};
use super::{
    absent, collections, composite, describe, event_schema, external, limits, query, relationships,
    replication, retrieve, sobjects, versions,
};
use crate::bulk;
use crate::calls::CallKind;
use crate::data::Refusal;
use crate::events;
use crate::server::Answer;
use crate::tooling;

/// What a call to this path is for.
fn kind(method: &Method, rest: &[&str]) -> CallKind {
    let reads = method == Method::GET || method == Method::HEAD;
    match rest {
        ["sobjects"] | ["sobjects", _, "describe"] => CallKind::Describe,
        ["sobjects", _] if reads => CallKind::Describe,
        ["sobjects", ..] if reads => CallKind::Retrieve,
        ["composite", "sobjects", _] if reads || method == Method::POST => CallKind::Retrieve,
        ["sobjects", ..] => CallKind::Write,
        ["composite", ..] if !reads => CallKind::Write,
        [word, ..] if is_query(word) => CallKind::Query,
        ["jobs", ..] => CallKind::Bulk,
        ["tooling", ..] => CallKind::Tooling,
        ["limits", ..] => CallKind::Limits,
        _ => CallKind::Other,
    }
}

/// The same with what a call that others are part of is called besides.
pub(crate) fn kinds(method: &Method, rest: &[&str]) -> Vec<CallKind> {
    let kind = kind(method, rest);
    match rest {
        ["composite", "batch"] => vec![kind, CallKind::Batch],
        ["composite"] | ["composite", "graph"] => vec![kind, CallKind::Composite],
        _ => vec![kind],
    }
}

/// Answers a call; `HEAD` is answered like `GET`, its body does not go out.
pub(crate) fn route(resource: &Resource<'_>, rest: &[&str]) -> Result<Answer, Refusal> {
    absent::check(resource, rest)?;
    let method = if resource.call.method == Method::HEAD { "GET" } else { resource.call.method.as_str() };
    match (method, rest) {
        ("GET", []) => Ok(versions::resources(resource)),
        (_, ["jobs", rest @ ..]) => bulk::answer(resource, rest),
        (_, ["tooling", rest @ ..]) => tooling::answer(resource, rest),
        ("GET", ["limits"]) => Ok(limits::limits(resource)),
        ("GET", ["limits", "recordCount"]) => Ok(limits::record_count(resource)),
        ("GET", ["sobjects"]) => Ok(describe::global(resource)),
        ("GET", ["sobjects", object]) => describe::basic(resource, object),
        ("GET", ["sobjects", object, "describe"]) => describe::full(resource, object),
        ("POST", ["sobjects", object]) => sobjects::create(resource, object),
        ("POST", ["sobjects", object, id]) if id.eq_ignore_ascii_case("id") => {
            external::create(resource, object)
        }
        ("GET", ["sobjects", object, "updated"]) => replication::updated(resource, object),
        ("GET", ["sobjects", object, "deleted"]) => replication::deleted(resource, object),
        ("GET", ["sobjects", event, "eventSchema"]) => event_schema::by_name(resource, event),
        ("GET", ["event", "eventSchema", id]) => event_schema::by_id(resource, id),
        ("GET", ["sobjects", "StreamingChannel", id, "push"]) => {
            Ok(Answer::json(200, &events::online(resource.tenant, id)?))
        }
        ("POST", ["sobjects", "StreamingChannel", id, "push"]) => {
            Ok(Answer::json(200, &events::push(resource.tenant, id, &resource.call.body)?))
        }
        ("GET", ["sobjects", object, id]) => sobjects::read(resource, object, id),
        ("PATCH", ["sobjects", object, id]) => sobjects::update(resource, object, id),
        ("DELETE", ["sobjects", object, id]) => sobjects::delete(resource, object, id),
        (_, ["sobjects", object, id, name]) if relationships::begin(resource, object, id) => {
            relationships::answer(resource, method, [object, id, name])
        }
        ("GET", ["sobjects", object, field, value]) => external::read(resource, object, field, value),
        ("PATCH", ["sobjects", object, field, value]) => external::upsert(resource, object, field, value),
        ("DELETE", ["sobjects", object, field, value]) => external::delete(resource, object, field, value),
        ("GET", ["composite"]) => Ok(composite::resources(resource)),
        ("POST", ["composite"]) => composite::composite(resource),
        ("POST", ["composite", "batch"]) => composite::batch(resource),
        ("POST", ["composite", "graph"]) => composite::graph(resource),
        ("POST", ["composite", "tree", object]) => composite::tree(resource, object),
        ("POST", ["composite", "sobjects"]) => collections::create(resource),
        ("PATCH", ["composite", "sobjects"]) => collections::update(resource),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(resource),
        ("GET" | "POST", ["composite", "sobjects", object]) => retrieve::retrieve(resource, object),
        ("PATCH", ["composite", "sobjects", object, field]) => collections::upsert(resource, object, field),
        ("GET", [word]) if is_query(word) => query::first(resource, word.eq_ignore_ascii_case("queryAll")),
        ("GET", [word, locator]) if is_query(word) => query::next(resource, locator),
        (_, known) => allowed(known).map_or_else(
            || Err(Refusal::not_found()),
            |allowed| {
                let message =
                    format!("HTTP Method '{}' not allowed. Allowed are {allowed}", resource.call.method);
                Ok(refused(&Refusal::new(405, "METHOD_NOT_ALLOWED", message)).with("allow", allowed))
            },
        ),
    }
}

/// The methods of a path that exists.
fn allowed(rest: &[&str]) -> Option<&'static str> {
    match rest {
        [word] | [word, _] if is_query(word) => Some("HEAD,GET"),
        []
        | ["limits" | "sobjects"]
        | ["limits", "recordCount"]
        | ["sobjects", _, "describe" | "updated" | "deleted"] => Some("HEAD,GET"),
        ["sobjects", _] | ["composite", "sobjects", _] => Some("HEAD,GET,POST"),
        ["sobjects", _, _] | ["sobjects", _, _, _] => Some("HEAD,GET,PATCH,DELETE"),
        ["composite"] => Some("HEAD,GET,POST"),
        ["composite", "batch" | "graph"] | ["composite", "tree", _] => Some("POST"),
        ["composite", "sobjects"] => Some("POST,PATCH,DELETE"),
        ["composite", "sobjects", _, _] => Some("PATCH"),
        _ => None,
    }
}

fn is_query(word: &str) -> bool {
    word.eq_ignore_ascii_case("query") || word.eq_ignore_ascii_case("queryAll")
}
