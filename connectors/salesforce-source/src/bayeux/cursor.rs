//! How far a subscription is, and which events are still news to it. Pure.
//!
//! It outlives sessions: a new session subscribes where the cursor stands, and what the org then sends a second
//! time is dropped here, so no (channel, replay id) is handed out twice.

use crate::bayeux::message::Replay;
use crate::event::Event;
use crate::moment::Moment;
use crate::replay_id::ReplayId;

/// The place of a subscription in its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Nothing was ever subscribed; the stream begins with the subscription.
    New,
    /// No event came yet; those from this time on are the source's.
    Since(Moment),
    /// The newest event that was handed out.
    After(ReplayId),
}

impl Cursor {
    /// Where to subscribe.
    pub(crate) fn replay(self) -> Replay {
        match self {
            Self::New => Replay::New,
            // Asking for new events only would lose those since the first subscription.
            Self::Since(_) => Replay::Retained,
            Self::After(id) => Replay::After(id),
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
        let news = match *self {
            Self::New => true,
            Self::Since(from) => event.created >= from,
            // One that does not tell its place is unreadable: to keep it twice is better than not at all.
            Self::After(newest) => event.replay_id.is_none_or(|id| id > newest),
        };
        if let (true, Some(id)) = (news, event.replay_id) {
            *self = Self::After(id);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(cursor, Cursor::After(ReplayId(6)));
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
