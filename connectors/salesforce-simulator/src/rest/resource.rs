//! A call below one API version: authenticated, metered, answered, and framed as the client asked.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::body;
use super::position;
use super::pretty::pretty;
use super::route::route;
use super::versions::{self, Served};
use crate::auth::rest_token;
use crate::data::{Api, Origin, Refusal, Writer};
use crate::schema::{Right, Schema};
use crate::server::{Answer, Call};
use crate::tenant::Tenant;
use crate::usage::Allocation;

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
    /// Where a call that others are part of counts the records they write; `None` for a call of its own.
    written: Option<&'a Cell<usize>>,
}

/// Answers a call to `/services/data/vNN.0/…`; `rest` is the path behind the version.
pub(crate) fn answer(tenant: &Tenant, call: &Call, version: &str, rest: &[&str]) -> Answer {
    let used = tenant.usage.spend(Allocation::ApiRequests, 1, tenant.clock.now());
    let answer = authenticated(tenant, call)
        .and_then(|()| tenant.usage.api_requests_left(tenant.clock.now()))
        .and_then(|()| json_is_welcome(call))
        .and_then(|()| {
            let version = served(version)?;
            let base = format!("/services/data/v{}.0", version / 10);
            route(&Resource { tenant, call, schema: tenant.schema(), base, version, written: None }, rest)
        });
    let mut answer = answer.unwrap_or_else(|refusal| refused(&position::located(refusal, &call.body)));
    if call.header("x-prettyprint").is_some_and(|asked| asked == "1" || asked.eq_ignore_ascii_case("true")) {
        answer = answer.rewritten(pretty);
    }
    let max = tenant.usage.max(Allocation::ApiRequests);
    answer.with("sforce-limit-info", format!("api-usage={used}/{max}"))
}

/// A refused call, as the array clients expect.
pub(crate) fn refused(refusal: &Refusal) -> Answer {
    Answer::json(refusal.status, &refusal.to_errors())
}

impl<'a> Resource<'a> {
    /// A call that another API makes of this one: 59.0 is 59.
    pub(super) fn asked(tenant: &'a Tenant, call: &'a Call, version: u32) -> Self {
        let base = format!("/services/data/v{version}.0");
        Self { tenant, call, schema: tenant.schema(), base, version: version * 10, written: None }
    }

    /// Answers a call that stands in the body of this one. Its URL names its version itself.
    pub(crate) fn part(&self, call: &'a Call, written: &'a Cell<usize>) -> Answer {
        let segments = call.segments();
        let answered = match segments.as_slice() {
            ["services", "data", version, rest @ ..] => served(version).and_then(|version| {
                let base = format!("/services/data/v{}.0", version / 10);
                let schema = self.tenant.schema();
                let resource =
                    Resource { tenant: self.tenant, call, schema, base, version, written: Some(written) };
                route(&resource, rest)
            }),
            _ => Err(Refusal::not_found()),
        };
        answered.unwrap_or_else(|refusal| refused(&position::located(refusal, &call.body)))
    }

    /// The same resource asked for by another call of the same client and version.
    pub(crate) fn of<'b>(&'b self, call: &'b Call) -> Resource<'b> {
        Resource {
            tenant: self.tenant,
            call,
            schema: Arc::clone(&self.schema),
            base: self.base.clone(),
            version: self.version,
            written: self.written,
        }
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Map<String, Json>, Refusal> {
        body::object(self.call)
    }

    /// Runs writes of the call as one transaction.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> T) -> Result<T, Refusal> {
        self.tenant.write_as(self.origin(), work)
    }

    /// Where the writes of the call come from.
    pub(crate) fn origin(&self) -> Origin {
        let options = self.call.header("sforce-call-options").unwrap_or_default();
        let client = options.split([',', ';']).find_map(|option| option.trim().strip_prefix("client="));
        let version = format!("{}.{}", self.version / 10, self.version % 10);
        let client = client.unwrap_or_default().to_owned();
        let duplicates = self.call.header("sforce-duplicate-rule-header").unwrap_or_default();
        let allows_duplicates = duplicates
            .split([',', ';'])
            .any(|option| option.trim().replace(' ', "").eq_ignore_ascii_case("allowSave=true"));
        Origin { api: Api::Rest, version, client, allows_duplicates }
    }

    /// Notes executed writes.
    pub(crate) fn wrote(&self, records: usize) {
        if let Some(written) = self.written {
            written.set(written.get() + records);
            return;
        }
        let path = self.call.raw_path.trim_start_matches('/');
        let path = path.splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
        self.tenant.calls.wrote(self.call.method.as_str(), &path, records, self.call.own_headers());
    }

    /// The object a path segment names.
    pub(crate) fn named(&self, name: &str) -> Result<usize, Refusal> {
        let at = self.schema.named(name, Refusal::not_found)?;
        if self.schema.object(at).may(Right::Read) { Ok(at) } else { Err(Refusal::not_found()) }
    }
}

/// `attributes` of a record that is answered.
pub(crate) fn attributes(base: &str, object: &str, id: &str) -> Json {
    json!({"type": object, "url": format!("{base}/sobjects/{object}/{id}")})
}

/// The number of a version that is served.
fn served(version: &str) -> Result<u32, Refusal> {
    match versions::served(version) {
        Served::Yes(version) => Ok(version),
        Served::Retired => Err(Refusal::new(
            410,
            "UNSUPPORTED_API_VERSION",
            "The requested API version has been retired and is no longer available",
        )),
        Served::Never => Err(Refusal::not_found()),
    }
}

fn authenticated(tenant: &Tenant, call: &Call) -> Result<(), Refusal> {
    let token = rest_token(call)?;
    if token.is_some_and(|token| tenant.token_is_good(token)) {
        return Ok(());
    }
    Err(Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid"))
}

/// A client that takes nothing but XML would misread every answer.
fn json_is_welcome(call: &Call) -> Result<(), Refusal> {
    let accepted = call.header("accept").unwrap_or("*/*");
    if accepted.contains("xml") && !accepted.contains("json") && !accepted.contains('*') {
        let message = format!("the org simulator answers REST calls in JSON only, not in {accepted}");
        return Err(Refusal::new(406, "NOT_ACCEPTABLE", message));
    }
    Ok(())
}
