//! Long polling: each Bayeux message is a POST of its own, and its answer brings the messages that come back.
//!
//! Several may be under way at once: a subscription beside a held connect is what Bayeux foresees.

use orgstream_salesforce::{Org, Token};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, DATE, HeaderMap, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bayeux::cookies::Cookies;
use crate::bayeux::message::Message;
use crate::bayeux::transport::{Arrival, NoReply, explain};
use crate::clock;

/// The requests of one session. Dropping it ends those under way.
pub(crate) struct LongPolling {
    org: Org,
    token: Token,
    cookies: Cookies,
    /// The largest answer that is taken, in bytes.
    most: u64,
    calls: JoinSet<Outcome>,
}

struct Outcome {
    arrival: Result<Arrival, NoReply>,
    headers: HeaderMap,
}

impl LongPolling {
    /// No cookies yet. Answers of more than `most` bytes are refused.
    pub(crate) fn new(org: &Org, token: Token, most: u64) -> Self {
        Self { org: org.clone(), token, cookies: Cookies::default(), most, calls: JoinSet::new() }
    }

    pub(crate) fn send(&mut self, id: u64, message: &Value) {
        let request = self.signed(self.org.http().post(self.url()));
        let request = request.header(CONTENT_TYPE, "application/json").body(json!([message]).to_string());
        self.calls.spawn(call(request, id, self.most));
    }

    /// A request that can become something else than an exchange of messages.
    pub(crate) fn upgrade(&self) -> RequestBuilder {
        self.signed(self.org.http1().get(self.url()))
    }

    /// The largest answer that is taken, in bytes.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    fn url(&self) -> Url {
        let mut url = self.token.instance_url().clone();
        url.set_path(&format!("/cometd/{}", self.org.api_version()));
        url
    }

    /// `request` with what tells whose session it belongs to.
    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(AUTHORIZATION, self.token.authorization());
        match self.cookies.header() {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        }
    }

    /// The answer to any of the requests under way.
    pub(crate) async fn receive(&mut self) -> Result<Arrival, NoReply> {
        match self.calls.join_next().await {
            None => std::future::pending().await,
            Some(Err(error)) => Err(NoReply::Lost(format!("a request ended badly: {error}"))),
            Some(Ok(Outcome { arrival, headers })) => {
                let cookies = headers.get_all(SET_COOKIE).iter();
                for cookie in cookies.filter_map(|value| value.to_str().ok()) {
                    self.cookies.set(cookie);
                }
                arrival
            }
        }
    }
}

async fn call(request: RequestBuilder, id: u64, most: u64) -> Outcome {
    match request.send().await {
        Ok(response) => {
            let headers = response.headers().clone();
            Outcome { arrival: read(response, id, most).await, headers }
        }
        Err(error) => Outcome { arrival: Err(NoReply::Lost(explain(&error))), headers: HeaderMap::default() },
    }
}

async fn read(response: Response, id: u64, most: u64) -> Result<Arrival, NoReply> {
    let status = response.status();
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    let at = date.and_then(clock::parse_http_date);
    let body = body(response, most).await?;
    // Refusals of the protocol come as messages, also with a status such as 400.
    match serde_json::from_slice::<Vec<Message>>(&body) {
        _ if status == StatusCode::UNAUTHORIZED => Err(NoReply::Token),
        Ok(messages) if !messages.is_empty() && is_final(status) => match at {
            Some(_) => Ok(Arrival { messages, size: length(&body), at, answers: Some(id) }),
            None => Err(NoReply::Busy(
                "the answer has no `Date` header, without which the age of positions is unknown; \
                 check what stands between orgstream and the org"
                    .to_owned(),
            )),
        },
        _ if matches!(status.as_u16(), 400 | 404 | 405 | 410 | 413) => {
            Err(NoReply::Lasting(format!("HTTP status {status} without a Bayeux message")))
        }
        // By its status the org's own words, and yet not what is known of them.
        Err(error) if status.is_success() => Err(NoReply::Busy(format!(
            "HTTP status {status} with {} bytes that are no Bayeux messages: {error}; check what stands between \
             orgstream and the org",
            body.len()
        ))),
        _ => Err(NoReply::Busy(format!("HTTP status {status} without a Bayeux message"))),
    }
}

/// The whole body, read piece by piece so that one that is too large is never held.
async fn body(mut response: Response, most: u64) -> Result<Vec<u8>, NoReply> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| NoReply::Lost(explain(&error)))? {
        if length(&body) + length(&piece) > most {
            return Err(NoReply::TooLarge(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Whether the messages of an answer with this status can be believed to be the org's.
fn is_final(status: StatusCode) -> bool {
    status.is_success() || status.is_client_error()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
