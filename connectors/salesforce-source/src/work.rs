//! What is read next, and the read on its way.
//!
//! Reads are made one after the other, and what is read is produced before the next read is asked for its outcome; so
//! what stands later on a topic was read later. A read runs as a task of its own and goes on while the source is not
//! polled, that is, while Kafka commits the batch before it.

use tokio::task::JoinHandle;

use crate::as_event::Written;
use crate::error::SourceError;
use crate::hydrate::Hydrated;
use crate::open::Opened;
use crate::snapshot::Page;
use crate::sweep::{Found, Run};

/// What a read brought.
#[derive(Debug)]
pub(crate) enum Read {
    /// What the events in the first so many items of the inbox tell.
    Events { items: usize, told: Told },
    /// The next page of this object's snapshot.
    Page { object: usize, page: Page },
    /// The next step of this object's sweep.
    Swept { object: usize, run: Box<Run>, found: Found },
    /// That this object, which had failed, can be read again.
    Opened { object: usize, opened: Opened },
}

/// What events tell, with what was read for that.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// How often they tell of a record.
    pub(crate) occurrences: usize,
    /// What became of that.
    pub(crate) hydrated: Vec<Hydrated>,
    /// What became of the events that are written as they came.
    pub(crate) written: Vec<Written>,
}

/// A read that failed, and the index of the object that it read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) object: usize,
    pub(crate) error: SourceError,
}

/// A read on its way. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Work(JoinHandle<Result<Read, Unread>>);

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The rows of the events that wait.
    Events,
    /// A page of this object's snapshot.
    Page(usize),
    /// A step of this object's sweep.
    Sweep(usize),
    /// Whether this object, which has failed, can be read again.
    Opening(usize),
}

/// Whose turn it is, so that neither events nor pages starve the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Turn {
    #[default]
    Events,
    Page,
}

impl Work {
    pub(crate) fn begin(read: impl Future<Output = Result<Read, Unread>> + Send + 'static) -> Self {
        Self(tokio::spawn(read))
    }

    /// Waits until it is read. Cancel-safe; not to be called again after it answered.
    pub(crate) async fn done(&mut self) -> Result<Result<Read, Unread>, SourceError> {
        (&mut self.0).await.map_err(|_| SourceError::TaskGone("a read of rows"))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Turn {
    /// What to read next, of what there is: events, a page or a step of an object, an object that is due to be opened
    /// again.
    pub(crate) fn next(&mut self, events: bool, page: Option<Next>, due: Option<usize>) -> Option<Next> {
        // Seldom and cheap.
        if let Some(object) = due {
            return Some(Next::Opening(object));
        }
        match (events, page) {
            (true, Some(_)) if *self == Self::Events => {
                *self = Self::Page;
                Some(Next::Events)
            }
            (_, Some(page)) => {
                *self = Self::Events;
                Some(page)
            }
            (true, None) => {
                *self = Self::Page;
                Some(Next::Events)
            }
            (false, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_pages_take_turns_and_neither_waits_for_nothing() {
        let mut turn = Turn::default();
        let page = Some(Next::Page(0));
        let both: Vec<_> = (0..4).map(|_| turn.next(true, page, None).unwrap()).collect();
        assert_eq!(both, [Next::Events, Next::Page(0), Next::Events, Next::Page(0)]);
        assert_eq!(turn.next(true, None, None), Some(Next::Events));
        assert_eq!(turn.next(true, None, None), Some(Next::Events));
        assert_eq!(turn.next(false, Some(Next::Sweep(1)), None), Some(Next::Sweep(1)));
        assert_eq!(turn.next(true, page, Some(2)), Some(Next::Opening(2)));
        assert_eq!(turn.next(false, None, None), None);
    }
}
