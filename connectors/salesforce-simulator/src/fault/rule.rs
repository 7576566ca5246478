//! One rule: which calls meet which effect, how often and for how long; in Rust and as JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::effect::Effect;
use crate::calls::CallKind;

/// The status codes of results, and the exceptions that refuse a record alone.
const RECORD_CODES: &str = include_str!("codes.txt");

/// One rule. Without [`Fault::times`] and [`Fault::lasting`] it holds until it is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Fault {
    pub(super) kind: CallKind,
    #[serde(flatten)]
    pub(super) effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) one_in: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) containing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) for_ms: Option<u64>,
}

/// A fault as JSON, every key a member: what is left over belongs to the effect or is misspelt.
#[derive(Deserialize)]
struct Written {
    kind: CallKind,
    times: Option<u32>,
    one_in: Option<u32>,
    containing: Option<String>,
    for_ms: Option<u64>,
    #[serde(flatten)]
    effect: serde_json::Map<String, Json>,
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { kind, times, one_in, containing, for_ms, effect } = written;
        let keys: Vec<String> = effect.keys().cloned().collect();
        let effect: Effect =
            serde_json::from_value(Json::Object(effect)).map_err(|error| error.to_string())?;
        if let Some(reason) = never_met(kind, &effect, times, one_in) {
            return Err(reason.to_owned());
        }
        let known = serde_json::to_value(&effect).map_err(|error| error.to_string())?;
        if let Some(key) = keys.iter().find(|key| known.get(key.as_str()).is_none()) {
            let of_effect = known.as_object().into_iter().flat_map(|known| known.keys().map(String::as_str));
            let known: Vec<&str> =
                ["kind", "times", "one_in", "containing", "for_ms"].into_iter().chain(of_effect).collect();
            return Err(format!("unknown key `{key}`, expected one of {}", known.join(", ")));
        }
        if let Effect::RecordError { code, .. } = &effect {
            check_code(code)?;
        }
        Ok(Self { kind, effect, times, one_in, containing, for_ms })
    }
}

/// Why no call could ever meet such a fault, or not as it is written.
fn never_met(
    kind: CallKind,
    effect: &Effect,
    times: Option<u32>,
    one_in: Option<u32>,
) -> Option<&'static str> {
    match effect {
        _ if one_in == Some(0) => Some("one_in: 0 is met by no call; leave one_in out, or count from 1"),
        Effect::Stall if one_in.is_some() => Some("a stall holds every call: it has no one_in"),
        _ if times == Some(0) => Some("times: 0 is met by no call; leave times out, or count from 1"),
        Effect::Stall if times.is_some() => {
            Some("a stall lasts for_ms, or until it is removed: it has no times")
        }
        Effect::RecordError { .. } if !kind.writes() => {
            Some("calls of this kind write no record: write (REST), soap, bulk, rest and any do")
        }
        Effect::BayeuxError { .. } if !kind.streams() => {
            Some("it is for messages: handshake, connect, subscribe, unsubscribe, disconnect, cometd and any")
        }
        Effect::BayeuxDisconnect if kind == CallKind::Handshake || !kind.streams() => {
            Some("it ends a session: connect, subscribe, unsubscribe, cometd and any have one")
        }
        Effect::BayeuxError { reconnect: Some(advice), .. }
            if !matches!(advice.as_str(), "none" | "handshake" | "retry") =>
        {
            Some("reconnect: none, handshake or retry")
        }
        Effect::DelayBetween { min_ms, max_ms } if min_ms > max_ms => Some("min_ms is more than max_ms"),
        Effect::Answer { status, .. } if !(200..=599).contains(status) => {
            Some("status: an HTTP status from 200 to 599")
        }
        _ => None,
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
        Self { kind, effect, times: None, one_in: None, containing: None, for_ms: None }
    }

    /// Only so many times: calls, or records for [`Effect::RecordError`].
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only the last of every so many calls (or records) that it fits: with 50, two in a hundred.
    #[must_use]
    pub fn one_in(mut self, calls: u32) -> Self {
        self.one_in = Some(calls.max(1));
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
    pub(super) fn slows(&self) -> bool {
        self.effect.delays() && self.times.is_none() && self.one_in.is_none()
    }

    pub(super) fn concerns(&self, kinds: &[CallKind], text: impl Fn(&str) -> bool) -> bool {
        kinds.iter().any(|kind| self.kind.covers(*kind)) && self.containing.as_deref().is_none_or(text)
    }
}

impl CallKind {
    /// Whether a fault for this kind concerns a call that is, among others, of that kind. What a job does with its rows is
    /// no call.
    fn covers(self, call: CallKind) -> bool {
        self == call || self == Self::Any && call != Self::BulkChunk
    }

    /// Whether calls of this kind bring Bayeux messages.
    fn streams(self) -> bool {
        use CallKind::{Any, Cometd, Connect, Disconnect, Handshake, Subscribe, Unsubscribe};
        matches!(self, Any | Cometd | Connect | Disconnect | Handshake | Subscribe | Unsubscribe)
    }

    /// Whether calls of this kind write records.
    fn writes(self) -> bool {
        matches!(self, Self::Any | Self::Rest | Self::Write | Self::Soap | Self::Bulk | Self::BulkChunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_as_flat_json() {
        let fault: Fault =
            serde_json::from_str(r#"{"kind":"write","effect":"delay","ms":5,"times":1}"#).unwrap();
        assert_eq!(fault, Fault::new(CallKind::Write, Effect::Delay { ms: 5 }).times(1));
    }
}
