//! One call inside a composite call: read, checked, executed, and its answer in the form of a result.

use std::cell::Cell;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::super::body;
use super::super::resource::Resource;
use super::reference::References;
use crate::data::Refusal;
use crate::server::{Answer, Call};

/// What makes the others of a transaction fail with the one that did.
const ROLLED_BACK: &str =
    "The transaction was rolled back since another operation in the same transaction failed.";
/// Headers that a result shows, and their spelling.
const SHOWN: [(&str, &str); 3] =
    [("location", "Location"), ("etag", "ETag"), ("last-modified", "Last-Modified")];
/// Headers that subrequests inherit and must not set.
const INHERITED: [&str; 3] = ["accept", "authorization", "content-type"];

/// A subrequest as the client sent it.
#[derive(Debug)]
pub(super) struct Subrequest {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) reference_id: String,
    body: Option<Json>,
    headers: HeaderMap,
}

/// Its result.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) body: Json,
    headers: Map<String, Json>,
    /// The call was answered 200, but not every record of it was written.
    partial: bool,
}

impl Subrequest {
    /// Reads an element of `compositeRequest`.
    pub(super) fn read(json: Json) -> Result<Self, Refusal> {
        let Json::Object(fields) = json else { return Err(body::misfit("CompositeSubrequest", &json)) };
        let (mut method, mut url, mut reference_id, mut own_body) = (None, None, None, None);
        let mut headers = HeaderMap::new();
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("method", Json::String(text)) => method = Some(known_method(&text)?),
                ("url", Json::String(text)) => url = Some(text),
                ("referenceId", Json::String(text)) => reference_id = Some(text),
                ("body", value) => own_body = Some(value).filter(|value| !value.is_null()),
                ("httpHeaders", Json::Object(given)) => headers = own_headers(&given)?,
                ("httpHeaders", Json::Null) => {}
                ("method" | "url" | "referenceId" | "httpHeaders", value) => {
                    return Err(body::misfit(&key, &value));
                }
                _ => return Err(body::unrecognized(&key)),
            }
        }
        let missing = |name: &str| body::misfit(name, &Json::Null);
        Ok(Self {
            method: method.ok_or_else(|| missing("method"))?,
            url: url.ok_or_else(|| missing("url"))?,
            reference_id: reference_id.ok_or_else(|| missing("referenceId"))?,
            body: own_body,
            headers,
        })
    }

    /// The path below the version, without slashes at either end; `None` for a URL of something else.
    pub(super) fn path(&self) -> Option<&str> {
        let path = self.url.split('?').next()?.strip_prefix("/services/data/v")?;
        Some(path.split_once('/')?.1.trim_matches('/'))
    }

    /// Rows, queries and collections are what a subrequest may use; above all no composite, which would need a
    /// transaction of its own within the one that may be open.
    fn supported(&self) -> Result<(), Refusal> {
        let path = self.path().unwrap_or_default();
        let known = ["sobjects", "composite/sobjects", "query"];
        if known.iter().any(|known| path.starts_with(known)) {
            return Ok(());
        }
        let message = format!("The URL {} is not supported in a composite request", self.url);
        Err(Refusal::new(400, "INVALID_INPUT", message))
    }

    /// Executes it, its references replaced.
    pub(super) fn run(
        &self,
        resource: &Resource<'_>,
        references: &References<'_>,
        written: &Cell<usize>,
    ) -> Outcome {
        if let Err(refusal) = self.supported() {
            return Outcome::refused(&refusal);
        }
        let url = references.in_url(&self.url);
        let own_body = self.body.as_ref().map(|body| references.in_body(body)).transpose();
        match (url, own_body) {
            (Ok(url), Ok(own_body)) => {
                let bytes = own_body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
                let call =
                    Call::within(resource.call, self.method.clone(), &url, self.headers.clone(), bytes);
                Outcome::of(&resource.part(&call, written))
            }
            (Err(message), _) | (_, Err(message)) => Outcome::halted(&message),
        }
    }
}

impl Outcome {
    /// The result that shows an answer.
    pub(super) fn of(answer: &Answer) -> Self {
        let body = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
        let headers =
            SHOWN.iter().filter_map(|(name, shown)| Some(((*shown).to_owned(), json!(answer.header(name)?))));
        let results = body.as_array().filter(|_| answer.status() == 200);
        let partial = results
            .is_some_and(|results| results.iter().any(|result| result.get("success") == Some(&json!(false))));
        Self { status: answer.status(), headers: headers.collect(), partial, body }
    }

    /// Not executed, or taken back.
    pub(super) fn halted(message: &str) -> Self {
        let body = json!([{"errorCode": "PROCESSING_HALTED", "message": message}]);
        Self { status: 400, body, headers: Map::new(), partial: false }
    }

    /// Refused by the outer call.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        Self { status: refusal.status, body: json!(refusal.to_errors()), headers: Map::new(), partial: false }
    }

    /// Whether the subrequest itself failed.
    pub(super) fn failed(&self) -> bool {
        self.status >= 400
    }

    /// Whether something in it failed, which takes a transaction back.
    pub(super) fn spoils(&self) -> bool {
        self.failed() || self.partial
    }

    /// As an element of `compositeResponse`.
    pub(super) fn into_json(self, reference_id: &Json) -> Json {
        json!({
            "body": self.body,
            "httpHeaders": self.headers,
            "httpStatusCode": self.status,
            "referenceId": reference_id,
        })
    }
}

/// Executes subrequests of which all or none stand: the first that fails takes the others with it. True when all
/// stand.
pub(super) fn run_together(
    resource: &Resource<'_>,
    requests: &[Subrequest],
    written: &Cell<usize>,
) -> (Vec<Outcome>, bool) {
    let mut references = References::new(resource.version);
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(requests.len());
    for request in requests {
        let outcome = request.run(resource, &references, written);
        let spoils = outcome.spoils();
        references.add(&request.reference_id, &outcome.body);
        outcomes.push(outcome);
        if spoils {
            let at = outcomes.len() - 1;
            for (nth, other) in outcomes.iter_mut().enumerate() {
                if nth != at {
                    *other = Outcome::halted(ROLLED_BACK);
                }
            }
            outcomes.resize_with(requests.len(), || Outcome::halted(ROLLED_BACK));
            return (outcomes, false);
        }
    }
    (outcomes, true)
}

fn known_method(text: &str) -> Result<Method, Refusal> {
    match text {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => Ok(text.parse().unwrap_or(Method::GET)),
        _ => Err(body::misfit("method", &json!(text))),
    }
}

fn own_headers(given: &Map<String, Json>) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        if INHERITED.iter().any(|inherited| name.eq_ignore_ascii_case(inherited)) {
            return Err(body::parser_error(format!("The header {name} cannot be set in a subrequest")));
        }
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let name: Option<HeaderName> = name.parse().ok();
        let (Some(name), Some(value)) = (name, value) else {
            return Err(body::misfit("httpHeaders", &Json::Object(given.clone())));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}
