//! SOAP `undelete()`: up to 200 records back from the recycle bin, one result for each.

use super::envelope::{Envelope, body, escape, fault};
use crate::data::{Api, Origin, Refusal};
use crate::server::Answer;
use crate::tenant::Tenant;
use crate::usage::Allocation;

const MAX_IDS: usize = 200;

/// Brings records back.
pub(crate) fn undelete(tenant: &Tenant, version: &str, envelope: &Envelope) -> Answer {
    if !envelope.text("sessionId").is_some_and(|token| tenant.token_is_good(token)) {
        let message = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash";
        return fault(500, "INVALID_SESSION_ID", message);
    }
    tenant.usage.spend(Allocation::ApiRequests, 1, tenant.clock.now());
    let ids: Vec<&str> = envelope.texts("ids").collect();
    if ids.len() > MAX_IDS {
        return fault(
            500,
            "EXCEEDED_ID_LIMIT",
            "record limit reached. cannot submit more than 200 records into this call",
        );
    }
    tenant.calls.wrote("SOAP", "undelete", ids.len());
    let all_or_none = envelope.text("allOrNone") == Some("true");
    let client = envelope.text("client").unwrap_or_default().to_owned();
    let origin = Origin { api: Api::Soap, version: version.to_owned(), client, ..Origin::default() };
    let done = tenant.write_as(origin, |writer| {
        let mut results: Vec<Result<String, Refusal>> = ids.iter().map(|id| writer.undelete(id)).collect();
        if all_or_none && results.iter().any(Result::is_err) {
            writer.store.roll_back(writer.tx);
            let message =
                "Record rolled back because not all records were valid and the request was using AllOrNone header";
            for result in results.iter_mut().filter(|result| result.is_ok()) {
                *result = Err(Refusal::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]));
            }
        }
        results
    });
    match done {
        Ok(results) => {
            let results: String = results.iter().zip(&ids).map(|(result, id)| element(result, id)).collect();
            body(&format!("<undeleteResponse>{results}</undeleteResponse>"))
        }
        Err(refusal) => fault(500, &refusal.code, &refusal.message),
    }
}

/// One result; the elements stand in the order of the WSDL.
fn element(result: &Result<String, Refusal>, asked: &str) -> String {
    match result {
        Ok(id) => format!("<result><id>{id}</id><success>true</success></result>"),
        Err(refusal) => format!(
            "<result><errors><message>{}</message><statusCode>{}</statusCode></errors><id>{}</id>\
             <success>false</success></result>",
            escape(&refusal.message),
            refusal.code,
            escape(asked)
        ),
    }
}
