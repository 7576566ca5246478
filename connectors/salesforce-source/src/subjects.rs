//! The objects of a source and the feeds that bring their changes, as they hang together.
//!
//! An object that fails holds the feeds that bring it: their positions stay, so that what is passed over comes again
//! once the object can be read (D8). Objects are never taken out, so their indices stay what they are.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::SourcePosition;
use tokio::time::Instant;

use crate::as_event::Task;
use crate::bayeux::{Served, Subscription};
use crate::channel::{Channel, Family};
use crate::config::{OnGap, RETENTION, Start};
use crate::event::{Event, What};
use crate::feed::{Feed, Granted};
use crate::fold::Occurrence;
use crate::gap::Missing;
use crate::moment::Moment;
use crate::object::{Object, ObjectStanding};
use crate::open::Opened;
use crate::position::Positions;
use crate::push_topic::Ensured;
use crate::told;

/// All objects and feeds of one source.
#[derive(Debug)]
pub(crate) struct Subjects {
    pub(crate) objects: Vec<Object>,
    pub(crate) feeds: Vec<Feed>,
    /// What was stored when the source was started, for objects that are opened later.
    stored: Positions,
    pub(crate) start: Start,
    pub(crate) on_gap: OnGap,
    retention: Duration,
    /// After which a failed object is tried again.
    again: Duration,
    /// What is to be stored beside the positions of feeds.
    pub(crate) pending: Vec<SourcePosition>,
    /// The object that was swept last.
    pub(crate) swept: usize,
}

/// What an answer about a channel means for the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Nothing, or nothing any more.
    GoesOn,
    /// Something has to be stored before its first event.
    Store,
    /// Changes are missing, and the file says that nothing goes on then.
    Gap,
    /// Changes are missing and left so: it is to be asked for anew, from now on.
    Again(Subscription),
}

/// What becomes of an event that is in the batch at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Whether it is taken; passed over where its feed is held.
    pub(crate) is_taken: bool,
    /// What may be missing before it.
    pub(crate) missing: Option<Missing>,
}

impl Subjects {
    /// Objects without feeds yet; `again` is the pause before a failed one is tried again.
    pub(crate) fn new(
        objects: Vec<Object>,
        stored: Positions,
        start: Start,
        on_gap: OnGap,
        retention: Duration,
        again: Duration,
    ) -> Self {
        let (feeds, pending) = (Vec::new(), Vec::new());
        Self { objects, feeds, stored, start, on_gap, retention, again, pending, swept: 0 }
    }

    /// This object can be read. Answers with what to ask the session for; `None` when its channel is asked for already.
    pub(crate) fn opened(&mut self, index: usize, opened: Opened) -> Option<Subscription> {
        let Opened { name, channel, ensured, polled } = opened;
        let object = &mut self.objects[index];
        let late = !object.is_well();
        object.polled = polled;
        object.recovers(name);
        let place = self.feed_of(index, channel?);
        let feed = &mut self.feeds[place];
        // Where an object joins others, they have asked for the channel.
        let asked = feed.is_asked();
        if late && !asked {
            feed.ask_again();
        }
        match ensured {
            Ensured::Made => feed.raises_again(None),
            Ensured::Changed { since } => feed.raises_again(since),
            Ensured::Found { modified } => feed.was_modified(modified),
            Ensured::Drifted(_) => {}
        }
        (!asked).then(|| feed.subscription(self.start))
    }

    /// The place of the feed of `channel`, which brings this object. What it brings before the object is opened is missed
    /// by it.
    pub(crate) fn feed_of(&mut self, index: usize, channel: Channel) -> usize {
        let place = self.feeds.iter().position(|feed| feed.channel == channel).unwrap_or_else(|| {
            let position = self.stored.channels.get(&channel).copied();
            let usual = channel.family().map_or(RETENTION, Family::retention);
            let retention = if self.retention == RETENTION { usual } else { self.retention };
            self.feeds.push(Feed::new(channel, position, retention));
            self.feeds.len() - 1
        });
        let feed = &mut self.feeds[place];
        if !feed.objects.contains(&index) {
            feed.objects.push(index);
        }
        place
    }

    /// This object fails, and with it every feed that brings it and no object that can be read.
    ///
    /// A feed that brings others too goes on. What it brings of this object is passed over and stays a gap, which is
    /// closed when the object can be read again (D9). The object is due `after` a time, or after the usual one.
    pub(crate) fn fail(&mut self, index: usize, reason: String, after: Option<Duration>) {
        let next_attempt = Instant::now() + after.unwrap_or(self.again);
        self.objects[index].standing = ObjectStanding::Failed { reason, next_attempt };
        let objects = &self.objects;
        let is_without = |feed: &Feed| !feed.objects.iter().any(|index| objects[*index].is_well());
        for feed in self.feeds.iter_mut().filter(|feed| feed.objects.contains(&index)) {
            if is_without(feed) {
                feed.hold();
            }
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

    /// What is not in Kafka though the stream is at its end: of objects that cannot be read, and of gaps that somebody has
    /// to decide about. Each names its object.
    pub(crate) fn missing(&self) -> Vec<String> {
        let concerns = self.objects.iter().filter_map(|object| object.gaps.concern());
        self.failures().into_iter().chain(concerns).collect()
    }

    /// Up to when everything that happened is in Kafka, by the channel that is furthest behind; `None` before the first
    /// subscription.
    pub(crate) fn as_of(&self) -> Option<Moment> {
        self.feeds.iter().filter_map(|feed| feed.position.map(|position| position.as_of)).min()
    }

    /// The org granted a subscription.
    pub(crate) fn granted(&mut self, channel: &Channel, ask: u32, served: Served, at: Moment) -> Answered {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.channel == *channel && feed.expects(ask))
        else {
            return Answered::GoesOn;
        };
        let objects = feed.objects.clone();
        let granted = feed.granted(served, at, self.start);
        let mut found = self.begin_sweeps(channel, granted == Granted::First, at);
        if let Granted::Gap { missing, .. } = granted {
            for index in objects {
                found |= self.misses(index, Some(channel), &missing, at);
            }
        }
        match self.on_gap {
            OnGap::Fail if found => return Answered::Gap,
            OnGap::Latest if found => return self.begins_at(channel, at),
            OnGap::Repair | OnGap::Earliest | OnGap::Fail | OnGap::Latest => {}
        }
        if let Granted::Doubt(missing) = granted {
            self.doubts(channel, &missing, at);
        }
        if let Granted::Gap { .. } = granted
            && let Some(feed) = self.feeds.iter_mut().find(|feed| feed.channel == *channel)
        {
            // What is missing is on record, and the position goes on behind it.
            feed.passed_gap(at);
        }
        if self.are_unstored() { Answered::Store } else { Answered::GoesOn }
    }

    /// Passes over whatever `channel` still retains.
    fn begins_at(&mut self, channel: &Channel, at: Moment) -> Answered {
        let feed = self.feeds.iter_mut().find(|feed| feed.channel == *channel);
        feed.map_or(Answered::Store, |feed| {
            feed.begins_at(at);
            Answered::Again(feed.subscription(self.start))
        })
    }

    /// The objects that a channel was asked for, given that this answer about it is still wanted.
    pub(crate) fn of_channel(&self, channel: &Channel, ask: u32) -> Vec<usize> {
        let feed = self.feeds.iter().find(|feed| feed.channel == *channel && feed.expects(ask));
        feed.map(|feed| feed.objects.clone()).unwrap_or_default()
    }

    /// A channel rests, the org being at a limit. Answers with its objects that can be read; `None` where that is no
    /// answer any more, or where the source has no place in the channel yet.
    pub(crate) fn rests(&mut self, channel: &Channel, ask: u32) -> Option<Vec<usize>> {
        let mut feeds = self.feeds.iter_mut();
        let feed =
            feeds.find(|feed| feed.channel == *channel && feed.expects(ask) && feed.position.is_some())?;
        feed.rests();
        Some(feed.objects.iter().copied().filter(|index| self.objects[*index].is_well()).collect())
    }

    /// The objects of a channel that rests, given that an answer about it is still wanted.
    pub(crate) fn resting(&self, channel: &Channel, ask: u32) -> Vec<usize> {
        let is_it = |feed: &&Feed| feed.channel == *channel && feed.expects(ask) && feed.is_resting();
        let feed = self.feeds.iter().find(is_it);
        let objects = feed.map(|feed| feed.objects.clone()).unwrap_or_default();
        objects.into_iter().filter(|index| self.objects[*index].is_well()).collect()
    }

    /// Whether every channel was granted or failed in this run.
    pub(crate) fn are_settled(&self) -> bool {
        self.feeds.iter().all(Feed::is_settled)
    }

    /// What those of `events` that are taken say of records.
    pub(crate) fn occurrences(&self, events: &[Arc<Event>]) -> Vec<Occurrence> {
        let mut occurrences = Vec::with_capacity(events.len());
        for event in events {
            let Some(object) = self.object_of(event).filter(|object| self.objects[*object].is_well()) else {
                continue;
            };
            if self.objects[object].has_rows() {
                occurrences.extend(told::occurrences(object, event, self.objects[object].hydrates));
            }
        }
        occurrences
    }

    /// Those of `events` that are taken and written as they came.
    pub(crate) fn as_events(&self, events: &[Arc<Event>]) -> Vec<Task> {
        let task = |event: &Arc<Event>| {
            let object = self.object_of(event)?;
            let Object { target, form, .. } = &self.objects[object];
            let is_wanted = self.objects[object].is_well() && !self.objects[object].has_rows();
            let (name, form) = (target.name.as_str().into(), form.clone());
            is_wanted.then(|| Task { object, name, form, event: Arc::clone(event) })
        };
        events.iter().filter_map(task).collect()
    }

    /// The object that `event` is about, as far as it is about one; `None` when it is of another object, or passed over.
    pub(crate) fn object_of(&self, event: &Event) -> Option<usize> {
        let feed = self.granted_feed(&event.channel)?;
        match &event.what {
            What::Change(change) => {
                // An object that could not be described yet has the file's spelling.
                let named = |index: &usize| {
                    self.objects[*index].target.name.eq_ignore_ascii_case(&change.header.entity)
                };
                feed.objects.iter().copied().find(named)
            }
            What::Topic(_) | What::Platform(_) | What::Generic(_) => feed.objects.first().copied(),
            What::Unreadable(_) => None,
        }
    }

    /// The objects whose changes come by `channel`; only `named`, where that is one of them.
    pub(crate) fn objects_by(&self, channel: &Channel, named: Option<&str>) -> Vec<usize> {
        let Some(feed) = self.granted_feed(channel) else { return Vec::new() };
        let is_named = |index: &&usize| {
            named.is_some_and(|named| self.objects[**index].target.name.eq_ignore_ascii_case(named))
        };
        match feed.objects.iter().find(is_named) {
            Some(index) => vec![*index],
            None => feed.objects.clone(),
        }
    }

    /// An event is in the batch at hand.
    pub(crate) fn passed(&mut self, event: &Event) -> Passed {
        let mut feeds = self.feeds.iter_mut();
        let feed = feeds.find(|feed| feed.channel == event.channel && feed.is_granted());
        Passed { is_taken: feed.is_some(), missing: feed.and_then(|feed| feed.passed(event)) }
    }

    /// A held connect was answered at `at`.
    pub(crate) fn polled(&mut self, at: Moment, empty: bool) {
        for feed in &mut self.feeds {
            feed.polled(at, empty);
        }
    }

    /// Whether a position says more than what is stored.
    pub(crate) fn are_unstored(&self) -> bool {
        !self.pending.is_empty() || self.feeds.iter().any(|feed| feed.unstored)
    }

    /// The positions that say more than what is stored.
    pub(crate) fn store(&mut self) -> Vec<SourcePosition> {
        let mut positions = self.take_pending();
        positions.extend(self.feeds.iter_mut().filter(|feed| feed.unstored).filter_map(Feed::store));
        positions
    }

    /// The next object of whose snapshot a page can be read: what changes behind a page comes through its channel, so
    /// that has to be granted. Before any channel was asked for, nothing is read.
    pub(crate) fn next_page(&self) -> Option<usize> {
        let streams = |index| self.streams(index) || self.objects[index].has_begun_polling();
        let next = (0..self.objects.len()).find(|index| self.objects[*index].has_pages() && streams(*index));
        next.filter(|_| self.are_settled())
    }

    /// Whether everything that happens to the objects that can be read comes by their channels: those are granted, and
    /// no snapshot is left to be read.
    pub(crate) fn are_streamed(&self) -> bool {
        let mut readable = (0..self.objects.len()).filter(|index| self.objects[*index].is_well());
        let is_granted =
            |index| self.feeds.iter().any(|feed| feed.objects.contains(&index) && feed.is_granted());
        let streams = |index: usize| is_granted(index) || self.objects[index].has_begun_polling();
        readable.all(|index| streams(index) && !self.objects[index].has_pages()) && self.are_swept()
    }

    /// From when on all changes of `object` are to be in Kafka; the beginning of time where its stream never began. Stamps
    /// are whole seconds: what was changed in the second of the first subscription was read by the snapshot, or nobody
    /// knows whether it happened before, as the object's sweeps have it.
    pub(crate) fn complete_from(&self, object: usize) -> Moment {
        let mut feeds = self.feeds.iter().filter(|feed| feed.objects.contains(&object));
        let swept = self.objects[object].sweeps.position.map(|swept| swept.from);
        let Some(began) = feeds.find_map(|feed| feed.position) else {
            return swept.unwrap_or(Moment::BEGINNING);
        };
        // An earlier version may have swept older rows.
        let second = began.from.whole_second();
        swept.map_or(second + Duration::from_secs(1), |swept| second.max(swept))
    }

    /// Whether a channel brings the changes of this object, now or once its rest is over.
    pub(crate) fn streams(&self, object: usize) -> bool {
        let brings = |feed: &Feed| feed.is_granted() || feed.is_resting();
        self.feeds.iter().any(|feed| feed.objects.contains(&object) && brings(feed))
    }

    fn granted_feed(&self, channel: &Channel) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.channel == *channel && feed.is_granted())
    }
}
