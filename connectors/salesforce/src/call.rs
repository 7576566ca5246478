//! One call: its token, its time-out and its error.
//!
//! A call is repeated in one case only: the org answered that the token is no longer valid, so it executed nothing.
//! Every other repetition is the caller's decision, because only the caller knows whether a write may run twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded;

use crate::auth::Token;
use crate::calls::CallKind;
use crate::catalogue::{self, Disposition};
use crate::clock::OrgDate;
use crate::datetime;
use crate::error::{ApiError, CallName, Executed, RecordError};
use crate::kept_columns::KeptColumns;
use crate::org::Org;
use crate::rest::soap;
use crate::usage::ApiUsage;
use crate::writing::Headers;

/// What is to be asked.
pub(crate) struct Call {
    method: Method,
    place: Place,
    query: Vec<(&'static str, String)>,
    headers: Headers,
    body: Body,
    /// Of an answer in CSV, the columns that are kept of it; `None` keeps an answer as it is.
    columns: Option<Vec<String>>,
    /// `None`: as long as the org's options say of a read.
    timeout: Option<Duration>,
}

/// Where a call goes.
enum Place {
    /// To this path below `/services/data/vNN.0`.
    Data(String),
    /// To a path that the org named.
    Named(String),
    /// To the partner API.
    Soap,
}

enum Body {
    Empty,
    Json(Vec<u8>),
    /// Rows of a bulk job.
    Csv(Bytes),
    /// The inside of a SOAP body; the envelope has the token and is made when it is sent.
    Soap(String),
}

/// An answer with a status below 300.
pub(crate) struct Reply {
    pub(crate) name: CallName,
    started: Instant,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// A read of a path below `/services/data/vNN.0`.
    pub(crate) fn get(path: &[&str]) -> Self {
        Self::at(Method::GET, Place::Data(data_path(path)), None)
    }

    /// A read of a path that the org named.
    pub(crate) fn get_at(path: String) -> Self {
        Self::at(Method::GET, Place::Named(path), None)
    }

    /// A call of a path below `/services/data/vNN.0` that may take as long as `timeout`, repetition included.
    pub(crate) fn new(method: Method, path: &[&str], timeout: Duration) -> Self {
        Self::at(method, Place::Data(data_path(path)), Some(timeout))
    }

    /// A call of a path below `/services/data/vNN.0` that may take as long as a read.
    pub(crate) fn as_read(method: Method, path: &[&str]) -> Self {
        Self::at(method, Place::Data(data_path(path)), None)
    }

    /// A SOAP call of the partner API.
    pub(crate) fn soap(body: String, timeout: Duration) -> Self {
        let mut call = Self::at(Method::POST, Place::Soap, Some(timeout));
        call.body = Body::Soap(body);
        call
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body =
            Body::Json(serde_json::to_vec(body).expect("text keys and plain values always serialise"));
        self
    }

    pub(crate) fn csv(mut self, rows: Bytes) -> Self {
        self.body = Body::Csv(rows);
        self
    }

    /// Keeps these columns of an answer in CSV, and never has the rest of it in memory.
    pub(crate) fn columns(mut self, names: &[&str]) -> Self {
        self.columns = Some(names.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether it changes records, or sets off what does.
    fn writes(&self) -> bool {
        self.timeout.is_some() && self.method != Method::GET
    }

    fn at(method: Method, place: Place, timeout: Option<Duration>) -> Self {
        let (query, headers) = (Vec::new(), Headers::new());
        Self { method, place, query, headers, body: Body::Empty, columns: None, timeout }
    }
}

/// The wanted columns of an answer in CSV.
async fn condensed(mut response: Response, columns: &[String]) -> reqwest::Result<Bytes> {
    let mut kept = KeptColumns::of(columns);
    while let Some(bytes) = response.chunk().await? {
        kept.add(&bytes);
    }
    Ok(kept.finish().into())
}

impl Body {
    /// Its bytes; of a SOAP call without the envelope.
    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Json(body) => body.len(),
            Self::Csv(rows) => rows.len(),
            Self::Soap(body) => body.len(),
        }
    }
}

impl Place {
    /// The whole path, in this version of the API.
    fn path(&self, api_version: &str) -> String {
        match self {
            Self::Data(path) => format!("/services/data/v{api_version}{path}"),
            Self::Named(path) => path.clone(),
            Self::Soap => format!("/services/Soap/u/{api_version}"),
        }
    }
}

impl Reply {
    /// Reads the body. One that cannot be read is no usable answer.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(error.to_string()))
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// When the call began.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The body as it came.
    pub(crate) fn into_body(self) -> Bytes {
        self.body
    }

    /// The same, shared.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    pub(crate) fn text(&self) -> Result<&str, ApiError> {
        std::str::from_utf8(&self.body).map_err(|_| self.unreadable("it is not UTF-8"))
    }

    /// The error for an answer that says something else than what was asked.
    pub(crate) fn unreadable(&self, why: impl std::fmt::Display) -> ApiError {
        ApiError::Trouble {
            call: self.name.clone(),
            what: format!("the answer cannot be read: {why}"),
            started: self.started,
            executed: Executed::Perhaps,
            source: None,
        }
    }
}

impl Org {
    /// Sends `call` when its priority lets it, with a new token if the org no longer takes the present one.
    pub(crate) async fn call(&self, call: Call) -> Result<Reply, ApiError> {
        self.inner.allowances.quota.admit(self.priority).await;
        let started = Instant::now();
        let deadline = started + self.allowed(&call);
        let token = self.token();
        let first = self.send(&call, &token, started, deadline).await;
        match first {
            Err(error) if error.disposition() == Disposition::Reauthenticate => {
                // The login goes on when this call's time is over; the next call finds its token.
                let refreshed = timeout_at(deadline, self.refresh(&token)).await;
                let token = refreshed.unwrap_or_else(|_| {
                    let what = format!("no new token within {:?}", self.allowed(&call));
                    Err(self.trouble(&call, started, what, Executed::No, None))
                })?;
                self.send(&call, &token, started, deadline).await
            }
            other => other,
        }
    }

    async fn send(
        &self,
        call: &Call,
        token: &Token,
        started: Instant,
        deadline: Instant,
    ) -> Result<Reply, ApiError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // A write that starts past its time may overlap with another node's.
            let what = format!("its {:?} were over", self.allowed(call));
            return Err(self.trouble(call, started, what, Executed::No, None));
        }
        if call.writes() && self.lease.as_ref().is_some_and(|lease| !lease.is_held()) {
            let what = "the process stood still, and others may write its records by now".to_owned();
            return Err(self.trouble(call, started, what, Executed::No, None));
        }
        let begun = Instant::now();
        let ended = self.exchange(call, token, started, left).await;
        let kind = CallKind::of(&call.method, &call.place.path(self.api_version()));
        self.inner.calls.note(kind, begun.elapsed(), &ended);
        ended
    }

    /// Sends `call` and waits for its answer, no longer than `left`.
    async fn exchange(
        &self,
        call: &Call,
        token: &Token,
        started: Instant,
        left: Duration,
    ) -> Result<Reply, ApiError> {
        self.inner.calls.sent(call.body.len());
        let sent = self.request(call, token).timeout(left).send().await;
        let response = sent.map_err(|error| {
            let (what, executed) = if error.is_connect() {
                ("no connection".to_owned(), Executed::No)
            } else if error.is_timeout() {
                (format!("no answer within {:?}", self.allowed(call)), Executed::PerhapsLater)
            } else {
                ("the connection was cut".to_owned(), Executed::PerhapsLater)
            };
            self.trouble(call, started, what, executed, Some(error))
        })?;
        self.note_usage(response.headers());
        self.note_date(response.headers());
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = match &call.columns {
            Some(columns) if status < 300 => condensed(response, columns).await,
            _ => response.bytes().await,
        };
        let body = body.map_err(|error| {
            self.trouble(call, started, "the answer was cut off".to_owned(), Executed::Perhaps, Some(error))
        })?;
        self.inner.calls.received(body.len());
        if status < 300 {
            return Ok(Reply { name: self.call_name(call), started, headers, body });
        }
        let errors = match call.body {
            Body::Soap(_) => soap::fault(&body).into_iter().collect(),
            _ => serde_json::from_slice(&body).unwrap_or_default(),
        };
        Err(self.failure(call, started, status, errors))
    }

    /// How long a call may take, repetition included.
    fn allowed(&self, call: &Call) -> Duration {
        call.timeout.unwrap_or(self.timeouts().answer)
    }

    fn request(&self, call: &Call, token: &Token) -> RequestBuilder {
        let mut url = token.instance_url().clone();
        url.set_path(&call.place.path(self.api_version()));
        let mut request = self.http().request(call.method.clone(), url).query(&call.query);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        match &call.body {
            Body::Empty => request.header("authorization", token.authorization()),
            Body::Json(body) => request
                .header("authorization", token.authorization())
                .header("content-type", "application/json")
                .body(body.clone()),
            Body::Csv(rows) => request
                .header("authorization", token.authorization())
                .header("content-type", "text/csv; charset=UTF-8")
                .body(rows.clone()),
            Body::Soap(body) => request
                .header("content-type", "text/xml; charset=UTF-8")
                .header("soapaction", "\"\"")
                .body(soap::envelope(token.session_id(), &self.writing.client, body)),
        }
    }

    /// The error of an answer of 300 or more.
    fn failure(&self, call: &Call, started: Instant, status: u16, errors: Vec<RecordError>) -> ApiError {
        // A SOAP fault is a 500 with an answer of its own.
        if matches!(call.body, Body::Soap(_)) && !errors.is_empty() {
            return ApiError::Answer { call: self.call_name(call), status, errors };
        }
        Self::refusal(self.call_name(call), started, status, errors)
    }

    /// The error of an answer of 300 or more to a call, or to a part of one. A maintenance notice is an answer, other 5xx
    /// answer nothing.
    pub(crate) fn refusal(
        call: CallName,
        started: Instant,
        status: u16,
        mut errors: Vec<RecordError>,
    ) -> ApiError {
        // What stands between the org and us gives up before the org does.
        let executed = if errors.is_empty() { Executed::PerhapsLater } else { Executed::Perhaps };
        if errors.is_empty() {
            errors.push(RecordError {
                code: catalogue::status_code(status),
                message: "the answer is not Salesforce's".to_owned(),
                fields: Vec::new(),
            });
        }
        let what = format!("status {status}, {}", errors[0]);
        let answer = ApiError::Answer { call: call.clone(), status, errors };
        if answer.disposition() == Disposition::Org || !matches!(status, 408 | 420 | 500..) {
            return answer;
        }
        ApiError::Trouble { call, what, started, executed, source: None }
    }

    fn trouble(
        &self,
        call: &Call,
        started: Instant,
        what: String,
        executed: Executed,
        source: Option<reqwest::Error>,
    ) -> ApiError {
        ApiError::Trouble {
            call: self.call_name(call),
            what,
            started,
            executed,
            // Its text repeats the URL with the query, which may be long.
            source: source.map(|error| Arc::new(error.without_url())),
        }
    }

    fn call_name(&self, call: &Call) -> CallName {
        let path = call.place.path(self.api_version());
        CallName { org: Arc::clone(&self.inner.name), method: call.method.clone(), path }
    }

    fn note_usage(&self, headers: &HeaderMap) {
        let header = headers.get("sforce-limit-info").and_then(|value| value.to_str().ok());
        if let Some(usage) = header.and_then(ApiUsage::parse) {
            *self.inner.usage.lock().expect("no holder of this lock panics") = Some(usage);
            self.inner.allowances.note_usage(self.name(), usage);
        }
    }

    fn note_date(&self, headers: &reqwest::header::HeaderMap) {
        let header = headers.get("date").and_then(|value| value.to_str().ok());
        if let Some(date) = header.and_then(datetime::parse_http_date) {
            *self.inner.date.lock().expect("no holder of this lock panics") = Some(OrgDate::just(date));
        }
    }
}

/// A path of these parts. They are encoded, so that a name cannot lead to another path.
pub(crate) fn data_path(parts: &[&str]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        path.extend(form_urlencoded::byte_serialize(part.as_bytes()));
    }
    path
}
