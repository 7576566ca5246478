//! One subscription of a source: how far it is in its channel, and whether its events are taken.
//!
//! A channel and the objects whose changes it brings are two things: a feed knows positions, an
//! [`Object`](crate::object::Object) knows rows.

use std::time::Duration;

use orgstream_api::{Flow, SourcePosition};
use tokio::time::Instant;

use crate::bayeux::{Cursor, Place, Served, Subscription};
use crate::channel::{Channel, Family};
use crate::config::Start;
use crate::event::{Event, What};
use crate::gap::{self, Missing};
use crate::moment::Moment;
use crate::position::{Cause, ChannelPosition};

/// How much earlier than the org's own time all events are taken as delivered.
const LATENESS: Duration = Duration::from_mins(5);

/// How far a quiet channel's position lags behind before it is stored anew.
const LAG: Duration = Duration::from_mins(1);

/// How far a channel that is subscribed has to be behind for its history to count as such.
const BEHIND: Duration = Duration::from_mins(10);

/// How long a channel has to bring nothing before all that it retains counts as delivered.
const QUIET: Duration = Duration::from_secs(5);

/// How long a channel has to be silent before events of other channels say that its history is through.
const SILENCE: Duration = Duration::from_mins(1);

/// The state of one channel.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) channel: Channel,
    /// As it is once the batch at hand is in Kafka; `None` before the first subscription.
    pub(crate) position: Option<ChannelPosition>,
    /// The objects whose changes it brings, by index.
    pub(crate) objects: Vec<usize>,
    /// Whether `position` says more than what is stored.
    pub(crate) unstored: bool,
    standing: FeedStanding,
    /// How often the source has asked for it beside the first time. Answers to earlier asks mean nothing.
    asks: u32,
    /// How long the org retains its events.
    retention: Duration,
    /// Its history up to here is still to come; `None` when that is through.
    behind: Option<Moment>,
    /// When this run last heard from the channel; `None` before its first subscription.
    heard: Option<Instant>,
    /// The same by the org's clock, as it was when the answer came: what waits here for its turn makes nobody silent.
    heard_at: Moment,
    /// Whether events came since the last held connect was answered.
    speaks: bool,
    /// What is known of the events that nothing raised.
    raised: Raised,
}

/// Whether what raises a channel's events did so all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Raised {
    /// As far as is known.
    #[default]
    Always,
    /// It was made or changed then; nobody knows what was before.
    Since(Moment),
    /// It was not there, or raised fewer events, and that from this time on, where it is known.
    NotSince(Option<Moment>),
}

/// Whether a channel delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FeedStanding {
    /// Nobody has asked for it.
    Unasked,
    /// The session has not said yet whether the org grants it.
    Asked,
    /// It was held, and the session has not said yet whether the org grants it again. Nothing waits for that.
    AskedAgain,
    /// Its events are taken.
    Granted,
    /// The org is at a limit. Its events wait there, behind the position.
    Resting,
    /// The org refuses it, or an object of it fails. Its events are passed over and its position stays, so that they
    /// come again.
    Held,
}

/// What a granted subscription means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Granted {
    /// The stream begins here, which has to be stored before its first event.
    First,
    /// Nothing is missing.
    GoesOn,
    /// Changes are missing.
    Gap {
        /// Which.
        missing: Missing,
        /// Whether it is the first subscription of this run, behind which a repair that is under way begins.
        first: bool,
    },
    /// Nothing came for longer than the org retains events; changes may be missing all the same.
    Doubt(Missing),
}

impl Feed {
    /// A feed that is part of a source from its start.
    pub(crate) fn new(channel: Channel, position: Option<ChannelPosition>, retention: Duration) -> Self {
        Self {
            channel,
            position,
            objects: Vec::new(),
            unstored: false,
            standing: FeedStanding::Unasked,
            asks: 0,
            retention,
            behind: None,
            heard: None,
            heard_at: Moment::BEGINNING,
            speaks: false,
            raised: Raised::Always,
        }
    }

    /// What to ask the session for; `start` decides where nothing is stored.
    pub(crate) fn subscription(&mut self, start: Start) -> Subscription {
        if self.standing == FeedStanding::Unasked {
            self.standing = FeedStanding::Asked;
        }
        let cursor = match self.position {
            Some(ChannelPosition { replay_id: Some(newest), as_of, from, .. }) => {
                Cursor::After(Place { newest, raised: as_of + LATENESS, from })
            }
            Some(ChannelPosition { from, .. }) => Cursor::Since(from),
            None if start == Start::Earliest => Cursor::Since(Moment::BEGINNING),
            None => Cursor::New,
        };
        Subscription { channel: self.channel.clone(), cursor, ask: self.asks }
    }

    /// Whether its events are taken.
    pub(crate) fn is_granted(&self) -> bool {
        self.standing == FeedStanding::Granted
    }

    /// Whether its events wait in the org, which is at a limit.
    pub(crate) fn is_resting(&self) -> bool {
        self.standing == FeedStanding::Resting
    }

    /// The org is at a limit, and the session asks for the channel again by itself.
    pub(crate) fn rests(&mut self) {
        self.standing = FeedStanding::Resting;
    }

    /// Whether nobody waits for its first answer any more.
    pub(crate) fn is_settled(&self) -> bool {
        !matches!(self.standing, FeedStanding::Unasked | FeedStanding::Asked)
    }

    /// Whether an answer of the session is to the newest ask, and still wanted.
    pub(crate) fn expects(&self, ask: u32) -> bool {
        ask == self.asks && self.standing != FeedStanding::Held
    }

    /// Whether the session was asked for it, and is not to forget that.
    pub(crate) fn is_asked(&self) -> bool {
        !matches!(self.standing, FeedStanding::Unasked | FeedStanding::Held)
    }

    /// Takes nothing of it any more until it is asked for again.
    pub(crate) fn hold(&mut self) {
        self.standing = FeedStanding::Held;
    }

    /// Is to be asked for again, from the position on.
    pub(crate) fn ask_again(&mut self) {
        self.standing = FeedStanding::AskedAgain;
        self.asks += 1;
    }

    /// What raises its events was not there before now, or raised fewer; `since` when, where that is known.
    pub(crate) fn raises_again(&mut self, since: Option<Moment>) {
        self.raised = Raised::NotSince(since);
    }

    /// What raises its events is as it is to be, and was made or changed then.
    pub(crate) fn was_modified(&mut self, at: Option<Moment>) {
        self.raised = at.map_or(Raised::Always, Raised::Since);
    }

    /// What it misses up to `at` is on record.
    pub(crate) fn passed_gap(&mut self, at: Moment) {
        if let Some(position) = &mut self.position {
            position.as_of = position.as_of.max(at);
            self.unstored = true;
        }
    }

    /// Takes only what happens from `at` on, whatever the org still retains.
    pub(crate) fn begins_at(&mut self, at: Moment) {
        self.position = Some(ChannelPosition { replay_id: None, newest: None, as_of: at, from: at });
        self.unstored = true;
        self.ask_again();
    }

    /// Whether everything came that is older than a minute at `now`.
    pub(crate) fn is_current(&self, now: Moment) -> bool {
        let is_quiet = self.heard.is_some_and(|heard| heard.elapsed() >= QUIET);
        let is_young = self.position.is_some_and(|position| position.as_of >= now - LATENESS - LAG);
        // One that rests brings nothing that could be waited for.
        self.is_resting() || self.is_granted() && (is_quiet || (is_young && self.behind.is_none()))
    }

    /// The org granted the subscription.
    pub(crate) fn granted(&mut self, served: Served, at: Moment, start: Start) -> Granted {
        let first = self.heard.is_none();
        let raised = std::mem::take(&mut self.raised);
        self.heard = Some(Instant::now());
        self.heard_at = at;
        self.standing = FeedStanding::Granted;
        let is_old = self.position.map_or(start == Start::Earliest, |known| known.as_of < at - BEHIND);
        self.behind = is_old.then_some(at);
        let Some(position) = &self.position else {
            let from = if start == Start::Earliest { Moment::BEGINNING } else { at };
            self.position = Some(ChannelPosition { replay_id: None, newest: None, as_of: at, from });
            self.unstored = true;
            return Granted::First;
        };
        let unraised = match raised {
            Raised::NotSince(since) => Some(since.map_or(position.as_of, |since| since.min(position.as_of))),
            // A run that made or changed it and was killed could not put that on record.
            Raised::Since(since) => (since > position.as_of + LATENESS + LAG).then_some(position.as_of),
            Raised::Always => None,
        };
        if let Some(from) = unraised {
            let missing = Missing { from, to: at, cause: Cause::ChannelChanged };
            return Granted::Gap { missing, first };
        }
        match served {
            Served::Retained { limited } => match gap::find(position, at, self.retention) {
                Some(missing) => {
                    let cause = if limited { Cause::SubscriptionLimit } else { missing.cause };
                    Granted::Gap { missing: Missing { cause, ..missing }, first }
                }
                None => self.suspects(at).map_or(Granted::GoesOn, Granted::Doubt),
            },
            Served::New | Served::WithoutBreak => Granted::GoesOn,
        }
    }

    /// What may be missing though the position is young; told once for the same events.
    fn suspects(&mut self, at: Moment) -> Option<Missing> {
        let is_on_bus = matches!(self.channel.family(), Some(Family::Change | Family::Platform));
        let position = self.position.as_mut().filter(|_| is_on_bus)?;
        let missing = gap::suspect(position, at, self.retention)?;
        position.newest = Some(at);
        self.unstored = true;
        Some(missing)
    }

    /// Whether what happens comes, provided that the session delivers and its objects are well.
    pub(crate) fn flow(&self) -> Flow {
        match self.standing {
            FeedStanding::Granted if self.behind.is_none() => Flow::Live,
            FeedStanding::Granted => Flow::CatchingUp,
            FeedStanding::Unasked
            | FeedStanding::Asked
            | FeedStanding::AskedAgain
            | FeedStanding::Held
            | FeedStanding::Resting => Flow::Connecting,
        }
    }

    /// An event of the channel is in the batch at hand. Answers what may be missing before it: an org that numbers its
    /// events anew has moved, and nothing says that all of them came along.
    pub(crate) fn passed(&mut self, event: &Event) -> Option<Missing> {
        self.heard = Some(Instant::now());
        self.speaks = true;
        self.behind = self.behind.filter(|until| event.created < *until);
        let position = self.position.as_mut()?;
        let is_anew = event.replay_id.is_some_and(|id| position.replay_id.is_some_and(|newest| id <= newest));
        let missing = Missing { from: position.as_of, to: event.created, cause: Cause::ExpiredReplayId };
        // A channel delivers in the order of its events, so nothing much older follows.
        if !matches!(event.what, What::Unreadable(_)) {
            position.as_of = position.as_of.max(event.created - LATENESS);
        }
        position.replay_id = event.replay_id.or(position.replay_id);
        position.newest = position.newest.max(Some(event.created));
        self.unstored = true;
        (is_anew && missing.from < missing.to).then_some(missing)
    }

    /// A held connect was answered at `at`, and the events before it are in the batch at hand.
    ///
    /// After a long absence the org delivers a channel's history in several answers. Only one without any event, or
    /// a channel that was silent for a while, says that the history is through; anything less would make the
    /// position younger than it is and hide a gap (D9).
    pub(crate) fn polled(&mut self, at: Moment, empty: bool) {
        if std::mem::take(&mut self.speaks) {
            self.heard_at = at;
        }
        if !self.is_granted() || !(empty || self.heard_at + SILENCE <= at) {
            return;
        }
        self.behind = None;
        if let Some(position) = &mut self.position
            && position.as_of < at - LATENESS - LAG
        {
            position.as_of = at - LATENESS;
            self.unstored = true;
        }
    }

    /// What to store, now that a batch is on its way.
    pub(crate) fn store(&mut self) -> Option<SourcePosition> {
        self.unstored = false;
        self.position.map(|position| position.stored(&self.channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bayeux::message::Replay;
    use crate::replay_id::ReplayId;

    const NOW: Moment = Moment(1_767_262_830_000);
    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn feed(position: Option<ChannelPosition>) -> Feed {
        Feed::new(Channel::of_push_topic("t"), position, DAY)
    }

    fn position(age: Duration) -> ChannelPosition {
        let newest = Some(NOW - age);
        ChannelPosition { replay_id: Some(ReplayId(7)), newest, as_of: NOW - age, from: NOW - DAY * 9 }
    }

    fn grant(feed: &mut Feed, served: Served) -> Granted {
        feed.granted(served, NOW, Start::Latest)
    }

    fn event(replay_id: i64, created: Moment) -> Event {
        Event { created, ..Event::sample("t", replay_id) }
    }

    #[test]
    fn the_first_subscription_is_stored_once() {
        let mut feed = feed(None);
        assert_eq!(grant(&mut feed, Served::New), Granted::First);
        let first = feed.position.unwrap();
        assert_eq!(first, ChannelPosition { replay_id: None, newest: None, as_of: NOW, from: NOW });
        assert_eq!(
            feed.granted(Served::Retained { limited: false }, NOW + HOUR, Start::Latest),
            Granted::GoesOn
        );
        assert_eq!(feed.position, Some(first));
    }

    #[test]
    fn a_refused_replay_id_is_a_gap_only_when_the_position_is_old() {
        assert_eq!(
            grant(&mut feed(Some(position(HOUR))), Served::Retained { limited: false }),
            Granted::GoesOn
        );
        assert_eq!(grant(&mut feed(Some(position(HOUR * 30))), Served::WithoutBreak), Granted::GoesOn);
        let mut feed = feed(Some(position(HOUR * 30)));
        for wanted in [true, false] {
            let Granted::Gap { missing, first } = grant(&mut feed, Served::Retained { limited: false })
            else {
                panic!()
            };
            assert_eq!((missing.from, missing.to, first), (NOW - HOUR * 30, NOW, wanted));
        }
    }

    #[test]
    fn a_channel_whose_history_still_comes_does_not_grow_young() {
        let mut feed = feed(Some(position(HOUR * 5)));
        grant(&mut feed, Served::WithoutBreak);
        feed.passed(&event(8, NOW - HOUR * 4));
        feed.polled(NOW, false);
        assert_eq!(feed.position.unwrap().as_of, NOW - HOUR * 4 - LATENESS);
        assert_eq!(feed.position.unwrap().replay_id, Some(ReplayId(8)));
        feed.polled(NOW, true);
        assert_eq!(feed.position.unwrap().as_of, NOW - LATENESS);
        feed.polled(NOW + LAG, true);
        assert_eq!(feed.position.unwrap().as_of, NOW - LATENESS, "it is written once a minute");
    }

    #[test]
    fn a_channel_is_silent_by_the_orgs_time_and_not_by_how_long_its_events_wait_here() {
        let mut feed = feed(Some(position(HOUR * 5)));
        grant(&mut feed, Served::WithoutBreak);
        feed.polled(NOW + SILENCE / 2, false);
        assert_eq!(feed.position, Some(position(HOUR * 5)), "its history may stand behind that of another");
        feed.passed(&event(8, NOW - HOUR));
        feed.polled(NOW + SILENCE, false);
        assert_eq!(feed.position.unwrap().as_of, NOW - HOUR - LATENESS);
        feed.polled(NOW + SILENCE * 2, false);
        assert_eq!(feed.position.unwrap().as_of, NOW + SILENCE * 2 - LATENESS);
    }

    #[test]
    fn a_bus_that_brought_nothing_for_days_is_doubted_once() {
        let quiet = ChannelPosition { newest: Some(NOW - DAY * 4), ..position(HOUR) };
        let of = |name: &str| Feed::new(Channel::named(name), Some(quiet), DAY * 3);
        let mut feed = of("/data/LeadChangeEvent");
        let served = Served::Retained { limited: false };
        let Granted::Doubt(missing) = grant(&mut feed, served) else { panic!() };
        assert_eq!((missing.from, missing.to), (NOW - DAY * 4, NOW));
        assert_eq!(grant(&mut feed, served), Granted::GoesOn, "it was told");
        assert_eq!(grant(&mut of("/data/LeadChangeEvent"), Served::WithoutBreak), Granted::GoesOn);
        assert_eq!(grant(&mut of("/topic/Lead"), served), Granted::GoesOn);
    }

    #[test]
    fn what_an_org_numbers_anew_leaves_a_gap_once() {
        let mut feed = feed(Some(position(HOUR)));
        grant(&mut feed, Served::Retained { limited: false });
        assert_eq!(feed.passed(&event(8, NOW - HOUR / 2)), None);
        let missing = feed.passed(&event(3, NOW)).expect("it is behind a newer number");
        assert_eq!((missing.from, missing.to), (NOW - HOUR / 2 - LATENESS, NOW));
        assert_eq!(feed.position.unwrap().replay_id, Some(ReplayId(3)));
        assert_eq!(feed.passed(&event(4, NOW)), None);
    }

    #[test]
    fn a_channel_that_is_held_keeps_its_place_until_it_is_granted_from_there() {
        let mut feed = feed(Some(position(HOUR * 5)));
        grant(&mut feed, Served::WithoutBreak);
        feed.hold();
        feed.polled(NOW, true);
        assert_eq!(feed.position, Some(position(HOUR * 5)), "it would hide what is passed over");
        assert!(
            !feed.is_granted() && !feed.expects(0),
            "a session of its own accord subscribes further ahead"
        );
        feed.ask_again();
        assert!(feed.is_settled() && !feed.is_granted(), "what is still on its way is passed over too");
        assert!(!feed.expects(0) && feed.expects(1));
        let asked = feed.subscription(Start::Latest);
        assert_eq!((asked.cursor.replay(), asked.ask), (Replay::After(ReplayId(7)), 1));
        grant(&mut feed, Served::WithoutBreak);
        assert!(feed.is_granted());
    }
}
