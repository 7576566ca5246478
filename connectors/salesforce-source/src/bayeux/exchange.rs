//! The conversation of one session: messages out, and what came in, taken apart into answers and events.
//!
//! Events keep the order in which they came, whatever they came with. Every message has a time by which it is
//! answered; one that outlasts it means that the session is dead.

use std::collections::VecDeque;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Token};
use serde_json::Value;
use tokio::time::Instant;

use crate::bayeux::end::End;
use crate::bayeux::message::{self, Message};
use crate::bayeux::pace::Pace;
use crate::bayeux::refusal::Refusal;
use crate::bayeux::session::Surroundings;
use crate::bayeux::timing::Timing;
use crate::bayeux::transport::long_polling::LongPolling;
use crate::bayeux::transport::web_socket::WebSocket;
use crate::bayeux::transport::{Arrival, NoReply, Transport};
use crate::event::Event;
use crate::moment::Moment;

/// Events that came in, of any channel.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) events: Vec<Event>,
    /// Their bytes, and those of what came with them.
    pub(crate) size: u64,
}

/// What came back for one message.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) message: Message,
    /// What time it was in the org.
    pub(crate) at: Moment,
}

/// A message that is not answered yet.
#[derive(Debug)]
struct Pending {
    id: u64,
    channel: String,
    patience: Duration,
    until: Instant,
}

/// The conversation of one session after the other with an org.
pub(crate) struct Exchange {
    around: Surroundings,
    timing: Timing,
    token: Token,
    transport: Transport,
    next_id: u64,
    pending: Vec<Pending>,
    /// Answers that nobody has taken yet, by the id of what they answer.
    answers: VecDeque<(u64, Answer)>,
    events: Events,
    pace: Pace,
}

impl Exchange {
    pub(crate) fn new(around: &Surroundings, timing: Timing) -> Self {
        let token = around.org.token();
        let transport = Transport::LongPolling(Box::new(LongPolling::new(
            &around.org,
            token.clone(),
            around.stream.max_response,
        )));
        let pace = Pace::new(timing.held);
        Self {
            around: around.clone(),
            timing,
            token,
            transport,
            next_id: 0,
            pending: Vec::new(),
            answers: VecDeque::new(),
            events: Events::default(),
            pace,
        }
    }

    /// Begins anew: no cookies, no advice, and the token that other calls may have renewed meanwhile.
    pub(crate) fn begin(&mut self) {
        let next_id = self.next_id;
        *self = Self { next_id, ..Self::new(&self.around, self.timing.clone()) };
    }

    /// Goes on over a WebSocket, with the session at hand.
    pub(crate) async fn upgrade(&mut self) -> Result<(), NoReply> {
        if let Transport::LongPolling(polling) = &self.transport {
            let opened = tokio::time::timeout(self.timing.answer, WebSocket::open(polling)).await;
            let opened = opened.map_err(|_| NoReply::Lost("the upgrade is not answered".to_owned()))?;
            self.transport = Transport::WebSocket(Box::new(opened?));
        }
        Ok(())
    }

    /// Whether messages travel over a WebSocket.
    pub(crate) fn is_upgraded(&self) -> bool {
        matches!(self.transport, Transport::WebSocket(_))
    }

    /// Gets a token other than the one this session was refused with.
    pub(crate) async fn refresh_token(&mut self) -> Result<(), ApiError> {
        self.around.org.refresh(&self.token).await.map(drop)
    }

    /// Sends the message that `build` makes of a fresh id, and answers with that id.
    pub(crate) async fn send(
        &mut self,
        build: impl FnOnce(u64) -> Value,
        patience: Duration,
    ) -> Result<u64, End> {
        self.next_id += 1;
        let id = self.next_id;
        let message = build(id);
        let channel = message["channel"].as_str().unwrap_or_default().to_owned();
        self.pending.push(Pending { id, channel, patience, until: Instant::now() + patience });
        self.transport.send(id, &message).await?;
        Ok(id)
    }

    /// Sends a message and waits for its answer. A refusal is the caller's to read.
    pub(crate) async fn request(
        &mut self,
        build: impl FnOnce(u64) -> Value,
        patience: Duration,
    ) -> Result<Answer, End> {
        let id = self.send(build, patience).await?;
        self.answered(id).await
    }

    /// Waits for the answer to the message with this id. What else comes meanwhile stays here.
    pub(crate) async fn answered(&mut self, id: u64) -> Result<Answer, End> {
        loop {
            if let Some(answer) = self.answer_to(id) {
                return Ok(answer);
            }
            self.receive().await?;
        }
    }

    /// A connect. The org answers one that is not to be answered `at_once` when there are events, or after the time of
    /// its advice. The watchdog of the session: one that outlasts this time means that the session is dead.
    pub(crate) async fn connect(&mut self, client: &str, at_once: bool) -> Result<u64, End> {
        let kind = self.transport.connection_type();
        let patience = self.pace.held + self.timing.margin;
        self.send(|id| message::connect(id, client, kind, at_once), patience).await
    }

    /// As [`Pace::answered`].
    pub(crate) fn is_held(&mut self, after: Duration, empty: bool) -> bool {
        self.pace.answered(after, empty)
    }

    /// How long to wait before the next connect.
    pub(crate) fn interval(&self) -> Duration {
        self.pace.interval()
    }

    /// Waits until there is an answer or an event to be taken. Cancel-safe.
    pub(crate) async fn come(&mut self) -> Result<(), End> {
        while self.answers.is_empty() && self.events.events.is_empty() {
            self.receive().await?;
        }
        Ok(())
    }

    /// Takes the answer to the message with this id, if it has come.
    pub(crate) fn answer_to(&mut self, id: u64) -> Option<Answer> {
        let place = self.answers.iter().position(|(answered, _)| *answered == id)?;
        self.answers.remove(place).map(|(_, answer)| answer)
    }

    /// Takes the events that have come.
    pub(crate) fn events(&mut self) -> Events {
        std::mem::take(&mut self.events)
    }

    /// Waits for what comes next and takes it in; an error when what is due first is late. Cancel-safe.
    async fn receive(&mut self) -> Result<(), End> {
        let arrival = match self.pending.iter().min_by_key(|pending| pending.until) {
            None => self.transport.receive().await?,
            Some(first) => {
                let arrival = tokio::time::timeout_at(first.until, self.transport.receive()).await;
                let late = |_| {
                    let (channel, seconds) = (&first.channel, first.patience.as_secs());
                    End::Lost(format!("no answer to {channel} within {seconds} s"))
                };
                arrival.map_err(late)??
            }
        };
        self.take_in(arrival)
    }

    fn take_in(&mut self, arrival: Arrival) -> Result<(), End> {
        let received = Instant::now();
        if let Some(at) = arrival.at {
            self.around.clock.set(at);
        }
        let at =
            self.around.clock.now().ok_or_else(|| End::Lost("the org never said the time".to_owned()))?;
        self.events.size += arrival.size;
        for message in arrival.messages {
            if message.is_event() {
                let event = Event::read(&message.channel, message.data.as_deref(), received, at);
                self.events.events.push(event);
            } else if let Some(place) =
                self.pending.iter().position(|pending| message.answers(pending.id, &pending.channel))
            {
                let Pending { id, .. } = self.pending.remove(place);
                if let Some(advice) = &message.advice {
                    self.pace.follow(advice);
                }
                self.answers.push_back((id, Answer { message, at: arrival.at.unwrap_or(at) }));
            } else if message.channel == message::DISCONNECT {
                return Err(End::Lost("the org ended the session".to_owned()));
            }
        }
        if self.events.events.is_empty() {
            self.events.size = 0;
        }
        let missing = self.pending.iter().find(|pending| Some(pending.id) == arrival.answers);
        match missing {
            Some(missing) => Err(End::Lost(format!("the answer to {} is missing", missing.channel))),
            None => Ok(()),
        }
    }
}

impl Answer {
    /// Why the org does not grant what was asked; `None` when it does.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let error = || self.message.error.as_deref().unwrap_or_default();
        (self.message.successful != Some(true)).then(|| Refusal::read(error(), self.message.failure_reason()))
    }

    /// The org's words for why.
    pub(crate) fn reason(&self) -> &str {
        self.message.failure_reason().or(self.message.error.as_deref()).unwrap_or("no reason given")
    }

    /// The answer to what the session cannot do without, called `what`.
    pub(crate) fn granted(self, what: &str) -> Result<Self, End> {
        match self.refusal() {
            Some(Refusal::Session(remedy)) => Err(End::refused(remedy, what, self.reason())),
            // The org itself says that a new session helps.
            Some(Refusal::Channel(_)) if self.asks_for_handshake() => {
                Err(End::Lost(self.reason().to_owned()))
            }
            Some(Refusal::Channel(_)) => Err(End::lasting(what, self.reason())),
            None if self.asks_for_handshake() || self.reconnect() == Some("none") => {
                Err(End::Lost("the org asks for a new session".to_owned()))
            }
            None => Ok(self),
        }
    }

    /// Whether the org asks for a new session.
    pub(crate) fn asks_for_handshake(&self) -> bool {
        self.reconnect() == Some("handshake")
    }

    fn reconnect(&self) -> Option<&str> {
        self.message.advice.as_ref()?.reconnect.as_deref()
    }
}
