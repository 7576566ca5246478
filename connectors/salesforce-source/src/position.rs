//! What the source keeps in Kafka: how far it is in each channel, its snapshots and its gaps.
//!
//! All three are source positions, so they become durable in one transaction with the records they speak of (D8).

use std::collections::HashMap;

use orgstream_api::SourcePosition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::moment::Moment;
use crate::push_topic::PushTopic;
use crate::replay_id::ReplayId;

/// How far the source is in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelPosition {
    /// The newest event that is in Kafka; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replay_id: Option<ReplayId>,
    /// All events up to here are in Kafka. It only decides whether there is a gap, never what is dropped.
    pub(crate) as_of: Moment,
    /// The time of the first subscription, stored once. Without a replay id, events from before it are not the source's.
    pub(crate) from: Moment,
}

/// A snapshot of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotPosition {
    pub(crate) state: SnapshotState,
    /// When its first page was read; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<Moment>,
    /// Rows that were deleted since then become deletes; absent where none can be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repairs: Option<Moment>,
}

/// How far a snapshot is. A running one whose process ended begins again, wherever its source is told to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SnapshotState {
    Running,
    Done,
}

/// A range of a channel's history that the org no longer delivers (D9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// The object whose changes are missing.
    pub(crate) object: String,
    /// Everything before this is in Kafka.
    pub(crate) from: Moment,
    /// Everything that is still retained at this time comes through the channel.
    pub(crate) to: Moment,
    /// How it came about.
    pub(crate) cause: String,
    pub(crate) state: GapState,
}

/// Whether a gap still waits for its repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GapState {
    Open,
    Closed,
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
    pub(crate) snapshots: HashMap<String, SnapshotPosition>,
    pub(crate) gaps: HashMap<Channel, Gap>,
}

impl Positions {
    /// Reads what the runtime loaded. Parts of other kinds are not the source's and are passed over.
    pub(crate) fn read(stored: &[SourcePosition]) -> Result<Self, UnreadablePosition> {
        let mut positions = Self::default();
        for position in stored.iter().filter(|position| !position.offset.is_null()) {
            let name = |kind| position.partition.get(kind).and_then(Value::as_str);
            if let Some(channel) = name("channel") {
                positions.channels.insert(Channel::named(channel), offset(position)?);
            } else if let Some(object) = name("snapshot") {
                positions.snapshots.insert(object.to_owned(), offset(position)?);
            } else if let Some(channel) = name("gap") {
                positions.gaps.insert(Channel::named(channel), offset(position)?);
            }
        }
        Ok(positions)
    }
}

/// Whether anything is stored about `object`: its stream or a snapshot of it has begun.
pub fn has_begun(stored: &[SourcePosition], object: &str) -> bool {
    let topic = PushTopic::of(object);
    let channel = Channel::of_push_topic(topic.name());
    stored.iter().filter(|position| !position.offset.is_null()).any(|position| {
        let is = |kind, name: &str| {
            let stored = position.partition.get(kind).and_then(Value::as_str);
            // A file may write an object's name in another case than the org.
            stored.is_some_and(|stored| stored.eq_ignore_ascii_case(name))
        };
        is("channel", channel.as_str()) || is("snapshot", object)
    })
}

impl ChannelPosition {
    pub(crate) fn stored(&self, channel: &Channel) -> SourcePosition {
        let mut offset = json!({"as_of": self.as_of, "from": self.from});
        if let Some(replay_id) = self.replay_id {
            offset["replay_id"] = json!(replay_id);
        }
        SourcePosition { partition: json!({"channel": channel}), offset }
    }
}

impl SnapshotPosition {
    pub(crate) fn stored(&self, object: &str) -> SourcePosition {
        SourcePosition { partition: json!({"snapshot": object}), offset: json!(self) }
    }
}

impl Gap {
    pub(crate) fn stored(&self, channel: &Channel) -> SourcePosition {
        SourcePosition {
            partition: json!({"gap": channel}),
            offset: json!({
                "object": self.object,
                "from": self.from,
                "to": self.to,
                "cause": self.cause,
                "state": self.state,
            }),
        }
    }
}

fn offset<T: DeserializeOwned>(position: &SourcePosition) -> Result<T, UnreadablePosition> {
    T::deserialize(&position.offset)
        .map_err(|source| UnreadablePosition { position: position.partition.to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let channel = Channel::of_push_topic("orgstream_Account");
        let at = |millis: i64| Moment(1_767_262_830_000 + millis);
        let fresh = ChannelPosition { replay_id: None, as_of: at(0), from: at(5) };
        let far = ChannelPosition { replay_id: Some(ReplayId(41)), ..fresh };
        let asked = SnapshotPosition { state: SnapshotState::Running, started: None, repairs: Some(at(2)) };
        let done = SnapshotPosition { state: SnapshotState::Done, started: Some(at(1)), repairs: None };
        let gap = Gap {
            object: "Account".to_owned(),
            from: at(0),
            to: at(9),
            cause: "expired".to_owned(),
            state: GapState::Open,
        };
        for (position, snapshot) in [(fresh, asked), (far, done)] {
            let stored = [position.stored(&channel), snapshot.stored("Account"), gap.stored(&channel)];
            let read = Positions::read(&stored).unwrap();
            assert_eq!(read.channels[&channel], position);
            assert_eq!(read.snapshots["Account"], snapshot);
            assert_eq!(read.gaps[&channel], gap);
        }
        assert!(fresh.stored(&channel).offset.get("replay_id").is_none());
        assert_eq!(far.stored(&channel).partition, json!({"channel": "/topic/orgstream_Account"}));
    }

    #[test]
    fn what_is_stored_says_which_objects_have_begun() {
        let at = Moment(1_767_262_830_000);
        let channel = Channel::of_push_topic("orgstream_Account");
        let streamed = ChannelPosition { replay_id: None, as_of: at, from: at }.stored(&channel);
        let read = SnapshotPosition { state: SnapshotState::Running, started: Some(at), repairs: None }
            .stored("Lead");
        let removed = SourcePosition { partition: json!({"snapshot": "Contact"}), offset: Value::Null };
        let stored = [streamed, read, removed];
        for (object, begun) in [("Account", true), ("account", true), ("Lead", true), ("Contact", false)] {
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
