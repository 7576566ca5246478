//! What a source has done since it was started, for the status.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one source task. Reading them is cheap; they only grow.
#[derive(Debug, Default)]
pub struct SourceCounters {
    events: AtomicU64,
    repeated: AtomicU64,
    folded: AtomicU64,
    hydrated: AtomicU64,
    not_hydrated: AtomicU64,
    from_events: AtomicU64,
    deleted: AtomicU64,
    skipped: AtomicU64,
    snapshot_rows: AtomicU64,
    superseded: AtomicU64,
    sessions: AtomicU64,
    web_sockets: AtomicU64,
    foreign: AtomicU64,
    unreadable: AtomicU64,
    filtered: AtomicU64,
    filter_errors: AtomicU64,
    field_errors: AtomicU64,
    swept: AtomicU64,
    unreadable_values: AtomicU64,
    unasked: AtomicU64,
}

impl SourceCounters {
    /// Names and values, in a fixed order.
    ///
    /// - `events`: events that were news
    /// - `repeated`: events the org sent again, or from before the first subscription
    /// - `folded`: events that a later one of the same record and batch stands for
    /// - `hydrated`: records with a row that was read
    /// - `not_hydrated`: records with the event's own fields, their row being invisible
    /// - `from_events`: records with the event's own fields, no row being wanted
    /// - `deleted`: delete records
    /// - `skipped`: changes of a row that is deleted by now; its delete event says so
    /// - `snapshot_rows`: records of snapshots
    /// - `superseded`: snapshot rows left out because the stream had produced a newer state
    /// - `sessions`: streaming sessions opened
    /// - `web_sockets`: those of them that went on over a WebSocket
    /// - `foreign`: events of objects that the source does not read
    /// - `unreadable`: events of an unknown shape, kept as dead letters
    /// - `filtered`: records that a filter of the file left out
    /// - `filter_errors`: records that passed because a filter had no value for them
    /// - `field_errors`: computed fields that are null because their expression had no value
    /// - `swept`: records of changes that the stream did not bring
    /// - `unreadable_values`: values left out because they do not fit their field
    /// - `unasked`: events of channels that nobody asked for
    pub fn all(&self) -> [(&'static str, u64); 20] {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("events", value(&self.events)),
            ("repeated", value(&self.repeated)),
            ("folded", value(&self.folded)),
            ("hydrated", value(&self.hydrated)),
            ("not_hydrated", value(&self.not_hydrated)),
            ("from_events", value(&self.from_events)),
            ("deleted", value(&self.deleted)),
            ("skipped", value(&self.skipped)),
            ("snapshot_rows", value(&self.snapshot_rows)),
            ("superseded", value(&self.superseded)),
            ("sessions", value(&self.sessions)),
            ("web_sockets", value(&self.web_sockets)),
            ("foreign", value(&self.foreign)),
            ("unreadable", value(&self.unreadable)),
            ("filtered", value(&self.filtered)),
            ("filter_errors", value(&self.filter_errors)),
            ("field_errors", value(&self.field_errors)),
            ("swept", value(&self.swept)),
            ("unreadable_values", value(&self.unreadable_values)),
            ("unasked", value(&self.unasked)),
        ]
    }

    /// The value of one counter; `None` for a name that is not in [`SourceCounters::all`].
    pub fn value(&self, name: &str) -> Option<u64> {
        self.all().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn count(&self, what: Count, by: usize) {
        let counter = match what {
            Count::Event => &self.events,
            Count::Repeated => &self.repeated,
            Count::Folded => &self.folded,
            Count::Hydrated => &self.hydrated,
            Count::NotHydrated => &self.not_hydrated,
            Count::FromEvent => &self.from_events,
            Count::Deleted => &self.deleted,
            Count::Skipped => &self.skipped,
            Count::SnapshotRow => &self.snapshot_rows,
            Count::Superseded => &self.superseded,
            Count::Session => &self.sessions,
            Count::WebSocket => &self.web_sockets,
            Count::Foreign => &self.foreign,
            Count::Unreadable => &self.unreadable,
            Count::Filtered => &self.filtered,
            Count::FilterError => &self.filter_errors,
            Count::FieldError => &self.field_errors,
            Count::Swept => &self.swept,
            Count::UnreadableValue => &self.unreadable_values,
            Count::Unasked => &self.unasked,
        };
        counter.fetch_add(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Event,
    Repeated,
    Folded,
    Hydrated,
    NotHydrated,
    FromEvent,
    Deleted,
    Skipped,
    SnapshotRow,
    Superseded,
    Session,
    WebSocket,
    Foreign,
    Unreadable,
    Filtered,
    FilterError,
    FieldError,
    Swept,
    UnreadableValue,
    Unasked,
}
