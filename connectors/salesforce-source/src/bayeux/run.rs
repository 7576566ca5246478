//! The state machine of the `/meta/*` messages.
//!
//! Whatever goes wrong ends the session and opens another one, which subscribes where the cursors stand: an answer
//! that is lost may have carried events, and only a new subscription brings them again. What is wrong with one
//! channel is said of that channel, and the session goes on without it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bayeux::delivery::{Delivery, Served};
use crate::bayeux::end::End;
use crate::bayeux::exchange::{Answer, Exchange};
use crate::bayeux::handover::Handover;
use crate::bayeux::message::{self, Replay};
use crate::bayeux::outlet::Outlet;
use crate::bayeux::preference::Preference;
use crate::bayeux::recovery::{Next, Recovery};
use crate::bayeux::refusal::{Refusal, Resort};
use crate::bayeux::session::Surroundings;
use crate::bayeux::subscriptions::{Subscription, Subscriptions};
use crate::bayeux::timing::Timing;
use crate::bayeux::transport::NoReply;
use crate::condition::Part;
use crate::counters::Count;
use crate::error::SourceError;

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
            State::Closed => Ok(State::Shaken { client: self.handshake().await? }),
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

    async fn handshake(&mut self) -> Result<String, End> {
        self.exchange.begin();
        // A new session can begin anywhere.
        while let Ok(ask) = self.asks.try_recv() {
            self.handover.subscriptions.ask(ask);
        }
        self.handover.subscriptions.begin();
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
            tokio::select! {
                () = tokio::time::sleep_until(due), if connect.is_none() => {
                    connect = Some(self.exchange.connect(client, false).await?);
                }
                come = self.exchange.come() => {
                    come?;
                    // What time it was stands behind the events that came before.
                    empty &= self.hand_over().await?;
                    if let Some(answer) = connect.and_then(|id| self.exchange.answer_to(id)) {
                        let Answer { at, .. } = answer.granted(STREAMING)?;
                        self.recovery.is_good();
                        return self.handover.outlet.deliver(Delivery::Polled { at, empty });
                    }
                }
                Some(ask) = self.asks.recv() => {
                    if !self.handover.subscriptions.ask(ask) {
                        return Err(End::Replaced("a channel is to be read again from an earlier place"));
                    }
                    // Beside the held connect, as Bayeux foresees.
                    empty &= self.subscribe_all(client).await?;
                }
                () = tokio::time::sleep_until(renewal) => {
                    return Err(End::Replaced("it is replaced from time to time"));
                }
            }
        }
    }

    /// Asks for every channel that is not answered yet; answers whether nothing came meanwhile.
    async fn subscribe_all(&mut self, client: &str) -> Result<bool, End> {
        let mut empty = true;
        while let Some(next) = self.handover.subscriptions.next().cloned() {
            self.subscribe(client, next).await?;
            empty &= self.hand_over().await?;
        }
        Ok(empty)
    }

    /// Subscribes where the cursor stands, or to what is retained where the org cannot serve that place.
    ///
    /// The newest event handed out is where the cursor stands, committed or not: what waits between here and the
    /// source's commit lives as long as this task does, and asking for it again would only cost allocation.
    async fn subscribe(&mut self, client: &str, wanted: Subscription) -> Result<(), End> {
        // A time before the subscription took effect, so that no event falls between the two; in whole seconds,
        // because events need not be dated more exactly.
        let now = self.around.clock.now();
        let at = now.ok_or_else(|| End::Lost("the org never said the time".to_owned()))?.whole_second();
        let mut asked = wanted.cursor.replay();
        loop {
            let build = |id| message::subscribe(id, client, &wanted.channel, asked);
            let answer = self.exchange.request(build, self.timing.answer).await?;
            match answer.refusal() {
                None => break,
                Some(Refusal::Channel(Resort::Retained)) if matches!(asked, Replay::After(_)) => {
                    let (channel, reason) = (&wanted.channel, answer.reason());
                    tracing::warn!(%channel, %reason, "the org cannot serve the replay id; asking for what it retains");
                    asked = Replay::Retained;
                }
                // The org itself says that a new session helps.
                Some(Refusal::Channel(Resort::Leave)) if answer.asks_for_handshake() => {
                    return Err(End::Lost(answer.reason().to_owned()));
                }
                Some(Refusal::Channel(resort)) => return self.leave_out(wanted, resort, answer.reason()),
                Some(Refusal::Session(remedy)) => {
                    let what = format!("the channel {}", wanted.channel);
                    return Err(End::refused(remedy, &what, answer.reason()));
                }
            }
        }
        let served = match asked {
            Replay::New => Served::New,
            Replay::After(_) => Served::WithoutBreak,
            Replay::Retained => Served::Retained,
        };
        let Subscription { channel, ask, .. } = wanted;
        self.handover.subscriptions.granted(&channel, at);
        // D9: before its events, so that a gap is found before anything behind it is produced.
        self.handover.outlet.deliver(Delivery::Subscribed { channel, ask, served, at })
    }

    /// The org refuses one channel, which is left out until the source asks for it again.
    fn leave_out(&mut self, refused: Subscription, resort: Resort, reason: &str) -> Result<(), End> {
        let Subscription { channel, ask, .. } = refused;
        let first = self.handover.subscriptions.refused(&channel);
        let (advice, after) = match resort {
            // Once: a channel that was made anew and is still not there needs somebody.
            Resort::MakeAnew if first => ("its PushTopic is made anew", Some(Duration::ZERO)),
            Resort::Limit => {
                ("lower the number of subscribers, or wait until others are gone", Some(self.timing.limited))
            }
            _ => (
                "check that the PushTopic exists and that the user may read it, its object and its fields",
                None,
            ),
        };
        let (org, what) = (self.around.org.name().to_owned(), format!("the channel {channel}"));
        let error = SourceError::Stream { org, what, reason: reason.to_owned(), advice };
        self.handover.outlet.deliver(Delivery::Refused { channel, ask, error, after })
    }

    async fn hand_over(&mut self) -> Result<bool, End> {
        let come = self.exchange.events();
        self.handover.take(come).await
    }

    /// Prepares for the next session; false when there is none.
    async fn ended(&mut self, state: &mut State, end: End) -> bool {
        if matches!(end, End::Replaced(_) | End::Full) {
            self.say_goodbye(state).await;
        }
        let was = std::mem::replace(state, State::Closed);
        if matches!(was, State::Live { .. }) && self.handover.outlet.deliver(Delivery::Lost).is_err() {
            return false;
        }
        let end = match end {
            End::Token => match self.exchange.refresh_token().await {
                Ok(()) => End::Token,
                Err(error) => End::unrefreshed(&error),
            },
            end => end,
        };
        let in_vain = self.exchange.is_upgraded() && !matches!(was, State::Live { .. });
        self.preference.ended(self.around.org.name(), &end, in_vain);
        // Nothing of it stays open while the next one has to wait.
        self.exchange.begin();
        let org = self.around.org.name();
        let condition = &self.around.condition;
        match self.recovery.after(end) {
            Next::Stop => return false,
            Next::Fail(error) => {
                // A source that is gone has no use for the error.
                self.handover.outlet.deliver(Delivery::Failed(error)).ok();
                return false;
            }
            Next::AtOnce(reason) => {
                tracing::info!(%org, %reason, "the streaming session is over; opening another");
                condition.reconnects();
            }
            Next::After(pause, reason) => {
                let text =
                    format!("org `{org}` does not stream: {reason}; trying again, events wait in the org");
                condition.waits(Part::Stream, text, Some(Instant::now() + pause));
                tokio::time::sleep(pause).await;
            }
            Next::WhenHalfEmpty => {
                let text = format!(
                    "Kafka takes the events of org `{org}` more slowly than they come; streaming rests until half of \
                     the {} MB that wait here are taken, further events wait in the org",
                    self.around.stream.buffer >> 20
                );
                condition.waits(Part::Stream, text, None);
                self.handover.outlet.half_empty().await;
            }
        }
        true
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
