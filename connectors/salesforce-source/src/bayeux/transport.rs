//! Long polling: one Bayeux message to the org and the messages that come back, over HTTP.
//!
//! Keeps what belongs to the connection and not to the protocol: the token, the cookies, the URL.

use std::fmt::Write as _;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Org, Token};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, DATE, SET_COOKIE};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::bayeux::cookies::Cookies;
use crate::bayeux::message::Message;
use crate::clock;
use crate::moment::Moment;

/// The connection of one session with an org.
pub(crate) struct Transport {
    org: Org,
    token: Token,
    cookies: Cookies,
}

/// The messages of one answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) messages: Vec<Message>,
    /// What time it was in the org.
    pub(crate) at: Moment,
}

/// Why there are no messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoReply {
    /// The token is not accepted.
    #[error("the token is not accepted")]
    Token,
    /// The connection failed, or nobody answered in time. What was on its way is lost with the session.
    #[error("{0}")]
    Lost(String),
    /// The org, or what stands before it, cannot serve now.
    #[error("{0}")]
    Busy(String),
    /// There is no streaming at this address.
    #[error("{0}")]
    Lasting(String),
}

impl Transport {
    /// A connection without cookies, with the token that the org's calls use now.
    pub(crate) fn new(org: &Org) -> Self {
        Self { org: org.clone(), token: org.token(), cookies: Cookies::default() }
    }

    /// Gets a token other than the refused one.
    pub(crate) async fn refresh_token(&self) -> Result<(), ApiError> {
        self.org.refresh(&self.token).await.map(drop)
    }

    /// Sends `message`; waits at most `patience` for the whole answer.
    pub(crate) async fn send(&mut self, message: Value, patience: Duration) -> Result<Reply, NoReply> {
        let mut url = self.token.instance_url().clone();
        url.set_path(&format!("/cometd/{}", self.org.api_version()));
        let mut request = self
            .org
            .http()
            .post(url)
            .timeout(patience)
            .header(AUTHORIZATION, self.token.authorization())
            .header(CONTENT_TYPE, "application/json")
            .body(json!([message]).to_string());
        if let Some(cookies) = self.cookies.header() {
            request = request.header(COOKIE, cookies);
        }
        let response = request.send().await.map_err(|error| NoReply::Lost(explain(&error, patience)))?;
        self.read(response, patience).await
    }

    async fn read(&mut self, response: Response, patience: Duration) -> Result<Reply, NoReply> {
        for cookie in response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.cookies.set(cookie);
        }
        let status = response.status();
        let at =
            response.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(clock::parse_http_date);
        let body = response.bytes().await.map_err(|error| NoReply::Lost(explain(&error, patience)))?;
        // Refusals of the protocol come as messages, also with a status such as 400.
        match serde_json::from_slice::<Vec<Message>>(&body) {
            _ if status == StatusCode::UNAUTHORIZED => Err(NoReply::Token),
            Ok(messages) if !messages.is_empty() && is_final(status) => match at {
                Some(at) => Ok(Reply { messages, at }),
                None => Err(NoReply::Busy(
                    "the answer has no `Date` header, without which the age of positions is unknown; \
                     check what stands between orgstream and the org"
                        .to_owned(),
                )),
            },
            _ if matches!(status.as_u16(), 400 | 404 | 405 | 410 | 413) => {
                Err(NoReply::Lasting(format!("HTTP status {status} without a Bayeux message")))
            }
            _ => Err(NoReply::Busy(format!("HTTP status {status} without a Bayeux message"))),
        }
    }
}

/// Whether the messages of an answer with this status can be believed to be the org's.
fn is_final(status: StatusCode) -> bool {
    status.is_success() || status.is_client_error()
}

/// The error with its causes, which say more than "error sending request", and without the URL.
fn explain(error: &reqwest::Error, patience: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", patience.as_secs());
    }
    let mut text = String::from("the connection failed");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if write!(text, ": {inner}").is_err() {
            break;
        }
        cause = inner.source();
    }
    text
}
