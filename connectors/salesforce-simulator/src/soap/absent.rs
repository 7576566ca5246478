//! The APIs that the simulator does not have, each refused in the shape of its own protocol, with what to use instead.

use serde_json::json;

use super::envelope::escape;
use crate::server::{Answer, Call};

/// Answers a call to `/services/Soap/…` that is none of the partner or enterprise API.
pub(crate) fn other(letter: &str) -> Answer {
    let (namespace, api, instead) = match letter {
        "m" => (
            "http://soap.sforce.com/2006/04/metadata",
            "the Metadata API",
            "create custom fields with the Tooling API (POST /services/data/v60.0/tooling/sobjects/CustomField), and \
             declare objects in a file of --objects",
        ),
        "T" => (
            "urn:fault.tooling.soap.sforce.com",
            "the Tooling API over SOAP",
            "use it over REST, /services/data/v60.0/tooling",
        ),
        "s" => ("http://soap.sforce.com/2006/08/apex", "the Apex API", "there is no Apex in it"),
        _ => ("urn:fault.partner.soap.sforce.com", "this SOAP API", "use /services/Soap/u/60.0"),
    };
    let message = escape(&format!("the org simulator does not have {api}: {instead}"));
    Answer::xml(
        500,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"{namespace}\"><soapenv:Body>\
             <soapenv:Fault><faultcode>sf:FUNCTIONALITY_NOT_ENABLED</faultcode>\
             <faultstring>FUNCTIONALITY_NOT_ENABLED: {message}</faultstring></soapenv:Fault></soapenv:Body>\
             </soapenv:Envelope>"
        ),
    )
}

/// Answers a call of the Bulk API 1.0, `/services/async/…`, in the language the client speaks.
pub(crate) fn bulk_1(call: &Call) -> Answer {
    let message = "the org simulator does not have the Bulk API 1.0: use the Bulk API 2.0, \
                   /services/data/v60.0/jobs/ingest and /services/data/v60.0/jobs/query";
    let speaks_json = ["content-type", "accept"]
        .iter()
        .any(|name| call.header(name).is_some_and(|value| value.contains("application/json")));
    if speaks_json {
        return Answer::json(
            400,
            &json!({"exceptionCode": "FeatureNotEnabled", "exceptionMessage": message}),
        );
    }
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\
         <exceptionCode>FeatureNotEnabled</exceptionCode><exceptionMessage>{}</exceptionMessage></error>",
        escape(message)
    );
    Answer::raw(501, "application/xml", body.into_bytes())
}
