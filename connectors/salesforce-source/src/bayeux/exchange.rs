//! One message and what came of it: the answer taken apart, a refusal read as what it means for the session.

use std::sync::Arc;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Org};
use serde_json::Value;
use tokio::time::Instant;

use crate::bayeux::message::{self, Advice, Message};
use crate::bayeux::refusal::Refusal;
use crate::bayeux::transport::{NoReply, Transport};
use crate::clock::OrgClock;
use crate::error::SourceError;
use crate::event::Event;
use crate::moment::Moment;

/// Why a session is over.
#[derive(Debug)]
pub(crate) enum End {
    /// The token is not accepted.
    Token,
    /// The session is lost.
    Lost(String),
    /// The org is busy or at a limit.
    Busy(String),
    /// Nothing helps but a change outside.
    Failed(SourceError),
    /// The source is gone.
    Unwanted,
}

/// What came back for one message.
pub(crate) struct Answer {
    /// The message that answers it.
    pub(crate) message: Message,
    /// The events beside it, of any channel.
    pub(crate) events: Vec<Event>,
    /// What time it was in the org.
    pub(crate) at: Moment,
}

/// The conversation of one session after the other with an org.
pub(crate) struct Exchange {
    org: Org,
    clock: Arc<OrgClock>,
    transport: Transport,
    next_id: u64,
    /// How long the org holds a connect without events.
    pub(crate) held: Duration,
    /// How long to wait before the next connect.
    pub(crate) interval: Duration,
}

impl Answer {
    /// Why the org does not grant what was asked; `None` when it does.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        (self.message.successful != Some(true)).then(|| read(&self.message))
    }
}

impl Exchange {
    pub(crate) fn new(org: Org, clock: Arc<OrgClock>) -> Self {
        let transport = Transport::new(&org);
        Self { org, clock, transport, next_id: 0, held: Duration::ZERO, interval: Duration::ZERO }
    }

    /// Begins anew: no cookies, no advice, and the token that other calls may have renewed meanwhile.
    pub(crate) fn begin(&mut self, held: Duration) {
        self.transport = Transport::new(&self.org);
        self.held = held;
        self.interval = Duration::ZERO;
    }

    /// Gets a token other than the one this session was refused with.
    pub(crate) async fn refresh_token(&self) -> Result<(), ApiError> {
        self.transport.refresh_token().await
    }

    /// Sends the message that `build` makes of a fresh id. A refusal is the caller's to read.
    pub(crate) async fn send(
        &mut self,
        build: impl FnOnce(u64) -> Value,
        patience: Duration,
    ) -> Result<Answer, End> {
        self.next_id += 1;
        let message = build(self.next_id);
        let asked = message["channel"].as_str().unwrap_or_default().to_owned();
        let reply = self.transport.send(message, patience).await.map_err(|error| match error {
            NoReply::Token => End::Token,
            NoReply::Lost(what) => End::Lost(what),
            NoReply::Busy(what) => End::Busy(what),
            NoReply::Lasting(reason) => End::Failed(self.refused("streaming", reason, "check the org's URL")),
        })?;
        let received = Instant::now();
        self.clock.set(reply.at);
        let mut own = None;
        let mut events = Vec::new();
        for message in reply.messages {
            if message.is_event() {
                events.push(Event::read(&message.channel, message.data, received, reply.at));
            } else if message.channel == asked {
                own = Some(message);
            } else if message.channel == message::DISCONNECT {
                return Err(End::Lost("the org ended the session".to_owned()));
            }
        }
        let message = own.ok_or_else(|| End::Lost(format!("the answer to {asked} is missing")))?;
        if let Some(advice) = &message.advice {
            self.follow(advice);
        }
        Ok(Answer { message, events, at: reply.at })
    }

    /// Sends a message that the session cannot do without.
    pub(crate) async fn granted(
        &mut self,
        what: &str,
        build: impl FnOnce(u64) -> Value,
        patience: Duration,
    ) -> Result<Answer, End> {
        let answer = self.send(build, patience).await?;
        if answer.refusal().is_some() {
            return Err(self.end(what, &answer.message));
        }
        match reconnect(&answer.message) {
            Some("handshake" | "none") => Err(End::Lost("the org asks for a new session".to_owned())),
            _ => Ok(answer),
        }
    }

    /// What a refused message means for the session. `what` was asked for.
    pub(crate) fn end(&self, what: &str, message: &Message) -> End {
        let reason = message.failure_reason().or(message.error.as_deref()).unwrap_or("no reason given");
        match read(message) {
            Refusal::Token => End::Token,
            Refusal::Session => End::Lost(reason.to_owned()),
            Refusal::Busy => End::Busy(reason.to_owned()),
            // The org itself says that a new session helps.
            Refusal::Lasting if reconnect(message) == Some("handshake") => End::Lost(reason.to_owned()),
            Refusal::ReplayId | Refusal::Lasting => End::Failed(self.refused(
                what,
                reason.to_owned(),
                "check that the PushTopic exists and that the user may read it, its object and its fields",
            )),
        }
    }

    fn refused(&self, what: &str, reason: String, advice: &'static str) -> SourceError {
        SourceError::Stream { org: self.org.name().to_owned(), what: what.to_owned(), reason, advice }
    }

    fn follow(&mut self, advice: &Advice) {
        if let Some(timeout) = advice.timeout {
            self.held = Duration::from_millis(timeout);
        }
        if let Some(interval) = advice.interval {
            self.interval = Duration::from_millis(interval);
        }
    }
}

fn read(message: &Message) -> Refusal {
    Refusal::read(message.error.as_deref().unwrap_or_default(), message.failure_reason())
}

fn reconnect(message: &Message) -> Option<&str> {
    message.advice.as_ref()?.reconnect.as_deref()
}
