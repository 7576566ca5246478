//! One HTTP request, read whole and taken apart.
//!
//! Clients differ in slashes and encodings, so paths become segments here: empty ones (`//`, a trailing `/`) are
//! dropped, and each is percent-decoded on its own, so that an encoded slash stays part of its value.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::json;

use super::answer::Answer;
use super::encoding::{self, Unreadable};

/// The largest request the org reads: the file of a bulk job.
const MAX_BODY: usize = 150 * 1024 * 1024;

/// The largest request of the REST API otherwise.
const MAX_REST_BODY: usize = 50 * 1024 * 1024;

/// URI and headers together, as real orgs limit them.
const MAX_HEAD: usize = 16_384;

/// Room that is made for a body before it comes.
const FIRST_PART: usize = 64 * 1024;

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Call {
    /// HTTP method; `?_HttpMethod=` already applied.
    pub(crate) method: Method,
    /// Decoded path segments, none empty.
    pub(crate) path: Vec<String>,
    /// The path as sent.
    pub(crate) raw_path: String,
    /// Decoded query parameters.
    pub(crate) query: Vec<(String, String)>,
    /// The query as sent.
    pub(crate) raw_query: String,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// The body, chunked or not.
    pub(crate) body: Bytes,
}

impl Call {
    /// Reads a request to its end, or says why it cannot be read.
    pub(crate) async fn read(request: Request<Body>) -> Result<Self, Answer> {
        let (head, body) = request.into_parts();
        let uri = head.uri.path_and_query().map_or(0, |uri| uri.as_str().len());
        // Each header line has a colon, a space and an end.
        let headers: usize =
            head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if uri > MAX_HEAD {
            return Err(bad_message(414, "URI Too Long"));
        }
        if uri + headers > MAX_HEAD {
            return Err(bad_message(431, "Request Header Fields Too Large"));
        }
        let max = max_body(head.uri.path());
        let body = whole(body, &head.headers, max).await?;
        let body = encoding::unpacked(&head.headers, body, max).map_err(|reason| match reason {
            Unreadable::TooLarge => too_large(max),
            Unreadable::Damaged => Answer::text(400, "the body is not what Content-Encoding says"),
            Unreadable::UnknownEncoding => Answer::text(415, "Content-Encoding may be gzip"),
        })?;
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        Ok(Self::taken_apart(head.method, path, query, head.headers, body))
    }

    /// A call that stands in the body of this one: its own method, URL and body, and headers that go before those of
    /// this call. Of Salesforce's own headers it inherits none.
    pub(crate) fn within(&self, method: Method, url: &str, own: HeaderMap, body: Bytes) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut headers = self.headers.clone();
        for precondition in
            [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE]
        {
            headers.remove(precondition);
        }
        for name in self.own_headers().keys() {
            headers.remove(name.as_str());
        }
        headers.extend(own);
        Self::taken_apart(method, path, query, headers, body)
    }

    fn taken_apart(method: Method, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (raw_path, raw_query) = (path.to_owned(), query.to_owned());
        let query = form(raw_query.as_bytes());
        let path = raw_path.split('/').filter(|s| !s.is_empty()).map(percent_decode).collect();
        let overridden = query.iter().find(|(name, _)| name == "_HttpMethod");
        let method = overridden
            .filter(|_| method == Method::POST)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(method);
        Self { method, path, raw_path, query, raw_query, headers, body }
    }

    /// The path segments as text slices, for matching.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Salesforce's own headers, by their names in lower case.
    pub(crate) fn own_headers(&self) -> BTreeMap<String, String> {
        let own = self.headers.iter().filter(|(name, _)| name.as_str().starts_with("sforce-"));
        let text =
            own.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        text.collect()
    }

    /// The fields of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form(&self.body)
    }

    /// The org's scheme and the host the client called, so that a client on `localhost` is never sent to
    /// `127.0.0.1`. `own` is the org's URL.
    pub(crate) fn base_url(&self, own: &str) -> String {
        let scheme = own.split("://").next().unwrap_or("http");
        self.header(header::HOST.as_str())
            .filter(|host| !host.is_empty())
            .map_or_else(|| own.to_owned(), |host| format!("{scheme}://{host}"))
    }

    /// Whether path, query (as sent or decoded) or body contain this text.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.raw_path.contains(text)
            || self.raw_query.contains(text)
            || self.query.iter().any(|(_, value)| value.contains(text))
            || self.path.iter().any(|segment| segment.contains(text))
            || contains_bytes(&self.body, text.as_bytes())
    }
}

/// What the web server in front of the org says of a head that is too long.
fn bad_message(status: u16, reason: &str) -> Answer {
    Answer::html(status, &format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"))
}

/// How long the body of a call to this path may be.
fn max_body(path: &str) -> usize {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let rest = segments.next() == Some("services") && segments.next() == Some("data");
    let bulk = segments.nth(1) == Some("jobs");
    if rest && !bulk { MAX_REST_BODY } else { MAX_BODY }
}

/// Reads a body that is not longer than this. One that is too long is not kept. It is received to its end all the same,
/// since many clients read no answer before they have sent everything; but not from one that waits for a `100 Continue`.
async fn whole(body: Body, headers: &HeaderMap, max: usize) -> Result<Bytes, Answer> {
    let said =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let too_long = said.is_some_and(|said| said > max);
    if too_long && headers.contains_key(header::EXPECT) {
        return Err(too_large(max));
    }
    let mut body = body.into_data_stream();
    let mut kept = Vec::with_capacity(said.unwrap_or_default().min(FIRST_PART));
    let mut received = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Answer::text(400, "the body ended too early"))?;
        received += piece.len();
        if received > MAX_BODY {
            break;
        }
        if too_long || received > max {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&piece);
        }
    }
    if too_long || received > max { Err(too_large(max)) } else { Ok(kept.into()) }
}

/// The REST API takes a body that is too long for a broken one; what is in front of it does not.
fn too_large(max: usize) -> Answer {
    if max != MAX_REST_BODY {
        return Answer::text(413, "Request Entity Too Large");
    }
    let message = format!("Maximum size of request reached. Maximum size of request is {max} bytes.");
    Answer::json(400, &json!([{"message": message, "errorCode": "JSON_PARSER_ERROR"}]))
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

/// Decodes `%41` but leaves `+` alone, which means a space only in queries.
pub(crate) fn percent_decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        // `from_str_radix` alone would take a sign for a digit.
        let digits = escaped.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let value = digits.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn contains_bytes(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_slash_stays_in_its_value_and_plus_stays_plus() {
        assert_eq!(percent_decode("a%2Fb+c%20d%"), "a/b+c d%");
        assert_eq!(percent_decode("%+1%-1%e4"), "%+1%-1\u{fffd}");
    }
}
