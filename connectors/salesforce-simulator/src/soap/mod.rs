//! The two SOAP calls that have no REST form: login and undelete.

mod envelope;
mod login;
mod undelete;

use crate::server::{Answer, Call};
use crate::tenant::Tenant;

use envelope::Envelope;
pub(crate) use envelope::fault;

/// Answers a SOAP call of the partner or enterprise API.
pub(crate) fn answer(tenant: &Tenant, call: &Call, version: &str) -> Answer {
    let Some(envelope) = Envelope::read(&call.body) else {
        return fault(500, "UNKNOWN_EXCEPTION", "the request is not a SOAP envelope");
    };
    match envelope.operation.as_str() {
        "login" => login::login(tenant, call, version, &envelope),
        "undelete" => undelete::undelete(tenant, version, &envelope),
        other => {
            fault(500, "INVALID_OPERATION", &format!("the sandbox org does not know the operation {other}"))
        }
    }
}
