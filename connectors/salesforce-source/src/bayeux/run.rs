//! The state machine of the `/meta/*` messages.
//!
//! Whatever goes wrong ends the session and opens another one, which subscribes where the cursors stand: an answer
//! that is lost may have carried events, and only a new subscription brings them again. What is wrong with one
//! channel is said of that channel, and the session goes on without it.
//!
//! - `subscribe`: what is asked for
//! - `ended`: what is done between two sessions

mod ended;
mod subscribe;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bayeux::delivery::Delivery;
use crate::bayeux::end::End;
use crate::bayeux::exchange::{Answer, Exchange};
use crate::bayeux::handover::{Come, Handover};
use crate::bayeux::message;
use crate::bayeux::outlet::Outlet;
use crate::bayeux::preference::Preference;
use crate::bayeux::recovery::Recovery;
use crate::bayeux::session::Surroundings;
use crate::bayeux::subscriptions::{Subscription, Subscriptions};
use crate::bayeux::timing::Timing;
use crate::bayeux::transport::NoReply;
use crate::condition::Part;
use crate::counters::Count;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a connect is for.
const STREAMING: &str = "to go on streaming";

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

/// One session after the other.
pub(crate) struct Run {
    around: Surroundings,
    timing: Timing,
    /// What the source asks for beside what it asked for at the start.
    asks: mpsc::UnboundedReceiver<Subscription>,
    handover: Handover,
    exchange: Exchange,
    recovery: Recovery,
    preference: Preference,
    /// When the present session was opened.
    opened: Instant,
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
    pub(crate) fn new(
        around: Surroundings,
        timing: Timing,
        subscriptions: Subscriptions,
        asks: mpsc::UnboundedReceiver<Subscription>,
        outlet: Outlet,
    ) -> Self {
        let handover = Handover::new(subscriptions, outlet, Arc::clone(&around.counters), timing.room);
        let exchange = Exchange::new(&around, timing.clone());
        let recovery = Recovery::new(around.org.name(), &timing);
        let preference = Preference::new(around.stream.transport);
        Self { around, timing, asks, handover, exchange, recovery, preference, opened: Instant::now() }
    }

    /// Streams until it is stopped or cannot go on.
    pub(crate) async fn until(mut self, stop: CancellationToken) {
        let mut state = State::Closed;
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.go_on(&mut state) => {}
        }
        self.say_goodbye(&state).await;
    }

    async fn go_on(&mut self, state: &mut State) {
        loop {
            match self.step(state).await {
                Ok(next) => *state = next,
                Err(end) => {
                    if !self.ended(state, end).await {
                        return;
                    }
                }
            }
        }
    }

    /// Does what the state asks for, and says what the next one is.
    async fn step(&mut self, state: &State) -> Result<State, End> {
        match state {
            State::Closed => {
                self.until_wanted().await?;
                Ok(State::Shaken { client: self.handshake().await? })
            }
            State::Shaken { client } => {
                self.connect_at_once(client).await?;
                Ok(State::Subscribing { client: client.clone() })
            }
            State::Subscribing { client } => {
                self.subscribe_all(client).await?;
                Ok(State::Subscribed { client: client.clone() })
            }
            State::Subscribed { client } => {
                self.connect_at_once(client).await?;
                self.recovery.is_live();
                self.preference.is_live();
                self.around.condition.gets_on(Part::Stream);
                self.handover.outlet.deliver(Delivery::Live)?;
                Ok(State::Live { client: client.clone() })
            }
            State::Live { client } => {
                self.poll(client).await?;
                Ok(State::Live { client: client.clone() })
            }
        }
    }

    /// Waits for the first channel. Without one there is nothing to stream, and nothing is missed.
    async fn until_wanted(&mut self) -> Result<(), End> {
        if !self.handover.subscriptions.is_empty() {
            return Ok(());
        }
        self.around.condition.gets_on(Part::Stream);
        self.handover.outlet.deliver(Delivery::Live)?;
        let ask = self.asks.recv().await.ok_or(End::Unwanted)?;
        self.handover.subscriptions.ask(ask);
        self.around.condition.reconnects();
        self.handover.outlet.deliver(Delivery::Lost)
    }

    async fn handshake(&mut self) -> Result<String, End> {
        self.exchange.begin();
        // A new session can begin anywhere.
        while let Ok(ask) = self.asks.try_recv() {
            self.handover.subscriptions.ask(ask);
        }
        self.handover.subscriptions.begin();
        self.handover.subscriptions.wake(Instant::now());
        self.opened = Instant::now();
        let handshake = |id| message::handshake(id, self.preference.connection_types());
        let answer = self.exchange.request(handshake, self.timing.answer).await?;
        let Answer { message, .. } = answer.granted("a streaming session")?;
        // Without replay nothing could be resumed, and that would only show after a loss.
        if !message.grants_replay() {
            return Err(End::Busy("the org opened a session without replay".to_owned()));
        }
        let offers_web_socket = message.offers_web_socket();
        let client = message.client_id;
        let client =
            client.ok_or_else(|| End::Busy("the org opened a session without naming it".to_owned()))?;
        self.around.counters.count(Count::Session, 1);
        if offers_web_socket && self.preference.allows_web_sockets() {
            self.upgrade().await?;
        }
        Ok(client)
    }

    /// Goes on over a WebSocket, if one can be opened.
    async fn upgrade(&mut self) -> Result<(), End> {
        match self.exchange.upgrade().await {
            Ok(()) => self.around.counters.count(Count::WebSocket, 1),
            Err(NoReply::Token) => return Err(End::Token),
            Err(error) => self.preference.give_up(self.around.org.name(), &error.to_string()),
        }
        Ok(())
    }

    /// A connect that the org answers at once. It may leave events for the next answer.
    async fn connect_at_once(&mut self, client: &str) -> Result<(), End> {
        let connect = self.exchange.connect(client, true).await?;
        self.exchange.answered(connect).await?.granted(STREAMING)?;
        self.hand_over().await.map(drop)
    }

    /// One connect that is held, and what comes meanwhile: events, and what the source asks for.
    async fn poll(&mut self, client: &str) -> Result<(), End> {
        let (due, renewal) =
            (Instant::now() + self.exchange.interval(), self.opened + self.around.stream.renew_every);
        let mut connect = None;
        let mut empty = true;
        loop {
            let wakes = self.handover.subscriptions.next_wake();
            tokio::select! {
                () = tokio::time::sleep_until(due), if connect.is_none() => {
                    connect = Some((self.exchange.connect(client, false).await?, Instant::now()));
                }
                come = self.exchange.come() => {
                    come?;
                    // What time it was stands behind the events that came before.
                    empty &= self.hand_over().await? == Come::Nothing;
                    if let Some((id, sent)) = connect
                        && let Some(answer) = self.exchange.answer_to(id)
                    {
                        let Answer { at, .. } = answer.granted(STREAMING)?;
                        // One that anything answers at once proves nothing, not even that nothing waits.
                        let is_held = self.exchange.is_held(sent.elapsed(), empty);
                        if is_held {
                            self.recovery.is_good();
                        }
                        let empty = empty && is_held;
                        return self.handover.outlet.deliver(Delivery::Polled { at, empty });
                    }
                }
                Some(ask) = self.asks.recv() => {
                    if !self.handover.subscriptions.ask(ask) {
                        return Err(End::Replaced("a channel is to be read again from an earlier place"));
                    }
                    // Beside the held connect, as Bayeux foresees.
                    self.subscribe_all(client).await?;
                    // The connect under way says nothing of what was asked for after it.
                    empty = false;
                }
                () = tokio::time::sleep_until(wakes.unwrap_or(renewal)), if wakes.is_some() => {
                    self.handover.subscriptions.wake(Instant::now());
                    self.subscribe_all(client).await?;
                    empty = false;
                }
                () = tokio::time::sleep_until(renewal) => {
                    return Err(End::Replaced("it is replaced from time to time"));
                }
            }
        }
    }

    async fn hand_over(&mut self) -> Result<Come, End> {
        let come = self.exchange.events();
        let come = self.handover.take(come).await?;
        if come == Come::News {
            // Over a WebSocket events come long before the connect is answered.
            self.recovery.is_good();
        }
        Ok(come)
    }

    async fn say_goodbye(&mut self, state: &State) {
        if let Some(client) = state.client() {
            let goodbye = |id| message::disconnect(id, client);
            if let Err(end) = self.exchange.request(goodbye, GOODBYE).await {
                tracing::debug!(?end, "the org did not hear the goodbye; it ends the session by itself");
            }
        }
    }
}
