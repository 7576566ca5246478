//! The streaming session: a state machine over the `/meta/*` messages, run as a task of its own.
//!
//! Whatever goes wrong ends the session and opens another one, which subscribes where the cursors stand: an answer
//! that is lost may have carried events, and only a new subscription brings them again. Passing trouble is waited
//! out without limit and shown as the task's condition; lasting trouble is handed to the source. What is wrong with one
//! channel is said of that channel, and the session goes on without it.

use std::sync::Arc;
use std::time::Duration;

use orgstream_salesforce::Org;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bayeux::delivery::{Delivery, Served};
use crate::bayeux::exchange::{End, Exchange};
use crate::bayeux::message::{self, Replay};
use crate::bayeux::refusal::Refusal;
use crate::bayeux::subscriptions::{Subscription, Subscriptions, Verdict};
use crate::bayeux::timing::Timing;
use crate::clock::OrgClock;
use crate::condition::{Condition, Part};
use crate::counters::{Count, SourceCounters};
use crate::event::Event;

/// Deliveries that wait for the source. A full queue holds the long poll back; the org keeps the events meanwhile.
const QUEUE: usize = 32;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the session's task shares with the rest of the source.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) org: Org,
    pub(crate) clock: Arc<OrgClock>,
    pub(crate) condition: Condition,
    pub(crate) counters: Arc<SourceCounters>,
}

/// The handle on a session's task. Dropping it ends the task.
#[derive(Debug)]
pub(crate) struct Session {
    stop: CancellationToken,
    asks: mpsc::UnboundedSender<Subscription>,
    task: Option<JoinHandle<()>>,
}

/// Where the session is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// No session.
    Closed,
    /// The handshake is done, no connect sent.
    Shaken { client: String },
    /// The first connect is answered, and subscriptions are asked for.
    Subscribing { client: String },
    /// All subscriptions are answered, and no connect was answered since.
    Subscribed { client: String },
    /// Connects are held.
    Live { client: String },
}

/// What a session before the present one came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It answered held connects, or there was none.
    Good,
    /// It ended before that, so that opening another at once could go on for ever.
    Failed,
}

struct Run {
    around: Surroundings,
    timing: Timing,
    subscriptions: Subscriptions,
    /// What the source asks for beside them.
    asks: mpsc::UnboundedReceiver<Subscription>,
    out: mpsc::Sender<Delivery>,
    exchange: Exchange,
    /// When the present session was opened.
    opened: Instant,
    before: Before,
}

impl Session {
    /// Starts the task. Deliveries come out of the receiver, which ends when the session failed or was stopped.
    pub(crate) fn start(
        around: Surroundings,
        timing: Timing,
        subscriptions: Vec<Subscription>,
    ) -> (Self, mpsc::Receiver<Delivery>) {
        let (out, deliveries) = mpsc::channel(QUEUE);
        let (ask, asks) = mpsc::unbounded_channel();
        let subscriptions = Subscriptions::new(subscriptions);
        let stop = CancellationToken::new();
        let exchange = Exchange::new(around.org.clone(), Arc::clone(&around.clock));
        let (opened, before) = (Instant::now(), Before::Good);
        let run = Run { around, timing, subscriptions, asks, out, exchange, opened, before };
        let task = tokio::spawn(run.until(stop.clone()));
        (Self { stop, asks: ask, task: Some(task) }, deliveries)
    }

    /// Asks for a channel, be it anew and at another place, as soon as the present connect is answered.
    pub(crate) fn ask(&self, subscription: Subscription) {
        // A task that is gone says so by the end of its deliveries.
        self.asks.send(subscription).ok();
    }

    /// Ends the session with the org and waits for the task.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the streaming session's task ended badly");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl State {
    fn client(&self) -> Option<&str> {
        match self {
            Self::Closed => None,
            Self::Shaken { client }
            | Self::Subscribing { client }
            | Self::Subscribed { client }
            | Self::Live { client } => Some(client),
        }
    }
}

impl Run {
    async fn until(mut self, stop: CancellationToken) {
        let mut state = State::Closed;
        let stopped = stop.cancelled();
        tokio::select! {
            biased;
            () = stopped => {}
            () = self.go_on(&mut state) => {}
        }
        if let Some(client) = state.client() {
            let goodbye = |id| message::disconnect(id, client);
            if let Err(end) = self.exchange.send(goodbye, GOODBYE).await {
                tracing::debug!(?end, "the org did not hear the goodbye; it ends the session by itself");
            }
        }
    }

    /// Runs until the stream cannot go on.
    async fn go_on(&mut self, state: &mut State) {
        loop {
            match self.step(state).await {
                Ok(next) => *state = next,
                Err(end) => {
                    let was = std::mem::replace(state, State::Closed);
                    if !self.ended(&was, end).await {
                        return;
                    }
                }
            }
        }
    }

    /// Does what the state asks for, and says what the next one is.
    async fn step(&mut self, state: &State) -> Result<State, End> {
        match state {
            State::Closed => Ok(State::Shaken { client: self.handshake().await? }),
            State::Shaken { client } => {
                self.connect_at_once(client).await?;
                Ok(State::Subscribing { client: client.clone() })
            }
            State::Subscribing { client } => {
                while let Some(next) = self.subscriptions.next().cloned() {
                    self.subscribe(client, next).await?;
                }
                Ok(State::Subscribed { client: client.clone() })
            }
            State::Subscribed { client } => {
                self.connect_at_once(client).await?;
                self.around.condition.gets_on(Part::Stream);
                self.deliver(Delivery::Live).await?;
                Ok(State::Live { client: client.clone() })
            }
            State::Live { .. } if self.opened.elapsed() >= self.timing.renewal => {
                Err(End::Lost("it is replaced from time to time".to_owned()))
            }
            State::Live { client } => {
                if !self.take_asks() {
                    return Err(End::Lost("a channel is to be read again from an earlier place".to_owned()));
                }
                while let Some(next) = self.subscriptions.next().cloned() {
                    self.subscribe(client, next).await?;
                }
                tokio::time::sleep(self.exchange.interval).await;
                self.connect_held(client).await?;
                Ok(State::Live { client: client.clone() })
            }
        }
    }

    /// Takes over what the source asks for; false when that takes another session.
    fn take_asks(&mut self) -> bool {
        let mut fits = true;
        while let Ok(ask) = self.asks.try_recv() {
            fits &= self.subscriptions.ask(ask);
        }
        fits
    }

    async fn handshake(&mut self) -> Result<String, End> {
        self.exchange.begin(self.timing.held);
        // A new session can begin anywhere.
        self.take_asks();
        self.subscriptions.begin();
        self.opened = Instant::now();
        let answer =
            self.exchange.granted("a streaming session", message::handshake, self.timing.answer).await?;
        // Without replay nothing could be resumed, and that would only show after a loss.
        if !answer.message.grants_replay() {
            return Err(End::Busy("the org opened a session without replay".to_owned()));
        }
        let client = answer.message.client_id;
        let client =
            client.ok_or_else(|| End::Busy("the org opened a session without naming it".to_owned()))?;
        self.around.counters.count(Count::Session, 1);
        Ok(client)
    }

    /// A connect that the org answers at once. It may leave events for the next answer.
    async fn connect_at_once(&mut self, client: &str) -> Result<(), End> {
        let build = |id| message::connect(id, client, true);
        let patience = self.exchange.held + self.timing.margin;
        let answer = self.exchange.granted("to go on streaming", build, patience).await?;
        self.hand_over(answer.events).await
    }

    /// A connect that the org answers when there are events, or after the time of its advice. The watchdog: one
    /// that outlasts this time means that the session is dead.
    async fn connect_held(&mut self, client: &str) -> Result<(), End> {
        let build = |id| message::connect(id, client, false);
        let patience = self.exchange.held + self.timing.margin;
        let answer = self.exchange.granted("to go on streaming", build, patience).await?;
        self.before = Before::Good;
        self.timing.retry.reset();
        self.timing.busy.reset();
        let empty = answer.events.is_empty();
        self.hand_over(answer.events).await?;
        self.deliver(Delivery::Polled { at: answer.at, empty }).await
    }

    /// Subscribes where the cursor stands, or to what is retained where the org cannot serve that place.
    ///
    /// The newest event handed out is where the cursor stands, committed or not: what waits between here and the
    /// source's commit lives as long as this task does, and asking for it again would only cost allocation.
    ///
    /// A channel that the org refuses does not end the session.
    async fn subscribe(&mut self, client: &str, wanted: Subscription) -> Result<(), End> {
        let Subscription { channel, cursor, ask } = wanted;
        // A time before the subscription took effect, so that no event falls between the two; in whole seconds,
        // because events need not be dated more exactly.
        let now = self.around.clock.now();
        let at = now.ok_or_else(|| End::Lost("the org never said the time".to_owned()))?.whole_second();
        let mut asked = cursor.replay();
        let answer = loop {
            let build = |id| message::subscribe(id, client, &channel, asked);
            let answer = self.exchange.send(build, self.timing.answer).await?;
            match answer.refusal() {
                None => break answer,
                Some(Refusal::ReplayId) if matches!(asked, Replay::After(_)) => {
                    let reason = answer.message.error.unwrap_or_default();
                    tracing::warn!(%channel, %reason, "the org cannot serve the replay id; asking for what it retains");
                    self.hand_over(answer.events).await?;
                    asked = Replay::Retained;
                }
                Some(_) => match self.exchange.end(&format!("the channel {channel}"), &answer.message) {
                    End::Failed(error) => {
                        self.subscriptions.refused(&channel);
                        self.deliver(Delivery::Refused { channel, ask, error }).await?;
                        return self.hand_over(answer.events).await;
                    }
                    end => return Err(end),
                },
            }
        };
        let served = match asked {
            Replay::New => Served::New,
            Replay::After(_) => Served::WithoutBreak,
            Replay::Retained => Served::Retained,
        };
        self.subscriptions.granted(&channel, at);
        // D9: before its events, so that a gap is found before anything behind it is produced.
        self.deliver(Delivery::Subscribed { channel, ask, served, at }).await?;
        self.hand_over(answer.events).await
    }

    /// Hands over what is news.
    async fn hand_over(&mut self, events: Vec<Event>) -> Result<(), End> {
        let mut news = Vec::with_capacity(events.len());
        for event in events {
            match self.subscriptions.judge(&event) {
                Verdict::News => news.push(event),
                Verdict::Repeated => self.around.counters.count(Count::Repeated, 1),
                Verdict::Unwanted => {
                    tracing::debug!(channel = %event.channel, "an event of a channel that is not read");
                }
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        self.around.counters.count(Count::Event, news.len());
        self.deliver(Delivery::Events(news)).await
    }

    async fn deliver(&self, delivery: Delivery) -> Result<(), End> {
        self.out.send(delivery).await.map_err(|_| End::Unwanted)
    }

    /// Prepares for the next session; false when there is none.
    async fn ended(&mut self, was: &State, end: End) -> bool {
        if matches!(was, State::Live { .. }) && self.deliver(Delivery::Lost).await.is_err() {
            return false;
        }
        let (reason, pause) = match end {
            End::Unwanted => return false,
            End::Failed(error) => {
                // A source that is gone has no use for the error.
                self.deliver(Delivery::Failed(error)).await.ok();
                return false;
            }
            End::Token => match self.exchange.refresh_token().await {
                Ok(()) => ("the token is not accepted".to_owned(), self.retry_pause()),
                Err(error) => (error.to_string(), Some(self.timing.busy.pause())),
            },
            End::Lost(reason) => (reason, self.retry_pause()),
            End::Busy(reason) => (reason, Some(self.timing.busy.pause())),
        };
        self.before = Before::Failed;
        let org = self.around.org.name();
        match pause {
            None => {
                tracing::info!(%org, %reason, "the streaming session is lost; opening another");
                self.around.condition.reconnects();
            }
            Some(pause) => {
                let text =
                    format!("org `{org}` does not stream: {reason}; trying again, events wait in the org");
                self.around.condition.waits(Part::Stream, text, Some(Instant::now() + pause));
                tokio::time::sleep(pause).await;
            }
        }
        true
    }

    /// A session that was good is replaced at once; after one that never was, a pause.
    fn retry_pause(&mut self) -> Option<Duration> {
        (self.before == Before::Failed).then(|| self.timing.retry.pause())
    }
}
