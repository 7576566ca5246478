//! The SOAP APIs, partner and enterprise: login, what has no REST form, and the record calls that libraries make.

mod element;
mod envelope;
mod login;
mod records;
mod session;

use crate::calls::CallKind;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;
use crate::usage::Allocation;

pub(crate) use envelope::Dialect;
use envelope::{Envelope, client_fault};

/// The newest version of the API.
const NEWEST: u32 = 67;
/// The oldest that still answers.
const OLDEST: u32 = 7;

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
    pub(crate) envelope: &'a Envelope,
}

/// Answers a call to `/services/Soap/{u,c}/NN.N`, with or without the org id behind it.
pub(crate) fn answer(tenant: &Tenant, call: &Call, letter: &str, version: &str) -> Answer {
    let dialect = if letter == "c" { Dialect::Enterprise } else { Dialect::Partner };
    if call.method != axum::http::Method::POST {
        return Answer::text(405, "HTTP Method not allowed: POST a SOAP envelope").with("allow", "POST");
    }
    let number = version.strip_suffix(".0").and_then(|major| major.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (OLDEST..=NEWEST).contains(number)) else {
        return dialect.fault(500, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL");
    };
    let envelope = match Envelope::read(&call.body) {
        Ok(envelope) => envelope,
        Err(reason) => return client_fault(&reason),
    };
    let request = Request { tenant, call, dialect, version, envelope: &envelope };
    let operation = envelope.operation.name.as_str();
    let namespace = envelope.operation.namespace.as_str();
    let known = operation == "login" || OPERATIONS.contains(&operation);
    if !known || namespace != dialect.namespace() {
        return client_fault(&format!(
            "No operation available for request {{{namespace}}}{operation}, please check the WSDL for the service."
        ));
    }
    if operation == "login" {
        return login::login(&request, number);
    }
    let token = envelope.header("SessionHeader", "sessionId").unwrap_or_default();
    if !tenant.token_is_good(token) {
        return session::unknown(dialect, token);
    }
    tenant.usage.spend(Allocation::ApiRequests, 1, tenant.clock.now());
    match operation {
        "logout" => session::logout(&request, token),
        "getServerTimestamp" => session::server_timestamp(&request),
        "getUserInfo" => session::user_info(&request),
        _ => records::write(&request),
    }
}

/// What is served behind a login.
const OPERATIONS: [&str; 8] =
    ["logout", "getServerTimestamp", "getUserInfo", "create", "update", "upsert", "delete", "undelete"];
