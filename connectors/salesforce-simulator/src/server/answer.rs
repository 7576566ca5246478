//! What is sent back: a status, a body and a few headers.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::encoding;

/// An answer on its way out.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// JSON with this status.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::raw(status, "application/json;charset=UTF-8", body),
            Err(error) => Self::text(500, &error.to_string()),
        }
    }

    /// JSON that is already written, with this status.
    pub(crate) fn written(status: u16, body: Vec<u8>) -> Self {
        Self::raw(status, "application/json;charset=UTF-8", body)
    }

    /// XML with this status.
    pub(crate) fn xml(status: u16, body: String) -> Self {
        Self::raw(status, "text/xml;charset=UTF-8", body.into_bytes())
    }

    /// A file of CSV.
    pub(crate) fn csv(file: Vec<u8>) -> Self {
        Self::raw(200, "text/csv", file)
    }

    /// Plain text with this status.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::raw(status, "text/plain;charset=UTF-8", body.as_bytes().to_vec())
    }

    /// HTML with this status, as the web server in front of the org answers.
    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self::raw(status, "text/html;charset=iso-8859-1", body.as_bytes().to_vec())
    }

    /// A status without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, content_type: None, body: Vec::new(), headers: Vec::new() }
    }

    /// The same answer with one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The body; empty when there is none.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The same answer with its JSON written by this function; other bodies stay as they are.
    #[must_use]
    pub(crate) fn rewritten(mut self, write: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        if self.content_type.is_some_and(|kind| kind.starts_with("application/json")) {
            self.body = write(&self.body);
        }
        self
    }

    /// Any other content type.
    pub(crate) fn raw(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type: Some(content_type), body, headers: Vec::new() }
    }

    /// The same answer under gzip, if the client takes it and it gets smaller by it.
    #[must_use]
    pub(crate) fn packed_for(mut self, headers: &HeaderMap) -> Self {
        if self.body.is_empty() {
            return self;
        }
        if encoding::takes_gzip(headers)
            && let Some(packed) = encoding::packed(&self.body)
        {
            self.body = packed;
            self.headers.push(("content-encoding", "gzip".to_owned()));
        }
        self.with("vary", "Accept-Encoding")
    }

    /// The HTTP response, dated by the org's clock.
    pub(crate) fn into_response(self, date: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).chain([("date", date)])
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                // Several cookies are several headers.
                headers.append(name, value);
            }
        }
        response
    }
}
