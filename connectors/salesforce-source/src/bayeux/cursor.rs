//! How far a subscription is, and which events are still news to it. Pure.
//!
//! It outlives sessions: a new session subscribes where the cursor stands, and what the org then sends a second
//! time is dropped here, so no (channel, replay id) is handed out twice. An org that moves to another instance may
//! number its events anew; these are told from old ones by when they were raised.

use crate::bayeux::message::Replay;
use crate::event::{Event, What};
use crate::moment::Moment;
use crate::replay_id::ReplayId;

/// The place of a subscription in its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Nothing was ever subscribed; the stream begins with the subscription.
    New,
    /// No event came yet; those from this time on are the source's.
    Since(Moment),
    /// Behind an event that was handed out.
    After(Place),
}

/// The place behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The newest event that was handed out.
    pub(crate) newest: ReplayId,
    /// Neither it nor anything before it was raised later.
    pub(crate) raised: Moment,
    /// Events from before this are not the source's, whatever their ids.
    pub(crate) from: Moment,
}

impl Cursor {
    /// Where to subscribe.
    pub(crate) fn replay(self) -> Replay {
        match self {
            Self::New => Replay::New,
            // Asking for new events only would lose those since the first subscription.
            Self::Since(_) => Replay::Retained,
            Self::After(place) => Replay::After(place.newest),
        }
    }

    /// The org granted a subscription. `at` is a time by its clock shortly before.
    pub(crate) fn subscribed(&mut self, at: Moment) {
        if *self == Self::New {
            *self = Self::Since(at);
        }
    }

    /// Whether `event` is news; moves past it if so.
    pub(crate) fn admits(&mut self, event: &Event) -> bool {
        let created = event.created;
        // When an unreadable one was raised is not certain.
        let is_later = |raised| created > raised && !matches!(event.what, What::Unreadable(_));
        let (news, raised, from) = match *self {
            Self::New => (true, created, Moment::BEGINNING),
            Self::Since(from) => (created >= from, created, from),
            Self::After(Place { newest, raised, from }) => {
                // One that does not tell its place is unreadable: to keep it twice is better than not at all.
                let is_next = event.replay_id.is_none_or(|id| id > newest || is_later(raised));
                (is_next && created >= from, raised.max(created), from)
            }
        };
        if let (true, Some(newest)) = (news, event.replay_id) {
            *self = Self::After(Place { newest, raised, from });
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Unreadable;

    fn event(replay_id: i64, created: i64) -> Event {
        Event { created: Moment(created), ..Event::sample("x", replay_id) }
    }

    #[test]
    fn events_from_before_the_first_subscription_are_not_news() {
        let mut cursor = Cursor::New;
        assert_eq!(cursor.replay(), Replay::New);
        cursor.subscribed(Moment(1000));
        assert_eq!(cursor.replay(), Replay::Retained);
        assert!(!cursor.admits(&event(5, 999)));
        assert!(cursor.admits(&event(6, 1000)));
        cursor.subscribed(Moment(9000));
        assert_eq!(cursor.replay(), Replay::After(ReplayId(6)));
        assert!(!cursor.admits(&event(7, 999)), "its id tells nothing of a stream that had not begun");
    }

    #[test]
    fn events_that_are_numbered_anew_are_news() {
        let mut cursor = Cursor::Since(Moment(1000));
        assert!(cursor.admits(&event(5_000, 2000)) && cursor.admits(&event(5_001, 1990)));
        assert!(!cursor.admits(&event(5_000, 2000)) && !cursor.admits(&event(5_001, 1990)));
        assert!(cursor.admits(&event(10, 2001)));
        assert_eq!(cursor.replay(), Replay::After(ReplayId(10)));
        assert!(!cursor.admits(&event(10, 2001)) && cursor.admits(&event(11, 2001)));
    }

    #[test]
    fn an_unreadable_event_neither_comes_again_nor_opens_what_was_before_the_stream() {
        let unreadable = |replay_id, created| {
            let what = What::Unreadable(Unreadable { reason: String::new(), raw: String::new() });
            Event { what, ..event(replay_id, created) }
        };
        let mut cursor = Cursor::Since(Moment(1000));
        // What does not say when it was raised counts as raised when it came.
        assert!(cursor.admits(&unreadable(5, 9000)));
        assert!(!cursor.admits(&event(6, 900)));
        assert!(!cursor.admits(&unreadable(5, 9900)));
        assert!(cursor.admits(&event(7, 1100)));
    }

    proptest! {
        /// However often a session is lost and the org starts over, before or behind what it had sent.
        #[test]
        fn no_replay_id_is_handed_out_twice_and_none_is_left_out(
            restarts in prop::collection::vec((0_usize..20, 0_usize..20), 0..10),
        ) {
            let channel: Vec<_> = (1..20).map(|id| event(id * 3, id)).collect();
            let mut cursor = Cursor::Since(Moment::BEGINNING);
            let mut out = Vec::new();
            for (begin, end) in restarts.into_iter().chain([(0, channel.len())]) {
                // An org that is asked for a place never begins behind it.
                let begin = begin.min(out.len());
                for event in channel.iter().take(end).skip(begin) {
                    if cursor.admits(event) {
                        out.push(event.replay_id);
                    }
                }
            }
            let all: Vec<_> = channel.iter().map(|event| event.replay_id).collect();
            prop_assert_eq!(out, all);
        }
    }
}
