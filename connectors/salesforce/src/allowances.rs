//! What an org allows in a day, and how much of it is used up.
//!
//! The calls come free with every answer, in `Sforce-Limit-Info`; the rest is asked for from time to time. It is said when
//! an allowance runs out, early enough to do something about it; what the calls mean for who may call is the quota's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::options::AllowanceOptions;
use crate::org::{Inner, Org};
use crate::quota::Quota;
use crate::rest::Limit;
use crate::usage::ApiUsage;

/// The allowance of calls.
const CALLS: &str = "DailyApiRequests";

/// The allowances that a replication uses up.
pub const METERED: [&str; 5] = [
    CALLS,
    "DailyDurableStreamingApiEvents",
    "DailyDurableGenericStreamingApiEvents",
    "DailyDeliveredPlatformEvents",
    "DailyBulkV2QueryJobs",
];

/// The part of the span between two questions that the first one comes after.
const FIRST: u32 = 10;

/// One allowance of an org, of all its clients together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// What is used up.
    pub used: u64,
    /// What is allowed.
    pub max: u64,
}

/// The allowances of one org.
#[derive(Debug)]
pub(crate) struct Allowances {
    options: AllowanceOptions,
    known: Mutex<BTreeMap<&'static str, Known>>,
    pub(crate) quota: Quota,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    allowance: Allowance,
    /// Whether it has been said that it runs out.
    said: bool,
}

impl Allowance {
    /// Percent of it that are used up.
    pub fn percent(&self) -> u64 {
        self.used.saturating_mul(100).checked_div(self.max).unwrap_or(0)
    }
}

impl From<Limit> for Allowance {
    fn from(limit: Limit) -> Self {
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        Self { used: number(limit.max.saturating_sub(limit.remaining)), max: number(limit.max) }
    }
}

impl Allowances {
    pub(crate) fn new(options: AllowanceOptions) -> Self {
        Self { options, known: Mutex::default(), quota: Quota::new(options.reserve) }
    }

    /// The calls, as an answer tells them.
    pub(crate) fn note_usage(&self, org: &str, usage: ApiUsage) {
        self.note(org, CALLS, Allowance { used: usage.used, max: usage.max });
    }

    /// Takes note of an allowance. That it runs out is said once, and again when it has recovered in between.
    fn note(&self, org: &str, name: &'static str, allowance: Allowance) {
        let runs_out = allowance.percent() >= u64::from(self.options.warn_at);
        let mut known = self.known.lock().expect("no holder of this lock panics");
        let said = known.insert(name, Known { allowance, said: runs_out }).is_some_and(|known| known.said);
        drop(known);
        if name == CALLS {
            self.quota.note(org, allowance);
        }
        let Allowance { used, max } = allowance;
        if runs_out && !said {
            tracing::warn!(
                %org, allowance = name, used, max,
                "An allowance of the org runs out: {}% are used. When none is left the org refuses until some come back, \
                 which takes up to 24 hours; nothing is lost meanwhile. Salesforce sells more.",
                allowance.percent()
            );
        }
    }

    fn all(&self) -> BTreeMap<&'static str, Allowance> {
        let known = self.known.lock().expect("no holder of this lock panics");
        known.iter().map(|(name, known)| (*name, known.allowance)).collect()
    }
}

impl Org {
    /// What is known of the org's allowances, by Salesforce's names.
    pub fn allowances(&self) -> BTreeMap<&'static str, Allowance> {
        self.inner.allowances.all()
    }

    /// What is held back because the daily calls run out, and why; `None` while nothing is.
    pub fn held_back(&self) -> Option<String> {
        self.inner.allowances.quota.said()
    }

    /// Whether calls that can wait are not made at all, because only the reserve is left.
    pub fn is_on_reserve(&self) -> bool {
        self.inner.allowances.quota.is_stopped()
    }

    /// Asks for the allowances from time to time, as long as somebody uses the org.
    pub(crate) fn meter(&self) {
        let every = self.inner.allowances.options.every;
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut due = interval_at(Instant::now() + every / FIRST, every);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                let Some(org) = used(&inner) else { return };
                match org.limits().await {
                    Ok(limits) => {
                        for name in METERED {
                            let Some(limit) = limits.get(name) else { continue };
                            org.inner.allowances.note(org.name(), name, (*limit).into());
                        }
                    }
                    // A user may lack the right to see them, and an org that does not answer is shown by what it is used for.
                    Err(error) => {
                        tracing::debug!(org = org.name(), %error, "the org does not tell its allowances");
                    }
                }
            }
        });
    }
}

fn used(inner: &Weak<Inner>) -> Option<Org> {
    inner.upgrade().map(Org::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(warn_at: u8) -> Allowances {
        Allowances::new(AllowanceOptions { warn_at, ..AllowanceOptions::default() })
    }

    fn said(allowances: &Allowances) -> bool {
        allowances.known.lock().unwrap()[CALLS].said
    }

    #[test]
    fn an_allowance_runs_out_at_the_level_of_the_file() {
        let allowances = meter(80);
        for (used, runs_out) in [(799, false), (800, true), (1_000, true), (10, false), (900, true)] {
            allowances.note_usage("a", ApiUsage { used, max: 1_000 });
            assert_eq!(said(&allowances), runs_out, "{used}");
        }
        assert_eq!(allowances.all()[CALLS], Allowance { used: 900, max: 1_000 });
    }

    #[test]
    fn what_is_not_allowed_at_all_does_not_run_out() {
        assert_eq!(Allowance { used: 0, max: 0 }.percent(), 0);
    }
}
