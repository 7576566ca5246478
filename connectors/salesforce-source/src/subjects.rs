//! The objects of a source and the feeds that bring their changes, as they hang together.
//!
//! An object that fails holds the feeds that bring it: their positions stay, so that what is passed over comes again
//! once the object can be read (D8). Objects are never taken out, so their indices stay what they are.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::SourcePosition;
use tokio::time::Instant;

use crate::bayeux::{Served, Subscription};
use crate::channel::Channel;
use crate::config::Start;
use crate::event::Event;
use crate::feed::{Feed, Granted};
use crate::fold::Occurrence;
use crate::moment::Moment;
use crate::object::{Object, ObjectStanding};
use crate::open::Opened;
use crate::position::{Gap, Positions};
use crate::push_topic::Ensured;

/// All objects and feeds of one source.
#[derive(Debug)]
pub(crate) struct Subjects {
    pub(crate) objects: Vec<Object>,
    pub(crate) feeds: Vec<Feed>,
    /// What was stored when the source was started, for objects that are opened later.
    stored: Positions,
    start: Start,
    retention: Duration,
    /// After which a failed object is tried again.
    again: Duration,
}

/// What an answer about a channel means for the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Nothing, or nothing any more.
    GoesOn,
    /// Its position has to be stored before its first event.
    First,
    /// Changes are missing.
    Gap,
}

impl Subjects {
    /// Objects without feeds yet; `again` is the pause before a failed one is tried again.
    pub(crate) fn new(
        objects: Vec<Object>,
        stored: Positions,
        start: Start,
        retention: Duration,
        again: Duration,
    ) -> Self {
        Self { objects, feeds: Vec::new(), stored, start, retention, again }
    }

    /// This object can be read. Answers with what to ask the session for.
    pub(crate) fn opened(&mut self, index: usize, opened: Opened) -> Subscription {
        let Opened { name, channel, ensured } = opened;
        let object = &mut self.objects[index];
        let late = !object.is_well();
        object.recovers(name);
        let known = self.feeds.iter().position(|feed| feed.channel == channel);
        let place = known.unwrap_or_else(|| {
            let position = self.stored.channels.get(&channel).copied();
            self.feeds.push(Feed::new(channel, position, self.retention));
            self.feeds.len() - 1
        });
        let feed = &mut self.feeds[place];
        if !feed.objects.contains(&index) {
            feed.objects.push(index);
        }
        if late {
            feed.ask_again();
        }
        if let (Ensured::Made, Some(position)) = (ensured, feed.position) {
            tracing::warn!(
                object = %self.objects[index].target.name,
                since = %position.as_of,
                "the org had lost the PushTopic; what changed before it was made anew raised no event and is read \
                 only by a snapshot"
            );
        }
        feed.subscription(self.start)
    }

    /// This object fails, and with it every feed that brings it.
    pub(crate) fn fail(&mut self, index: usize, reason: String) {
        let next_attempt = Instant::now() + self.again;
        self.objects[index].standing = ObjectStanding::Failed { reason, next_attempt };
        for feed in self.feeds.iter_mut().filter(|feed| feed.objects.contains(&index)) {
            feed.hold();
        }
    }

    /// A failed object that is due to be tried again.
    pub(crate) fn due(&self, now: Instant) -> Option<usize> {
        self.objects.iter().position(|object| object.next_attempt().is_some_and(|at| at <= now))
    }

    /// When the next failed object is due.
    pub(crate) fn next_attempt(&self) -> Option<Instant> {
        self.objects.iter().filter_map(Object::next_attempt).min()
    }

    /// Why objects fail, each reason naming its object.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.objects.iter().filter_map(Object::failure).map(str::to_owned).collect()
    }

    /// The org granted a subscription.
    pub(crate) fn granted(&mut self, channel: &Channel, ask: u32, served: Served, at: Moment) -> Answered {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.channel == *channel && feed.expects(ask))
        else {
            return Answered::GoesOn;
        };
        match feed.granted(served, at, self.start) {
            Granted::First => Answered::First,
            Granted::GoesOn => Answered::GoesOn,
            Granted::Gap { missing, first } => {
                let mut found = false;
                for index in &feed.objects {
                    found |= self.objects[*index].misses(channel, &missing, first, at);
                }
                if found { Answered::Gap } else { Answered::GoesOn }
            }
        }
    }

    /// The objects that a channel was asked for, given that this answer about it is still wanted.
    pub(crate) fn of_channel(&self, channel: &Channel, ask: u32) -> Vec<usize> {
        let feed = self.feeds.iter().find(|feed| feed.channel == *channel && feed.expects(ask));
        feed.map(|feed| feed.objects.clone()).unwrap_or_default()
    }

    /// Whether every channel was granted or failed in this run.
    pub(crate) fn are_settled(&self) -> bool {
        self.feeds.iter().all(Feed::is_settled)
    }

    /// Those of `events` that are taken, with their objects.
    pub(crate) fn occurrences(&self, events: &[Arc<Event>]) -> Vec<Occurrence> {
        let of = |event: &Arc<Event>| {
            let object = self.granted_feed(&event.channel)?.object()?;
            Some(Occurrence { object, event: Arc::clone(event) })
        };
        events.iter().filter_map(of).collect()
    }

    /// An event is in the batch at hand; false when it is passed over, its feed being held.
    pub(crate) fn passed(&mut self, event: &Event) -> bool {
        let mut feeds = self.feeds.iter_mut();
        match feeds.find(|feed| feed.channel == event.channel && feed.is_granted()) {
            Some(feed) => {
                feed.passed(event);
                true
            }
            None => false,
        }
    }

    /// A held connect was answered at `at`.
    pub(crate) fn polled(&mut self, at: Moment, empty: bool) {
        for feed in &mut self.feeds {
            feed.polled(at, empty);
        }
    }

    /// Whether a position says more than what is stored.
    pub(crate) fn are_unstored(&self) -> bool {
        self.feeds.iter().any(|feed| feed.unstored)
    }

    /// The positions that say more than what is stored.
    pub(crate) fn store(&mut self) -> Vec<SourcePosition> {
        self.feeds.iter_mut().filter(|feed| feed.unstored).filter_map(Feed::store).collect()
    }

    /// The next object of whose snapshot a page can be read: what changes behind a page comes through its channel, so
    /// that has to be granted. Before any channel was asked for, nothing is read.
    pub(crate) fn next_page(&self) -> Option<usize> {
        let streams =
            |index| self.feeds.iter().any(|feed| feed.objects.contains(&index) && feed.is_granted());
        let next = (0..self.objects.len()).find(|index| self.objects[*index].has_pages() && streams(*index));
        next.filter(|_| self.are_settled())
    }

    /// Whether everything that happens to the objects that can be read comes by their channels: those are granted, and
    /// no snapshot is left to be read.
    pub(crate) fn are_streamed(&self) -> bool {
        let mut readable = (0..self.objects.len()).filter(|index| self.objects[*index].is_well());
        readable.all(|index| self.streams(index) && !self.objects[index].has_pages())
    }

    /// The gaps that wait for their repair.
    pub(crate) fn open_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.objects.iter().filter_map(|object| object.gap.as_ref())
    }

    /// When the stream of `object` began; the beginning of time where it never did.
    pub(crate) fn began(&self, object: usize) -> Moment {
        let mut feeds = self.feeds.iter().filter(|feed| feed.objects.contains(&object));
        let position = feeds.find_map(|feed| feed.position);
        position.map_or(Moment::BEGINNING, |position| position.from)
    }

    /// Whether a channel brings the changes of this object.
    fn streams(&self, object: usize) -> bool {
        self.feeds.iter().any(|feed| feed.objects.contains(&object) && feed.is_granted())
    }

    fn granted_feed(&self, channel: &Channel) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.channel == *channel && feed.is_granted())
    }
}
