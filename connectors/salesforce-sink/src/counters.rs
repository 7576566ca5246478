//! What a sink has done since its start, for status and metrics.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use orgstream_api::Outcome;

/// Counters of one sink. They only grow.
#[derive(Debug, Default)]
pub struct SinkCounters {
    delivered: AtomicU64,
    created: AtomicU64,
    owed: AtomicU64,
    parked: AtomicU64,
    left_out: AtomicU64,
    defaulted: AtomicU64,
    fell_back: AtomicU64,
    brought_back: AtomicU64,
    recreated: AtomicU64,
    calls: AtomicU64,
    retries: AtomicU64,
    cut: AtomicU64,
    left_filter: AtomicU64,
    fields_left_out: Mutex<BTreeMap<String, BTreeMap<String, &'static str>>>,
    skipped: Mutex<BTreeMap<String, u64>>,
    rejected: Mutex<BTreeMap<String, u64>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkCounts {
    /// Records that org B has.
    pub delivered: u64,
    /// Of these, records that a write made new.
    pub created: u64,
    /// References left out of a write until their parent has a link.
    pub owed: u64,
    /// How often a record was parked, those behind another one of their history included.
    pub parked: u64,
    /// References left out for good: their parent is outside the pipeline and not found, or cannot come back.
    pub left_out: u64,
    /// References that were given the record that a rule names for what is not found.
    pub defaulted: u64,
    /// Records given to the fallback owner.
    pub fell_back: u64,
    /// Records that somebody deleted in org B and that were fetched back.
    pub brought_back: u64,
    /// Records that were deleted in org B and made anew under another id.
    pub recreated: u64,
    /// Write calls to org B.
    pub calls: u64,
    /// Attempts of records that met passing trouble.
    pub retries: u64,
    /// Texts that were cut to the length of their field.
    pub cut: u64,
    /// Records that were deleted because they left the filter.
    pub left_filter: u64,
    /// Fields that records carry and that are not written: by object and field, why.
    pub fields_left_out: BTreeMap<String, BTreeMap<String, &'static str>>,
    /// Records that needed no write, by reason; those that `on_error` passes over by code.
    pub skipped: BTreeMap<String, u64>,
    /// Records that can never be written, by code.
    pub rejected: BTreeMap<String, u64>,
}

impl SinkCounters {
    /// All counters now.
    pub fn read(&self) -> SinkCounts {
        SinkCounts {
            delivered: self.delivered.load(Ordering::Relaxed),
            created: self.created.load(Ordering::Relaxed),
            owed: self.owed.load(Ordering::Relaxed),
            parked: self.parked.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
            defaulted: self.defaulted.load(Ordering::Relaxed),
            fell_back: self.fell_back.load(Ordering::Relaxed),
            brought_back: self.brought_back.load(Ordering::Relaxed),
            recreated: self.recreated.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            cut: self.cut.load(Ordering::Relaxed),
            left_filter: self.left_filter.load(Ordering::Relaxed),
            fields_left_out: self.fields_left_out.lock().expect("no holder of this lock panics").clone(),
            skipped: self.skipped.lock().expect("no holder of this lock panics").clone(),
            rejected: self.rejected.lock().expect("no holder of this lock panics").clone(),
        }
    }

    pub(crate) fn settled(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered(delivered) => {
                add(&self.delivered, 1);
                add(&self.created, usize::from(delivered.created));
                add(&self.owed, delivered.owed.len());
            }
            Outcome::Skipped(skip) => self.skipped(skip.as_str()),
            Outcome::Parked(_) => add(&self.parked, 1),
            Outcome::Rejected(rejection) => self.rejected(&rejection.code),
        }
    }

    pub(crate) fn rejected(&self, code: &str) {
        let mut rejected = self.rejected.lock().expect("no holder of this lock panics");
        *rejected.entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn skipped(&self, reason: &str) {
        let mut skipped = self.skipped.lock().expect("no holder of this lock panics");
        *skipped.entry(reason.to_owned()).or_default() += 1;
    }

    pub(crate) fn left_out(&self, references: usize) {
        add(&self.left_out, references);
    }

    pub(crate) fn defaulted(&self, references: usize) {
        add(&self.defaulted, references);
    }

    pub(crate) fn fell_back(&self, records: usize) {
        add(&self.fell_back, records);
    }

    pub(crate) fn brought_back(&self, records: usize) {
        add(&self.brought_back, records);
    }

    pub(crate) fn recreated(&self) {
        add(&self.recreated, 1);
    }

    pub(crate) fn cut(&self, texts: usize) {
        add(&self.cut, texts);
    }

    pub(crate) fn left_filter(&self) {
        add(&self.left_filter, 1);
    }

    pub(crate) fn field_left_out(&self, object: &str, field: &str, reason: &'static str) {
        let mut left_out = self.fields_left_out.lock().expect("no holder of this lock panics");
        left_out.entry(object.to_owned()).or_default().insert(field.to_owned(), reason);
    }

    pub(crate) fn called(&self) {
        add(&self.calls, 1);
    }

    pub(crate) fn retried(&self) {
        add(&self.retries, 1);
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}
