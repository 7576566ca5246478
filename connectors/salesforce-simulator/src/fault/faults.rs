//! The faults of one org, and which of them a call, a message or a record meets.
//!
//! Rules are tried in the order they were added; the first that fits a call is played and uses up one of its
//! times. A delay that is not counted comes before whatever else is played, so that an org can be slow
//! and faulty at once. A rule with text fits only calls whose path, query or body contains it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::effect::Effect;
use super::rule::Fault;
use crate::calls::CallKind;
use crate::data::Api;

/// About how long a fault without an end lasts: nothing waits for longer without looking again.
const NO_END: Duration = Duration::from_hours(24);

/// Names an added fault, to remove it.
pub type FaultId = u64;

/// The faults of one org.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Rules>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Rules {
    next_id: FaultId,
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    id: FaultId,
    fault: Fault,
    until: Option<Instant>,
    /// How often it fitted since it was met.
    fitted: u32,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { rules: Mutex::default(), changed: watch::Sender::new(()) }
    }

    /// Adds a rule behind those that are there.
    pub fn add(&self, fault: Fault) -> FaultId {
        let id = {
            let mut rules = self.lock();
            rules.next_id += 1;
            let until = fault.for_ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
            let id = rules.next_id;
            rules.active.push(Active { id, fault, until, fitted: 0 });
            id
        };
        self.changed.send_replace(());
        id
    }

    /// The org is down: every call on every connection, held ones included, is answered 503, until
    /// [`Faults::clear`] or [`Faults::remove`].
    pub fn take_down(&self) -> FaultId {
        self.add(Fault::new(
            CallKind::Any,
            Effect::Answer {
                status: 503,
                code: "SERVER_UNAVAILABLE".to_owned(),
                message: "Server unavailable".to_owned(),
            },
        ))
    }

    /// The daily allocation of API calls is used up: every REST call is refused, until the rule is removed.
    pub fn exhaust_api_requests(&self) -> FaultId {
        self.add(Fault::new(
            CallKind::Rest,
            Effect::Answer {
                status: 403,
                code: "REQUEST_LIMIT_EXCEEDED".to_owned(),
                message: "TotalRequests Limit exceeded.".to_owned(),
            },
        ))
    }

    /// Removes one rule; false when it is used up or unknown.
    pub fn remove(&self, id: FaultId) -> bool {
        let removed = {
            let mut rules = self.lock();
            let before = rules.active.len();
            rules.active.retain(|active| active.id != id);
            rules.active.len() < before
        };
        self.changed.send_replace(());
        removed
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().active.clear();
        self.changed.send_replace(());
    }

    /// The rules still in force, with the times that are left.
    pub fn list(&self) -> Vec<(FaultId, Fault)> {
        let mut rules = self.lock();
        rules.drop_ended();
        rules.active.iter().map(|active| (active.id, active.fault.clone())).collect()
    }

    /// Wakes when a rule is added or removed: a held long poll then looks whether it is cut. It wakes once at the start,
    /// since a rule may have come after the call of the poll was let in.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        let mut changes = self.changed.subscribe();
        changes.mark_changed();
        changes
    }

    /// Until when calls of these kinds stand still, unless the fault is removed.
    pub(crate) fn stalled(&self, kinds: &[CallKind], text: impl Fn(&str) -> bool) -> Option<Instant> {
        let mut rules = self.lock();
        rules.drop_ended();
        let stalls =
            |active: &&Active| active.fault.effect == Effect::Stall && active.fault.concerns(kinds, &text);
        let ends = rules.active.iter().filter(stalls).map(|active| active.until);
        ends.map(|until| until.unwrap_or_else(|| Instant::now() + NO_END)).max()
    }

    /// Waits as long as calls of these kinds stand still.
    pub(crate) async fn stand_still(&self, kinds: &[CallKind], text: impl Fn(&str) -> bool) {
        let mut changes = self.changes();
        while let Some(until) = self.stalled(kinds, &text) {
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// How long a call of these kinds waits, and the effect that it meets then, using up one of its times. Record
    /// errors are not among them.
    pub(crate) fn on_call(
        &self,
        kinds: &[CallKind],
        text: impl Fn(&str) -> bool,
    ) -> (Duration, Option<Effect>) {
        let mut rules = self.lock();
        let lasting = rules.play(|fault| fault.slows() && fault.concerns(kinds, &text));
        let met = rules.play(|fault| {
            !matches!(fault.effect, Effect::RecordError { .. } | Effect::Stall)
                && !fault.effect.is_of_messages()
                && !fault.slows()
                && fault.concerns(kinds, &text)
        });
        drop(rules);
        let lasting = lasting.as_ref().and_then(Effect::delay);
        let counted = met.as_ref().and_then(Effect::delay);
        let delay = lasting.unwrap_or_default() + counted.unwrap_or_default();
        (delay, met.filter(|_| counted.is_none()))
    }

    /// The effect that a Bayeux message of this kind meets, using up one of its times.
    pub(crate) fn on_message(&self, kind: CallKind, text: impl Fn(&str) -> bool) -> Option<Effect> {
        self.lock()
            .play(|fault| fault.effect.is_of_messages() && fault.concerns(&[kind, CallKind::Cometd], &text))
    }

    /// The effect of a fault that holds for every call at this moment, such as an org that is down. One that is counted
    /// waits for calls that come.
    pub(crate) fn outage(&self) -> Option<Effect> {
        self.lock().play(|fault| {
            fault.kind == CallKind::Any
                && fault.containing.is_none()
                && fault.times.is_none()
                && fault.one_in.is_none()
                && matches!(fault.effect, Effect::Answer { .. } | Effect::Cut)
        })
    }

    /// Code and message that refuse this record of a write call through this API.
    pub(crate) fn on_record(&self, api: Api, record: impl Fn(&str) -> bool) -> Option<(String, String)> {
        let effect = self.lock().play(|fault| {
            matches!(fault.effect, Effect::RecordError { .. }) && fault.concerns(api.kinds(), &record)
        })?;
        match effect {
            Effect::RecordError { code, message } => Some((code, message)),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    fn play(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Effect> {
        self.drop_ended();
        for active in self.active.iter_mut().filter(|active| fits(&active.fault)) {
            if active.is_its_turn() {
                if let Some(times) = &mut active.fault.times {
                    *times = times.saturating_sub(1);
                }
                return Some(active.fault.effect.clone());
            }
        }
        None
    }

    fn drop_ended(&mut self) {
        let now = Instant::now();
        self.active
            .retain(|active| active.fault.times != Some(0) && active.until.is_none_or(|until| now < until));
    }
}

impl Active {
    /// Counts a call or record that it fits, and says whether that is one it is met by.
    fn is_its_turn(&mut self) -> bool {
        self.fitted += 1;
        let turn = self.fitted >= self.fault.one_in.unwrap_or(1);
        if turn {
            self.fitted = 0;
        }
        turn
    }
}

impl Api {
    /// The kinds of calls that records come in through it.
    fn kinds(self) -> &'static [CallKind] {
        match self {
            Self::Internal => &[],
            Self::Rest => &[CallKind::Write, CallKind::Rest],
            Self::Soap => &[CallKind::Soap],
            Self::Bulk => &[CallKind::Bulk, CallKind::BulkChunk, CallKind::Rest],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_played_as_often_as_asked_and_only_where_its_text_is() {
        let faults = Faults::new();
        faults.add(Fault::new(CallKind::Write, Effect::Cut).times(2).containing("Acme"));
        let has = |needle: &str| needle == "Acme";
        let none = (Duration::ZERO, None);
        assert_eq!(faults.on_call(&[CallKind::Query], has), none.clone());
        assert_eq!(faults.on_call(&[CallKind::Write], |_| false), none.clone());
        assert_eq!(faults.on_call(&[CallKind::Write], has), (Duration::ZERO, Some(Effect::Cut)));
        assert_eq!(faults.on_call(&[CallKind::Write], has), (Duration::ZERO, Some(Effect::Cut)));
        assert_eq!(faults.on_call(&[CallKind::Write], has), none.clone());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_with_one_in_is_met_by_the_last_of_every_so_many_and_leaves_the_others_to_later_ones() {
        let faults = Faults::new();
        let refused = |code: &str| Effect::RecordError { code: code.to_owned(), message: String::new() };
        faults.add(Fault::new(CallKind::Write, refused("UNABLE_TO_LOCK_ROW")).one_in(3).times(2));
        faults.add(Fault::new(CallKind::Write, refused("INVALID_FIELD")).containing("Acme"));
        let met = |record: &str| {
            let met = faults.on_record(Api::Rest, |text| record == text);
            met.map_or(String::new(), |(code, _)| code)
        };
        let codes: Vec<String> = ["", "Acme", "", "", "", "", ""].map(met).to_vec();
        assert_eq!(codes, ["", "INVALID_FIELD", "UNABLE_TO_LOCK_ROW", "", "", "UNABLE_TO_LOCK_ROW", ""]);
    }
}
