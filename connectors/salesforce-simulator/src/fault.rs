//! Faults on demand: what an org does wrong, to which calls, how often.
//!
//! Rules are tried in the order they were added; the first that fits a call is played and uses up one of its
//! times. A delay that is not counted comes before whatever else is played, so that an org can be slow
//! and faulty at once. A rule with text fits only calls whose path, query or body contains it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::calls::CallKind;
use crate::data::Api;

/// The status codes of results, and the exceptions that refuse a record alone.
const RECORD_CODES: &str = include_str!("fault_codes.txt");

/// About how long a fault without an end lasts: nothing waits for longer without looking again.
const NO_END: Duration = Duration::from_hours(24);

/// Names an added fault, to remove it.
pub type FaultId = u64;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// The call is not executed and answered with this HTTP status. REST calls get the usual array with code and
    /// message, token calls the OAuth object, SOAP calls a fault.
    Answer {
        /// HTTP status.
        status: u16,
        /// `errorCode`, or `error` of a token call.
        code: String,
        /// Text for people.
        #[serde(default)]
        message: String,
    },
    /// The call is not executed and its connection closed without an answer.
    Cut,
    /// The call is executed, then its connection closed without an answer.
    CutAfter,
    /// The call is executed after this many milliseconds.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// A Bayeux message is not carried out and refused with HTTP 200; see [`Effect::too_busy`].
    BayeuxError {
        /// `code:args:text`. A handshake is denied for this reason; other messages have it as error and as reason.
        error: String,
        /// The advice: `none` (default), `handshake` or `retry`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reconnect: Option<String>,
    },
    /// The server ends the session of a message and tells its connect with a `/meta/disconnect`.
    BayeuxDisconnect,
    /// The call is executed after a time that differs from call to call, evenly spread between two.
    DelayBetween {
        /// The shortest, milliseconds.
        min_ms: u64,
        /// The longest, milliseconds.
        max_ms: u64,
    },
    /// Calls wait until the fault is over or removed, and held connects bring nothing meanwhile. It is not counted.
    Stall,
    /// Every record of a write call of the fault's kind that contains the fault's text (every record, without text) is refused with
    /// this code; the other records are written.
    RecordError {
        /// Status code such as `UNABLE_TO_LOCK_ROW`.
        code: String,
        /// Text for people.
        #[serde(default)]
        message: String,
    },
}

impl Effect {
    /// What a server that is too busy says to a Bayeux message.
    pub fn too_busy() -> Self {
        let error = "503::Server is too busy.  Please try your request again later.".to_owned();
        Self::BayeuxError { error, reconnect: None }
    }

    /// Whether it concerns Bayeux messages one by one, not calls.
    fn is_of_messages(&self) -> bool {
        matches!(self, Self::BayeuxError { .. } | Self::BayeuxDisconnect)
    }
}

/// One rule. Without [`Fault::times`] and [`Fault::lasting`] it holds until it is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Fault {
    kind: CallKind,
    #[serde(flatten)]
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    containing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
}

/// A fault as JSON, every key a member: what is left over belongs to the effect or is misspelt.
#[derive(Deserialize)]
struct Written {
    kind: CallKind,
    times: Option<u32>,
    containing: Option<String>,
    for_ms: Option<u64>,
    #[serde(flatten)]
    effect: serde_json::Map<String, Json>,
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { kind, times, containing, for_ms, effect } = written;
        let keys: Vec<String> = effect.keys().cloned().collect();
        let effect: Effect =
            serde_json::from_value(Json::Object(effect)).map_err(|error| error.to_string())?;
        match effect {
            Effect::Stall if times.is_some() => {
                return Err("a stall lasts for_ms, or until it is removed: it has no times".to_owned());
            }
            Effect::RecordError { .. } if !kind.writes() => {
                let error = "calls of this kind write no record: write (REST), soap, bulk, rest and any do";
                return Err(error.to_owned());
            }
            _ => {}
        }
        let known = serde_json::to_value(&effect).map_err(|error| error.to_string())?;
        if let Some(key) = keys.iter().find(|key| known.get(key.as_str()).is_none()) {
            let of_effect = known.as_object().into_iter().flat_map(|known| known.keys().map(String::as_str));
            let known: Vec<&str> =
                ["kind", "times", "containing", "for_ms"].into_iter().chain(of_effect).collect();
            return Err(format!("unknown key `{key}`, expected one of {}", known.join(", ")));
        }
        if let Effect::RecordError { code, .. } = &effect {
            check_code(code)?;
        }
        Ok(Self { kind, effect, times, containing, for_ms })
    }
}

/// The status codes of records that Salesforce knows.
pub(crate) fn record_codes() -> impl Iterator<Item = &'static str> {
    RECORD_CODES.split_ascii_whitespace()
}

/// Refuses a code that no record is refused with, and names those that look like it.
fn check_code(code: &str) -> Result<(), String> {
    if record_codes().any(|known| known == code) {
        return Ok(());
    }
    let words: Vec<String> = code.split('_').map(str::to_ascii_uppercase).collect();
    let alike =
        |known: &&str| known.split('_').filter(|word| words.iter().any(|given| given == word)).count();
    let mut near: Vec<&str> = record_codes().filter(|known| alike(known) > 0).collect();
    let begins =
        |known: &str| known.chars().zip(code.chars()).take_while(|(one, other)| one == other).count();
    near.sort_by_key(|known| std::cmp::Reverse((alike(known), begins(known))));
    near.truncate(5);
    let near = if near.is_empty() { String::new() } else { format!("; near it are {}", near.join(", ")) };
    Err(format!("Salesforce has no status code {code} for records{near}; GET /simulator/codes lists all"))
}

impl Fault {
    /// Calls of this kind meet this effect.
    pub fn new(kind: CallKind, effect: Effect) -> Self {
        Self { kind, effect, times: None, containing: None, for_ms: None }
    }

    /// Only so many times: calls, or records for [`Effect::RecordError`].
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only calls (or records) that contain this text.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = Some(text.into());
        self
    }

    /// Only for so long, by real time.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.for_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

impl Fault {
    /// Whether it makes calls slow as long as it is there: then other faults are played as well.
    fn slows(&self) -> bool {
        self.effect.delays() && self.times.is_none()
    }

    fn concerns(&self, kinds: &[CallKind], text: impl Fn(&str) -> bool) -> bool {
        kinds.iter().any(|kind| self.kind.covers(*kind)) && self.containing.as_deref().is_none_or(text)
    }
}

impl Effect {
    /// How long it makes a call wait.
    fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { ms } => Some(Duration::from_millis(*ms)),
            Self::DelayBetween { min_ms, max_ms } => {
                let longest = *max_ms.max(min_ms);
                Some(Duration::from_millis(rand::rng().random_range(*min_ms..=longest)))
            }
            _ => None,
        }
    }

    fn delays(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::DelayBetween { .. })
    }
}

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
            rules.active.push(Active { id, fault, until });
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
        let active = self.active.iter_mut().find(|active| fits(&active.fault))?;
        if let Some(times) = &mut active.fault.times {
            *times = times.saturating_sub(1);
        }
        Some(active.fault.effect.clone())
    }

    fn drop_ended(&mut self) {
        let now = Instant::now();
        self.active
            .retain(|active| active.fault.times != Some(0) && active.until.is_none_or(|until| now < until));
    }
}

impl CallKind {
    /// Whether a fault for this kind concerns a call that is, among others, of that kind. What a job does with its rows is
    /// no call.
    fn covers(self, call: CallKind) -> bool {
        self == call || self == Self::Any && call != Self::BulkChunk
    }

    /// Whether calls of this kind write records.
    fn writes(self) -> bool {
        matches!(self, Self::Any | Self::Rest | Self::Write | Self::Soap | Self::Bulk | Self::BulkChunk)
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
    fn faults_read_as_flat_json() {
        let fault: Fault =
            serde_json::from_str(r#"{"kind":"write","effect":"delay","ms":5,"times":1}"#).unwrap();
        assert_eq!(fault, Fault::new(CallKind::Write, Effect::Delay { ms: 5 }).times(1));
    }
}
