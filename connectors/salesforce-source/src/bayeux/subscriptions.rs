//! What a session subscribes to, and how far it is in each channel.
//!
//! Outlives sessions. Every channel stands by itself: one that the org refuses is left out until the source asks for
//! it again, and the others go on.

use tokio::time::Instant;

use crate::bayeux::cursor::Cursor;
use crate::channel::Channel;
use crate::event::Event;
use crate::moment::Moment;

/// A channel to subscribe to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) channel: Channel,
    /// Where to begin.
    pub(crate) cursor: Cursor,
    /// The number that the source gave to this ask; answers bear it.
    pub(crate) ask: u32,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Subscriptions(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    subscription: Subscription,
    standing: Standing,
    /// Whether the org refused it since it granted it last.
    refused: bool,
    /// Whether a limit of the org kept it from being granted since it was granted last.
    limited: bool,
}

impl Entry {
    fn asked(subscription: Subscription) -> Self {
        Self { subscription, standing: Standing::Asked, refused: false, limited: false }
    }
}

/// What the present session knows of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has not asked for it yet.
    Asked,
    /// It brings events.
    Granted,
    /// It brings none, by the org's word.
    Refused,
    /// It brings none until then, by the org's word.
    Resting(Instant),
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is handed out.
    News,
    /// It was handed out before.
    Repeated,
    /// The org refuses its channel, and brings it all the same. It comes again.
    Unwanted,
    /// Nobody asked for its channel.
    Unasked,
}

impl Subscriptions {
    pub(crate) fn new(subscriptions: Vec<Subscription>) -> Self {
        Self(subscriptions.into_iter().map(Entry::asked).collect())
    }

    /// Whether no channel was ever asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A new session begins: it asks for everything that is not refused.
    pub(crate) fn begin(&mut self) {
        for entry in &mut self.0 {
            entry.standing = match entry.standing {
                Standing::Asked | Standing::Granted => Standing::Asked,
                resting @ (Standing::Refused | Standing::Resting(_)) => resting,
            };
        }
    }

    /// What to ask for next; `None` when everything is answered.
    pub(crate) fn next(&self) -> Option<&Subscription> {
        self.0.iter().find(|entry| entry.standing == Standing::Asked).map(|entry| &entry.subscription)
    }

    /// The source asks. False when the present session is subscribed to the channel already, so that only another one
    /// can begin at another place.
    pub(crate) fn ask(&mut self, subscription: Subscription) -> bool {
        match self.0.iter_mut().find(|known| known.subscription.channel == subscription.channel) {
            None => {
                self.0.push(Entry::asked(subscription));
                true
            }
            Some(known) => {
                known.subscription = subscription;
                std::mem::replace(&mut known.standing, Standing::Asked) != Standing::Granted
            }
        }
    }

    /// The org granted `channel`. `at` is a time by its clock shortly before. Answers whether a limit had kept it from that.
    pub(crate) fn granted(&mut self, channel: &Channel, at: Moment) -> bool {
        match self.entry(channel).filter(|entry| entry.standing == Standing::Asked) {
            Some(entry) => {
                entry.standing = Standing::Granted;
                entry.refused = false;
                entry.subscription.cursor.subscribed(at);
                std::mem::take(&mut entry.limited)
            }
            None => false,
        }
    }

    /// The org is at a limit for `channel`, which is asked for again at `next`.
    pub(crate) fn rests(&mut self, channel: &Channel, next: Instant) {
        if let Some(entry) = self.entry(channel) {
            entry.standing = Standing::Resting(next);
            entry.limited = true;
        }
    }

    /// When the next channel that rests is to be asked for.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let wakes = self.0.iter().map(|entry| match entry.standing {
            Standing::Resting(next) => Some(next),
            Standing::Asked | Standing::Granted | Standing::Refused => None,
        });
        wakes.flatten().min()
    }

    /// Channels whose rest is over at `now` are asked for.
    pub(crate) fn wake(&mut self, now: Instant) {
        let is_over = |entry: &&mut Entry| matches!(entry.standing, Standing::Resting(next) if next <= now);
        self.0.iter_mut().filter(is_over).for_each(|entry| entry.standing = Standing::Asked);
    }

    /// The org is at a limit, for `channel` or for all.
    pub(crate) fn limited(&mut self, channel: Option<&Channel>) {
        let of = |entry: &&mut Entry| channel.is_none_or(|channel| entry.subscription.channel == *channel);
        self.0.iter_mut().filter(of).for_each(|entry| entry.limited = true);
    }

    /// The org refused `channel`; answers whether for the first time since it granted it.
    pub(crate) fn refused(&mut self, channel: &Channel) -> bool {
        self.entry(channel).is_some_and(|entry| {
            entry.standing = Standing::Refused;
            !std::mem::replace(&mut entry.refused, true)
        })
    }

    /// Whether `event` is handed out; moves past it if so.
    pub(crate) fn judge(&mut self, event: &Event) -> Verdict {
        match self.entry(&event.channel) {
            // Events may come with the very answer that grants their channel, or before it.
            Some(entry) if matches!(entry.standing, Standing::Granted | Standing::Asked) => {
                if entry.subscription.cursor.admits(event) { Verdict::News } else { Verdict::Repeated }
            }
            Some(_) => Verdict::Unwanted,
            None => Verdict::Unasked,
        }
    }

    fn entry(&mut self, channel: &Channel) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.subscription.channel == *channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bayeux::cursor::Place;
    use crate::replay_id::ReplayId;

    fn subscription(name: &str, after: i64, ask: u32) -> Subscription {
        let channel = Channel::of_push_topic(name);
        let (newest, raised, from) = (ReplayId(after), Moment::BEGINNING, Moment::BEGINNING);
        Subscription { channel, cursor: Cursor::After(Place { newest, raised, from }), ask }
    }

    fn event(name: &str, replay_id: i64) -> Event {
        Event::sample(name, replay_id)
    }

    fn next(subscriptions: &Subscriptions) -> Option<&str> {
        subscriptions.next().map(|next| next.channel.as_str())
    }

    #[test]
    fn a_refused_channel_is_left_out_until_it_is_asked_for_again() {
        let mut all = Subscriptions::new(vec![subscription("a", 1, 0), subscription("b", 1, 0)]);
        assert!(all.refused(&Channel::of_push_topic("a")));
        assert_eq!(next(&all), Some("/topic/b"));
        all.granted(&Channel::of_push_topic("b"), Moment(0));
        assert_eq!(next(&all), None);
        all.begin();
        assert_eq!(next(&all), Some("/topic/b"), "no session asks for a refused one by itself");
        assert!(all.ask(subscription("a", 1, 1)), "the present session can ask for it");
        assert_eq!(next(&all), Some("/topic/a"));
        assert!(!all.refused(&Channel::of_push_topic("a")), "it was refused before");
        all.ask(subscription("a", 1, 2));
        assert!(!all.granted(&Channel::of_push_topic("a"), Moment(0)));
        assert!(all.refused(&Channel::of_push_topic("a")), "it was granted meanwhile");
    }

    #[test]
    fn what_a_limit_delayed_is_told_when_it_is_granted() {
        let (a, b) = (Channel::of_push_topic("a"), Channel::of_push_topic("b"));
        let mut all = Subscriptions::new(vec![subscription("a", 1, 0), subscription("b", 1, 0)]);
        all.limited(Some(&a));
        assert!(all.granted(&a, Moment(0)) && !all.granted(&b, Moment(0)));
        all.limited(None);
        all.begin();
        assert!(all.granted(&a, Moment(0)) && all.granted(&b, Moment(0)));
        all.begin();
        assert!(!all.granted(&a, Moment(0)), "it is told once");
    }

    #[test]
    fn a_channel_at_a_limit_rests_through_sessions_until_its_time() {
        let (a, now) = (Channel::of_push_topic("a"), Instant::now());
        let mut all = Subscriptions::new(vec![subscription("a", 1, 0)]);
        let next_attempt = now + std::time::Duration::from_mins(10);
        all.rests(&a, next_attempt);
        all.begin();
        all.wake(now);
        assert_eq!((next(&all), all.next_wake()), (None, Some(next_attempt)));
        assert_eq!(all.judge(&event("b", 2)), Verdict::Unasked);
        assert_eq!(all.judge(&event("a", 2)), Verdict::Unwanted);
        all.wake(next_attempt);
        assert_eq!((next(&all), all.next_wake()), (Some("/topic/a"), None));
        assert!(all.granted(&a, Moment(0)), "a limit had delayed it");
    }

    #[test]
    fn another_place_in_a_channel_takes_another_session() {
        let mut all = Subscriptions::new(vec![subscription("a", 1, 0)]);
        all.granted(&Channel::of_push_topic("a"), Moment(0));
        assert_eq!(all.judge(&event("a", 5)), Verdict::News);
        assert!(!all.ask(subscription("a", 2, 1)));
        all.begin();
        all.granted(&Channel::of_push_topic("a"), Moment(0));
        assert_eq!(all.judge(&event("a", 2)), Verdict::Repeated);
        assert_eq!(all.judge(&event("a", 3)), Verdict::News, "it was not produced");
    }
}
