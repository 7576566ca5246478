//! What the source keeps in Kafka: how far it is in each channel, its snapshots, its gaps and its topics.
//!
//! All of them are source positions, so they become durable in one transaction with the records they speak of (D8).

use std::collections::{HashMap, HashSet};
use std::fmt;

use orgstream_api::SourcePosition;
use orgstream_salesforce::SalesforceId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::evolution::FieldTypes;
use crate::moment::Moment;
use crate::push_topic;
use crate::replay_id::ReplayId;
use crate::snapshot::{SnapshotEntry, SnapshotName};
use crate::sweep::Feeder;

/// How far the source is in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelPosition {
    /// The newest event that is in Kafka; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replay_id: Option<ReplayId>,
    /// When that was raised; absent before the first, and where an earlier version stored the position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) newest: Option<Moment>,
    /// All events up to here are in Kafka. It only decides whether there is a gap, never what is dropped.
    pub(crate) as_of: Moment,
    /// The time of the first subscription, stored once. Without a replay id, events from before it are not the source's.
    pub(crate) from: Moment,
}

/// Changes of an object that its channel no longer brings (D9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// The object whose changes are missing.
    pub(crate) object: String,
    /// Counts the object's gaps from 1. An earlier form kept one gap for each channel, under the channel's name; such
    /// a one has the number 0 and stays where it is.
    #[serde(skip)]
    pub(crate) number: u64,
    /// The channel that should have brought them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<Channel>,
    /// Everything before this is in Kafka.
    pub(crate) from: Moment,
    /// Everything that is still retained at this time comes through the channel.
    pub(crate) to: Moment,
    pub(crate) cause: Cause,
    pub(crate) state: GapState,
    /// When it was found; absent in the earlier form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<Moment>,
    /// When the last row of its repair was produced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed: Option<Moment>,
    /// Records that its repair has produced.
    #[serde(default)]
    pub(crate) rows: u64,
    /// Why it is not closed, where that takes somebody's decision or cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Whether a comparison may delete whatever is missing, as somebody said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) confirmed: bool,
    /// How far its repair is; absent before its first batch, and once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<RepairCursor>,
}

/// What becomes of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GapState {
    /// It waits for its repair.
    Open,
    /// A part of what was missing is in Kafka.
    Repairing,
    /// All of it is.
    Closed,
    /// It was left as it is, as the file says.
    Passed,
    /// A part of it can no longer be read from the org.
    Beyond,
}

/// How far the repair of a gap is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepairCursor {
    /// Rows up to this one, by their stamp and then by their id, are in Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after_stamp: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after_id: Option<SalesforceId>,
    pub(crate) part: RepairPart,
}

/// What of a gap is repaired; one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RepairPart {
    /// Rows, living and in the recycle bin, by their stamp.
    Rows,
    /// Deletions that the org has on record.
    Deleted,
    /// Deletions that it no longer has, by comparing what lives with what the target has.
    Compare,
}

/// Up to when an object's changes are in Kafka whatever raised events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SweepPosition {
    /// Every change up to here is in Kafka.
    pub(crate) through: Moment,
    /// When the object was subscribed to first. What happened before is not asked for.
    pub(crate) from: Moment,
    /// When all that the target has was last looked for in the org, where only that shows deletions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compared: Option<Moment>,
}

/// How a gap came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub(crate) enum Cause {
    /// The org no longer knows the newest event that is in Kafka.
    ExpiredReplayId,
    /// There was no event yet, and the org no longer retains what happened since the subscription.
    LongOutage,
    /// The org dropped events because there were too many.
    Overflow,
    /// An event told of changes without naming their records.
    GapEvent,
    /// The org did not grant the subscription for longer than it retains events.
    SubscriptionLimit,
    /// Changes raised no event.
    NoEvent,
    /// The object comes through another channel than before.
    ChannelChanged,
    /// An event could not be read.
    UnreadableEvent,
    /// Events came while the object could not be read, by a channel that brings others too.
    ObjectFailed,
}

/// A stored position that this version of orgstream cannot read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the stored source position {position} cannot be read: {source}; it was written by another version of orgstream \
     or by hand; run that version, or give the pipeline another name, under which it begins anew"
)]
pub(crate) struct UnreadablePosition {
    position: String,
    source: serde_json::Error,
}

/// All positions that are stored.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    pub(crate) channels: HashMap<Channel, ChannelPosition>,
    /// The topics that records were written to.
    pub(crate) topics: HashSet<String>,
    /// The types that the fields of each object have in records.
    pub(crate) fields: HashMap<String, FieldTypes>,
    snapshots: Vec<(SnapshotName, SnapshotEntry)>,
    /// How far each object was swept, and what brought its changes then.
    sweeps: HashMap<String, (SweepPosition, Feeder)>,
    gaps: Vec<Gap>,
}

impl Positions {
    /// Reads what the runtime loaded. Parts of other kinds are not the source's and are passed over.
    pub(crate) fn read(stored: &[SourcePosition]) -> Result<Self, UnreadablePosition> {
        let mut positions = Self::default();
        for position in stored.iter().filter(|position| !position.offset.is_null()) {
            let name = |kind| position.partition.get(kind).and_then(Value::as_str);
            if let Some(channel) = name("channel") {
                positions.channels.insert(Channel::named(channel), offset(position)?);
            } else if let Some(name) = SnapshotName::read(position) {
                positions.snapshots.push((name, offset(position)?));
            } else if let Some(object) = name("sweep").or_else(|| name("poll")) {
                // Both are there where the object's channel was changed, and both hold.
                let read: SweepPosition = offset(position)?;
                let feeder = if name("poll").is_some() { Feeder::Polls } else { Feeder::Channel };
                let known = positions.sweeps.entry(object.to_ascii_lowercase()).or_insert((read, feeder));
                if read.through > known.0.through {
                    *known = (read, feeder);
                }
            } else if let Some(topic) = name("topic") {
                positions.topics.insert(topic.to_owned());
            } else if let Some(object) = name("fields") {
                positions.fields.insert(object.to_owned(), offset(position)?);
            } else if let Some(gap) = name("gap") {
                let number = position.partition.get("n").and_then(Value::as_u64).unwrap_or_default();
                let read: Gap = offset(position)?;
                let channel = if number == 0 { Some(Channel::named(gap)) } else { read.channel.clone() };
                positions.gaps.push(Gap { number, channel, ..read });
            }
        }
        Ok(positions)
    }

    /// The snapshot of `object`, which a file may write in another case than the org.
    pub(crate) fn snapshot_of(&self, object: &str) -> Option<&SnapshotEntry> {
        let mut known = self.snapshots_of(object).filter(|(name, _)| name.order.is_none());
        known.next().map(|(_, snapshot)| snapshot)
    }

    /// Everything stored of snapshots of `object`, ordered ones included.
    pub(crate) fn snapshots_of(&self, object: &str) -> impl Iterator<Item = &(SnapshotName, SnapshotEntry)> {
        self.snapshots.iter().filter(move |(name, _)| name.object.eq_ignore_ascii_case(object))
    }

    /// How far `object` was swept, and what brought its changes then; `None` before its first subscription.
    pub(crate) fn sweep_of(&self, object: &str) -> Option<(SweepPosition, Feeder)> {
        self.sweeps.get(&object.to_ascii_lowercase()).copied()
    }

    /// The gaps of `object`, in no order.
    pub(crate) fn gaps_of(&self, object: &str) -> Vec<&Gap> {
        self.gaps.iter().filter(|gap| gap.object.eq_ignore_ascii_case(object)).collect()
    }
}

/// Whether records of `object` were written: a topic is on record for them, or, in what a version stored that kept no
/// topics, its stream or a snapshot of it has begun.
pub fn has_begun(stored: &[SourcePosition], object: &str) -> bool {
    let channel = Channel::of_push_topic(&push_topic::plain_name(object));
    stored.iter().filter(|position| !position.offset.is_null()).any(|position| {
        // A file may write an object's name in another case than the org.
        let is = |stored: Option<&Value>, name: &str| {
            stored.and_then(Value::as_str).is_some_and(|stored| stored.eq_ignore_ascii_case(name))
        };
        let of = |kind| position.partition.get(kind);
        is(of("topic").and(position.offset.get("object")), object)
            || is(of("channel"), channel.as_str())
            // One that is only asked for has written nothing.
            || position.offset.get("state") != Some(&json!("asked")) && is(of("snapshot"), object)
    })
}

/// The topics that records were written to, each with its object.
pub fn topics_on_record(stored: &[SourcePosition]) -> impl Iterator<Item = (&str, &str)> {
    stored.iter().filter_map(|position| {
        let topic = position.partition.get("topic")?.as_str()?;
        Some((topic, position.offset.get("object")?.as_str()?))
    })
}

/// That records of `object` were written to `topic`.
pub(crate) fn topic_begun(topic: &str, object: &str) -> SourcePosition {
    SourcePosition { partition: json!({"topic": topic}), offset: json!({"object": object}) }
}

impl ChannelPosition {
    pub(crate) fn stored(&self, channel: &Channel) -> SourcePosition {
        SourcePosition { partition: json!({"channel": channel}), offset: json!(self) }
    }
}

impl SweepPosition {
    pub(crate) fn stored(&self, object: &str) -> SourcePosition {
        SourcePosition { partition: json!({"sweep": object}), offset: json!(self) }
    }

    /// As [`SweepPosition::stored`], of an object that no channel brings.
    pub(crate) fn stored_as_poll(&self, object: &str) -> SourcePosition {
        SourcePosition { partition: json!({"poll": object}), offset: json!(self) }
    }
}

impl Gap {
    pub(crate) fn stored(&self) -> SourcePosition {
        let partition = match &self.channel {
            Some(channel) if self.number == 0 => json!({"gap": channel}),
            _ => json!({"gap": self.object, "n": self.number}),
        };
        SourcePosition { partition, offset: json!(self) }
    }
}

impl Cause {
    /// Whether the org delivered what is missing, and it was not read.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::UnreadableEvent | Self::ObjectFailed)
    }
}

impl TryFrom<String> for Cause {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "expired_replay_id" => Ok(Self::ExpiredReplayId),
            "long_outage" => Ok(Self::LongOutage),
            "overflow" => Ok(Self::Overflow),
            "gap_event" => Ok(Self::GapEvent),
            "subscription_limit" => Ok(Self::SubscriptionLimit),
            "no_event" => Ok(Self::NoEvent),
            "channel_changed" => Ok(Self::ChannelChanged),
            "unreadable_event" => Ok(Self::UnreadableEvent),
            "object_failed" => Ok(Self::ObjectFailed),
            // The earlier form has a sentence.
            sentence if sentence.starts_with("the org no longer serves") => Ok(Self::ExpiredReplayId),
            sentence if sentence.starts_with("the org no longer retains") => Ok(Self::LongOutage),
            _ => Err(format!("`{text}` is no cause of a gap")),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpiredReplayId => "the org no longer serves what follows the stored replay id",
            Self::LongOutage => {
                "the org no longer retains what happened since the source was last subscribed"
            }
            Self::Overflow => "the org dropped events because there were too many at once",
            Self::GapEvent => "the org told of changes without naming their records",
            Self::SubscriptionLimit => {
                "the org did not grant the subscription for longer than it retains events"
            }
            Self::NoEvent => "changes raised no event",
            Self::ChannelChanged => "the object comes through another channel than before",
            Self::UnreadableEvent => "an event could not be read",
            Self::ObjectFailed => "events came while the object could not be read",
        })
    }
}

fn offset<T: DeserializeOwned>(position: &SourcePosition) -> Result<T, UnreadablePosition> {
    T::deserialize(&position.offset)
        .map_err(|source| UnreadablePosition { position: position.partition.to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::SnapshotState;

    fn at(millis: i64) -> Moment {
        Moment(1_767_262_830_000 + millis)
    }

    fn gap(number: u64) -> Gap {
        Gap {
            object: "Account".to_owned(),
            number,
            channel: Some(Channel::of_push_topic("orgstream_Account")),
            from: at(0),
            to: at(9),
            cause: Cause::LongOutage,
            state: GapState::Open,
            found: Some(at(10)),
            closed: None,
            rows: 0,
            reason: None,
            confirmed: false,
            cursor: None,
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let channel = Channel::of_push_topic("orgstream_Account");
        let fresh = ChannelPosition { replay_id: None, newest: None, as_of: at(0), from: at(5) };
        let far = ChannelPosition { replay_id: Some(ReplayId(41)), newest: Some(at(3)), ..fresh };
        let asked = SnapshotEntry::asked(None, Some(at(2)));
        let done = SnapshotEntry { state: SnapshotState::Done, ..SnapshotEntry::asked(None, None) };
        let name = SnapshotName { object: "Account".to_owned(), order: None };
        for (position, snapshot, number) in [(fresh, asked, 1), (far, done, 12)] {
            let stored = [
                position.stored(&channel),
                snapshot.stored(&name),
                gap(number).stored(),
                topic_begun("a.Account", "Account"),
            ];
            let read = Positions::read(&stored).unwrap();
            assert_eq!(read.channels[&channel], position);
            assert_eq!(read.snapshot_of("account"), Some(&snapshot));
            assert_eq!(read.gaps_of("ACCOUNT"), [&gap(number)]);
            assert!(read.topics.contains("a.Account"));
        }
        assert!(fresh.stored(&channel).offset.get("replay_id").is_none());
        let partition = |position: SourcePosition| position.partition.to_string();
        assert_eq!(partition(far.stored(&channel)), r#"{"channel":"/topic/orgstream_Account"}"#);
        assert_eq!(partition(gap(3).stored()), r#"{"gap":"Account","n":3}"#);
    }

    #[test]
    fn a_gap_of_the_earlier_form_is_read_and_closed_where_it_stands() {
        let partition = json!({"gap": "/topic/orgstream_Account"});
        let offset = json!({
            "object": "Account",
            "from": at(0),
            "to": at(9),
            "cause": "the org no longer serves what follows replay id 7",
            "state": "open",
        });
        let stored = [SourcePosition { partition: partition.clone(), offset }];
        let read = Positions::read(&stored).unwrap();
        let [open] = read.gaps_of("Account")[..] else { panic!("{read:?}") };
        assert_eq!(*open, Gap { cause: Cause::ExpiredReplayId, found: None, ..gap(0) });
        let closed = Gap { state: GapState::Closed, closed: Some(at(20)), ..open.clone() }.stored();
        assert_eq!(closed.partition, partition);
        let read = Positions::read(&[closed]).unwrap();
        assert_eq!(read.gaps_of("Account")[0].state, GapState::Closed);
    }

    #[test]
    fn what_is_stored_says_which_objects_have_begun() {
        let channel = Channel::of_push_topic("orgstream_Account");
        let streamed = ChannelPosition { replay_id: None, newest: None, as_of: at(0), from: at(0) };
        let streamed = streamed.stored(&channel);
        let read = SnapshotEntry { state: SnapshotState::Running, ..SnapshotEntry::asked(None, None) }
            .stored(&SnapshotName { object: "Lead".to_owned(), order: None });
        let asked =
            SnapshotEntry::asked(None, None).stored(&SnapshotName { object: "Task".to_owned(), order: None });
        let removed = SourcePosition { partition: json!({"snapshot": "Contact"}), offset: Value::Null };
        let written = topic_begun("b.Case", "Case");
        let stored = [streamed, read, asked, removed, written];
        for (object, begun) in [
            ("Account", true),
            ("account", true),
            ("Lead", true),
            ("Contact", false),
            ("case", true),
            ("Task", false),
        ] {
            assert_eq!(has_begun(&stored, object), begun, "{object}");
        }
    }

    #[test]
    fn a_position_of_another_form_is_named_and_not_passed_over() {
        let odd =
            SourcePosition { partition: json!({"channel": "/topic/x"}), offset: json!({"replay_id": "x"}) };
        let error = Positions::read(&[odd]).unwrap_err().to_string();
        assert!(error.contains("/topic/x") && error.contains("another name"), "{error}");
        let removed = SourcePosition { partition: json!({"channel": "/topic/x"}), offset: Value::Null };
        let other = SourcePosition { partition: json!({"claim": 1}), offset: json!(7) };
        assert!(Positions::read(&[removed, other]).unwrap().channels.is_empty());
    }
}
