//! Which resource a path names, what kind of call that is, and the answer, authenticated and metered.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::{collections, describe, limits, query, sobjects, versions};
use crate::auth::rest_token;
use crate::bulk;
use crate::calls::CallKind;
use crate::data::{Api, Origin, Refusal, Writer};
use crate::schema::Schema;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// A call below one API version.
#[derive(Debug)]
pub(crate) struct Resource<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) call: &'a Call,
    /// The schema as it was when the call came.
    pub(crate) schema: Arc<Schema>,
    /// `/services/data/v59.0`.
    pub(crate) base: String,
    /// 59.0 is 590.
    pub(crate) version: u32,
}

/// What a call to this path is for.
pub(crate) fn kind(method: &Method, rest: &[&str]) -> CallKind {
    let reads = method == Method::GET;
    match rest {
        ["sobjects"] | ["sobjects", _, "describe"] => CallKind::Describe,
        ["sobjects", _] if reads => CallKind::Describe,
        ["sobjects", ..] if reads => CallKind::Retrieve,
        ["composite", "sobjects", _] if reads || method == Method::POST => CallKind::Retrieve,
        ["sobjects", ..] | ["composite", "sobjects", ..] => CallKind::Write,
        [word, ..] if is_query(word) => CallKind::Query,
        ["jobs", ..] => CallKind::Bulk,
        ["limits"] => CallKind::Limits,
        _ => CallKind::Other,
    }
}

/// Answers a call to `/services/data/vNN.0/…`; `rest` is the path behind the version.
pub(crate) fn answer(tenant: &Tenant, call: &Call, version: &str, rest: &[&str]) -> Answer {
    let used = tenant.calls.count_api_request();
    let answer = authenticated(tenant, call).and_then(|()| {
        let parsed = parse_version(version).ok_or_else(Refusal::not_found)?;
        let resource = Resource {
            tenant,
            call,
            schema: tenant.schema(),
            base: format!("/services/data/{version}"),
            version: parsed,
        };
        route(&resource, rest)
    });
    let max = tenant.settings.daily_api_requests;
    answer
        .unwrap_or_else(|refusal| refused(&refusal))
        .with("sforce-limit-info", format!("api-usage={used}/{max}"))
}

/// A refused call, as the array clients expect.
pub(crate) fn refused(refusal: &Refusal) -> Answer {
    Answer::json(refusal.status, &[refusal.to_error()])
}

impl Resource<'_> {
    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Map<String, Json>, Refusal> {
        let parser_error = |message: String| Refusal::new(400, "JSON_PARSER_ERROR", message);
        if self.call.body.is_empty() {
            let text = "The HTTP entity body is required, but this request has no entity body.";
            return Err(parser_error(text.to_owned()));
        }
        serde_json::from_slice(&self.call.body).map_err(|error| {
            parser_error(format!("{error} at [line:{}, column:{}]", error.line(), error.column()))
        })
    }

    /// Runs the writes of the call as one transaction.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> T) -> Result<T, Refusal> {
        self.tenant.write_as(self.origin(), work)
    }

    /// What its changes are told to come from.
    pub(crate) fn origin(&self) -> Origin {
        let options = self.call.header("sforce-call-options").unwrap_or_default();
        let client = options.split([',', ';']).find_map(|option| option.trim().strip_prefix("client="));
        let version = format!("{}.{}", self.version / 10, self.version % 10);
        let client = client.unwrap_or_default().to_owned();
        Origin { api: Api::Rest, version, client }
    }

    /// Notes an executed write call.
    pub(crate) fn wrote(&self, records: usize) {
        let path = self.call.raw_path.strip_prefix(&self.base).unwrap_or(&self.call.raw_path);
        self.tenant.calls.wrote(self.call.method.as_str(), path, records);
    }

    /// The object a path segment names.
    pub(crate) fn named(&self, name: &str) -> Result<usize, Refusal> {
        self.schema.find(name).ok_or_else(Refusal::not_found)
    }
}

fn route(resource: &Resource<'_>, rest: &[&str]) -> Result<Answer, Refusal> {
    let method = resource.call.method.as_str();
    match (method, rest) {
        ("GET" | "HEAD", []) => Ok(versions::resources(resource)),
        (_, ["jobs", rest @ ..]) => bulk::answer(resource, rest),
        ("GET", ["limits"]) => Ok(limits::limits(resource)),
        ("GET", ["sobjects"]) => Ok(describe::global(resource)),
        ("GET", ["sobjects", object]) => describe::basic(resource, object),
        ("GET", ["sobjects", object, "describe"]) => describe::full(resource, object),
        ("POST", ["sobjects", object] | ["sobjects", object, "Id" | "id"]) => {
            sobjects::create(resource, object)
        }
        ("GET", ["sobjects", object, id]) => sobjects::read(resource, object, id),
        ("PATCH", ["sobjects", object, id]) => sobjects::update(resource, object, id),
        ("DELETE", ["sobjects", object, id]) => sobjects::delete(resource, object, id),
        ("GET", ["sobjects", object, field, value]) => sobjects::read_by(resource, object, field, value),
        ("PATCH", ["sobjects", object, field, value]) => sobjects::upsert(resource, object, field, value),
        ("DELETE", ["sobjects", object, field, value]) => sobjects::delete_by(resource, object, field, value),
        ("POST", ["composite", "sobjects"]) => collections::create(resource),
        ("PATCH", ["composite", "sobjects"]) => collections::update(resource),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(resource),
        ("GET" | "POST", ["composite", "sobjects", object]) => collections::retrieve(resource, object),
        ("PATCH", ["composite", "sobjects", object, field]) => collections::upsert(resource, object, field),
        ("GET", [word]) if is_query(word) => query::first(resource, word.eq_ignore_ascii_case("queryAll")),
        ("GET", [word, locator]) if is_query(word) => query::next(resource, locator),
        (_, known) => Err(allowed(known).map_or_else(Refusal::not_found, |allowed| {
            let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
            Refusal::new(405, "METHOD_NOT_ALLOWED", message)
        })),
    }
}

/// The methods of a path that exists.
fn allowed(rest: &[&str]) -> Option<&'static str> {
    match rest {
        [word] | [word, _] if is_query(word) => Some("HEAD,GET"),
        [] | ["limits" | "sobjects"] | ["sobjects", _, "describe"] => Some("HEAD,GET"),
        ["sobjects", _] | ["composite", "sobjects", _] => Some("HEAD,GET,POST"),
        ["sobjects", _, _] | ["sobjects", _, _, _] => Some("HEAD,GET,PATCH,DELETE"),
        ["composite", "sobjects"] => Some("POST,PATCH,DELETE"),
        ["composite", "sobjects", _, _] => Some("PATCH"),
        _ => None,
    }
}

fn is_query(word: &str) -> bool {
    word.eq_ignore_ascii_case("query") || word.eq_ignore_ascii_case("queryAll")
}

fn authenticated(tenant: &Tenant, call: &Call) -> Result<(), Refusal> {
    let token = rest_token(call)?;
    if token.is_some_and(|token| tenant.token_is_good(token)) {
        return Ok(());
    }
    Err(Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid"))
}

/// `v59.0` as 590.
fn parse_version(text: &str) -> Option<u32> {
    let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
    Some(major.parse::<u32>().ok()? * 10 + minor.parse::<u32>().ok()?)
}

/// `attributes` of a record that is answered.
pub(crate) fn attributes(base: &str, object: &str, id: &str) -> Json {
    json!({"type": object, "url": format!("{base}/sobjects/{object}/{id}")})
}
