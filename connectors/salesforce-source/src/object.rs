//! One object of a source: its channel, how far it is there, and what is still to be read or repaired.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::SourcePosition;
use tokio::time::Instant;

use crate::bayeux::Served;
use crate::channel::Channel;
use crate::config::Start;
use crate::event::Event;
use crate::gap;
use crate::moment::Moment;
use crate::position::{ChannelPosition, Gap};
use crate::record::Destination;
use crate::snapshot::Snapshot;

/// How much earlier than the org's own time all events are taken as delivered.
const LATENESS: Duration = Duration::from_mins(5);

/// How far a quiet channel's position lags behind before it is stored anew.
const LAG: Duration = Duration::from_mins(1);

/// How long a channel has to be silent before events of other channels say that its history is through.
const SILENCE: Duration = Duration::from_mins(1);

/// What never changes of an object while its source runs.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The API name, in the org's own case.
    pub(crate) name: String,
    pub(crate) channel: Channel,
    pub(crate) destination: Destination,
}

/// The state of one object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) target: Arc<Target>,
    /// As it is once the batch at hand is in Kafka; `None` before the first subscription.
    pub(crate) position: Option<ChannelPosition>,
    /// The gap that waits for its repair.
    pub(crate) gap: Option<Gap>,
    /// The snapshot that is not done yet.
    pub(crate) snapshot: Option<Snapshot>,
    /// Whether `position` says more than what is stored.
    pub(crate) unstored: bool,
    /// When this run last heard from the channel; `None` before its first subscription.
    heard: Option<Instant>,
}

/// What a granted subscription means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Granted {
    /// The stream begins here, which has to be stored before its first event.
    First,
    /// Nothing is missing, or what is missing is known and being repaired.
    GoesOn,
    /// Changes are missing.
    Gap(Gap),
}

impl Object {
    pub(crate) fn new(target: Target, position: Option<ChannelPosition>) -> Self {
        Self { target: Arc::new(target), position, gap: None, snapshot: None, unstored: false, heard: None }
    }

    /// Whether this run has subscribed to the channel.
    pub(crate) fn is_subscribed(&self) -> bool {
        self.heard.is_some()
    }

    /// The org granted the subscription.
    pub(crate) fn granted(
        &mut self,
        served: Served,
        at: Moment,
        start: Start,
        retention: Duration,
    ) -> Granted {
        // The first subscription of a run that repairs what is missing begins behind that.
        let repairing = !self.is_subscribed() && self.snapshot.as_ref().is_some_and(Snapshot::is_repair);
        self.heard = Some(Instant::now());
        let Some(position) = &self.position else {
            let from = if start == Start::Earliest { Moment::BEGINNING } else { at };
            self.position = Some(ChannelPosition { replay_id: None, as_of: at, from });
            self.unstored = true;
            return Granted::First;
        };
        match served {
            Served::Retained if !repairing => match gap::find(&self.target.name, position, at, retention) {
                Some(gap) => Granted::Gap(gap),
                None => Granted::GoesOn,
            },
            Served::Retained | Served::New | Served::WithoutBreak => Granted::GoesOn,
        }
    }

    /// An event of the channel is in the batch at hand.
    pub(crate) fn passed(&mut self, event: &Event) {
        self.heard = Some(Instant::now());
        if let Some(position) = &mut self.position {
            // A channel delivers in the order of its events, so nothing much older follows.
            position.as_of = position.as_of.max(Moment(event.created) - LATENESS);
            position.replay_id = position.replay_id.max(Some(event.replay_id));
            self.unstored = true;
        }
    }

    /// A held connect was answered at `at`, and the events before it are in the batch at hand.
    ///
    /// After a long absence the org delivers a channel's history in several answers. Only one without any event, or
    /// a channel that was silent for a while, says that the history is through; anything less would make the
    /// position younger than it is and hide a gap (D9).
    pub(crate) fn polled(&mut self, at: Moment, empty: bool) {
        let silent = self.heard.is_some_and(|heard| heard.elapsed() >= SILENCE);
        if let Some(position) = &mut self.position
            && (empty || silent)
            && position.as_of < at - LATENESS - LAG
        {
            position.as_of = at - LATENESS;
            self.unstored = true;
        }
    }

    /// The channel with its open gap.
    pub(crate) fn open_gap(&self) -> Option<(&Channel, &Gap)> {
        self.gap.as_ref().map(|gap| (&self.target.channel, gap))
    }

    /// The position to store, which then counts as stored.
    pub(crate) fn store(&mut self) -> Option<SourcePosition> {
        self.unstored = false;
        self.position.map(|position| position.stored(&self.target.channel))
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::EventType;
    use orgstream_salesforce::{OrgId, Row, SalesforceId};

    use super::*;
    use crate::position::GapState;
    use crate::replay_id::ReplayId;

    const NOW: Moment = Moment(1_767_262_830_000);
    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn object(position: Option<ChannelPosition>) -> Object {
        let destination =
            Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic: "t".to_owned() };
        let channel = Channel::of_push_topic("t");
        Object::new(Target { name: "Account".to_owned(), channel, destination }, position)
    }

    fn position(age: Duration) -> ChannelPosition {
        ChannelPosition { replay_id: Some(ReplayId(7)), as_of: NOW - age, from: NOW - DAY * 9 }
    }

    fn grant(object: &mut Object, served: Served) -> Granted {
        object.granted(served, NOW, Start::Latest, DAY)
    }

    #[test]
    fn the_first_subscription_is_stored_once() {
        let mut object = object(None);
        assert_eq!(grant(&mut object, Served::New), Granted::First);
        let first = object.position.unwrap();
        assert_eq!(first, ChannelPosition { replay_id: None, as_of: NOW, from: NOW });
        assert_eq!(object.granted(Served::Retained, NOW + HOUR, Start::Latest, DAY), Granted::GoesOn);
        assert_eq!(object.position, Some(first));
    }

    #[test]
    fn a_refused_replay_id_is_a_gap_only_when_the_position_is_old() {
        assert_eq!(grant(&mut object(Some(position(HOUR))), Served::Retained), Granted::GoesOn);
        assert_eq!(grant(&mut object(Some(position(HOUR * 30))), Served::WithoutBreak), Granted::GoesOn);
        let granted = grant(&mut object(Some(position(HOUR * 30))), Served::Retained);
        assert!(matches!(granted, Granted::Gap(gap) if gap.from == NOW - HOUR * 30 && gap.to == NOW));
    }

    #[test]
    fn a_gap_in_repair_is_not_found_again_but_a_second_one_is() {
        let mut object = object(Some(position(HOUR * 30)));
        object.snapshot = Some(Snapshot::new(Some(NOW - HOUR * 30)));
        object.gap = Some(Gap {
            object: "Account".to_owned(),
            from: NOW - HOUR * 30,
            to: NOW,
            cause: String::new(),
            state: GapState::Open,
        });
        assert_eq!(grant(&mut object, Served::Retained), Granted::GoesOn);
        assert!(matches!(grant(&mut object, Served::Retained), Granted::Gap(_)));
    }

    #[test]
    fn a_channel_whose_history_still_comes_does_not_grow_young() {
        let mut object = object(Some(position(HOUR * 5)));
        grant(&mut object, Served::WithoutBreak);
        let old = Event {
            channel: object.target.channel.clone(),
            replay_id: ReplayId(8),
            kind: EventType::Updated,
            created: (NOW - HOUR * 4).0,
            id: SalesforceId::parse("0015g00000QwErT").unwrap(),
            fields: Row::new(),
        };
        object.passed(&old);
        object.polled(NOW, false);
        assert_eq!(object.position.unwrap().as_of, NOW - HOUR * 4 - LATENESS);
        assert_eq!(object.position.unwrap().replay_id, Some(ReplayId(8)));
        object.polled(NOW, true);
        assert_eq!(object.position.unwrap().as_of, NOW - LATENESS);
        object.polled(NOW + LAG, true);
        assert_eq!(object.position.unwrap().as_of, NOW - LATENESS, "it is written once a minute");
    }
}
