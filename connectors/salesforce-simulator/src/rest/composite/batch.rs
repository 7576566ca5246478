//! `composite/batch`: up to 25 calls that know nothing of each other, each counted as a call.

use std::cell::Cell;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::super::body;
use super::super::resource::Resource;
use super::subrequest::Outcome;
use crate::data::Refusal;
use crate::server::{Answer, Call};
use crate::usage::Allocation;

const MAX_SUBREQUESTS: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    halt_on_error: bool,
    batch_requests: Option<Vec<Subrequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest {
    method: Option<String>,
    url: Option<String>,
    rich_input: Option<Json>,
}

/// `POST composite/batch`.
pub(crate) fn batch(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request: Request = body::read(resource.call)?;
    let requests = request.batch_requests.ok_or_else(|| body::misfit("batchRequests", &Json::Null))?;
    if requests.len() > MAX_SUBREQUESTS {
        let message = format!("The request can’t contain more than {MAX_SUBREQUESTS} operations.");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let calls: Vec<Call> =
        requests.iter().map(|request| call(resource, request)).collect::<Result<_, _>>()?;
    let further = u64::try_from(calls.len().saturating_sub(1)).unwrap_or(0);
    resource.tenant.usage.spend(Allocation::ApiRequests, further, resource.tenant.clock.now());
    let written = Cell::new(0);
    let mut has_errors = false;
    let mut results: Vec<Json> = Vec::with_capacity(calls.len());
    for call in &calls {
        if has_errors && request.halt_on_error {
            let halted = json!([{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]);
            results.push(json!({"statusCode": 412, "result": halted}));
            continue;
        }
        let outcome = match supported(call) {
            Ok(()) => Outcome::of(&resource.part(call, &written)),
            Err(refusal) => Outcome::refused(&refusal),
        };
        has_errors |= outcome.failed();
        results.push(json!({"statusCode": outcome.status, "result": outcome.body}));
    }
    if written.get() > 0 {
        resource.wrote(written.get());
    }
    Ok(Answer::json(200, &json!({"hasErrors": has_errors, "results": results})))
}

/// Calls that are made of calls have no place in a batch.
fn supported(call: &Call) -> Result<(), Refusal> {
    match call.segments().as_slice() {
        ["services", "data", _, "composite"] | ["services", "data", _, "composite", "batch" | "graph"] => {
            let message = format!("The URL {} is not supported in a batch request", call.raw_path);
            Err(Refusal::new(400, "INVALID_INPUT", message))
        }
        _ => Ok(()),
    }
}

/// URLs start at the version (`v59.0/…`), at `/vNN.0` or at the root. A later version than the outer one is refused.
fn call(resource: &Resource<'_>, request: &Subrequest) -> Result<Call, Refusal> {
    let method = request.method.as_deref().unwrap_or_default();
    let method = match method {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" => method.parse().unwrap_or(Method::GET),
        _ => return Err(body::misfit("method", &json!(request.method))),
    };
    let url = request.url.as_deref().ok_or_else(|| body::misfit("url", &Json::Null))?;
    let below = url.trim_start_matches('/');
    let below = below.strip_prefix("services/data/").unwrap_or(below);
    let version = below.split(['/', '?']).next().unwrap_or_default();
    let number = version.strip_prefix('v').and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if number.is_none_or(|number| number * 10 > resource.version) {
        let message =
            format!("The URL {url} must start with an API version that is not later than that of the batch");
        return Err(Refusal::new(400, "INVALID_INPUT", message));
    }
    let bytes = request.rich_input.as_ref().map_or_else(Bytes::new, |input| Bytes::from(input.to_string()));
    Ok(Call::within(resource.call, method, &format!("/services/data/{below}"), HeaderMap::new(), bytes))
}
