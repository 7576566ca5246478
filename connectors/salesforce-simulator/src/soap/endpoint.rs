//! The way of a call: read, held against the WSDL, authenticated, metered, answered.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::Value as Json;

use super::envelope::{Dialect, Envelope};
use super::fault::Fault;
use super::{describe, login, operation, reads, records, session};
use crate::calls::CallKind;
use crate::data::Refusal;
use crate::rest;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;
use crate::usage::Allocation;

/// The newest version of the API.
const NEWEST: u32 = 67;
/// The oldest that still answers.
const OLDEST: u32 = 7;
/// The first that tells how much of the day's calls is used up.
const TELLS_LIMITS: u32 = 29;

/// What a call is for.
pub(crate) fn kinds(call: &Call) -> Vec<CallKind> {
    match Envelope::read(&call.body) {
        Ok(envelope) if envelope.operation.name == "login" => vec![CallKind::Soap, CallKind::SoapLogin],
        _ => vec![CallKind::Soap],
    }
}

/// One call of the API.
pub(crate) struct Request<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) call: &'a Call,
    pub(crate) dialect: Dialect,
    /// Such as `59.0`.
    pub(crate) version: &'a str,
    /// 59.0 is 59.
    pub(crate) number: u32,
    pub(crate) envelope: &'a Envelope,
    /// The calls of the day, this one included; `None` before a login.
    used: Option<u64>,
}

/// Answers a call to `/services/Soap/{u,c}/NN.N`, with or without the org id behind it.
pub(crate) fn answer(tenant: &Tenant, call: &Call, letter: &str, version: &str) -> Answer {
    let dialect = if letter == "c" { Dialect::Enterprise } else { Dialect::Partner };
    if call.method != Method::POST {
        return Answer::text(405, "HTTP Method not allowed: POST a SOAP envelope").with("allow", "POST");
    }
    let number = version.strip_suffix(".0").and_then(|major| major.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (OLDEST..=NEWEST).contains(number)) else {
        return dialect.fault(500, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL");
    };
    let envelope = match Envelope::read(&call.body) {
        Ok(envelope) => envelope,
        Err(reason) => return Fault::Request(reason).answer(dialect),
    };
    let request = Request { tenant, call, dialect, version, number, envelope: &envelope, used: None };
    request.carry_out().unwrap_or_else(|fault| fault.answer(dialect))
}

impl Request<'_> {
    fn carry_out(mut self) -> Result<Answer, Fault> {
        let called = &self.envelope.operation;
        let name = called.name.as_str();
        if called.namespace != self.dialect.namespace() || !operation::is_known(name) {
            return Err(Fault::Request(format!(
                "No operation available for request {{{}}}{name}, please check the WSDL for the service.",
                called.namespace
            )));
        }
        if name == "login" {
            return Ok(login::login(&self, self.number));
        }
        operation::check(called)?;
        let token = self.envelope.header("SessionHeader", "sessionId").unwrap_or_default();
        if !self.tenant.token_is_good(token) {
            return Ok(session::unknown(self.dialect, token));
        }
        let (usage, now) = (&self.tenant.usage, self.tenant.clock.now());
        self.used = Some(usage.spend(Allocation::ApiRequests, 1, now));
        usage.api_requests_left(now)?;
        match name {
            "logout" => Ok(session::logout(&self, token)),
            "getServerTimestamp" => Ok(session::server_timestamp(&self)),
            "getUserInfo" => Ok(session::user_info(&self)),
            "query" | "queryAll" => reads::query(&self),
            "queryMore" => reads::query_more(&self),
            "retrieve" => reads::retrieve(&self),
            "getUpdated" => reads::updated(&self),
            "getDeleted" => reads::deleted(&self),
            "describeGlobal" => describe::global(&self),
            "describeSObject" | "describeSObjects" => describe::objects(&self),
            _ => records::write(&self),
        }
    }

    /// The response of the operation, with this inside.
    pub(crate) fn respond(&self, inner: &str) -> Answer {
        let name = &self.envelope.operation.name;
        let used = self.used.filter(|_| self.number >= TELLS_LIMITS);
        let limits = used.map(|used| {
            let max = self.tenant.usage.max(Allocation::ApiRequests);
            format!(
                "<LimitInfoHeader><limitInfo><current>{used}</current><limit>{max}</limit><type>API REQUESTS</type>\
                 </limitInfo></LimitInfoHeader>"
            )
        });
        self.dialect.envelope(limits.as_deref(), &format!("<{name}Response>{inner}</{name}Response>"))
    }

    /// What REST answers to a call of its own to this path below the version.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Json, Refusal> {
        let call =
            self.call.within(method, &format!("/services/data/v{}/{path}", self.version), headers, body);
        rest::ask(self.tenant, &call, self.number)
    }
}
