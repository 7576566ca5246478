//! One event of a channel, read into what it says.
//!
//! Every message becomes an event: one of an unknown shape is [`What::Unreadable`], so that whoever gets it can keep it
//! and say so, instead of losing it or standing still before it.
//!
//! # Layout, in reading order
//!
//! - this file: the event and where it stands in its channel
//! - `push_topic`: a change that a PushTopic selected
//! - `fields`: what such a change shows of its record
//! - `change`: a change of Change Data Capture, of one record or of several
//! - `platform`, `generic`: messages that are about no record

mod change;
mod fields;
mod generic;
mod platform;
mod push_topic;

use std::fmt;

use orgstream_salesforce::{Row, datetime};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use change::{ChangeEvent, ChangeKind, Ids};
pub(crate) use fields::Fields;
pub(crate) use generic::GenericEvent;
pub(crate) use platform::PlatformEvent;
pub(crate) use push_topic::TopicEvent;

use crate::channel::{Channel, Family};
use crate::moment::Moment;
use crate::replay_id::ReplayId;

/// What came on a channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Where it came from.
    pub(crate) channel: Channel,
    /// Its place there; `None` only where it is unreadable.
    pub(crate) replay_id: Option<ReplayId>,
    /// When the answer that brought it had arrived, by our clock.
    pub(crate) received: Instant,
    /// When it was raised, by the org's clock; of an unreadable event that does not say so, when it was received.
    pub(crate) created: Moment,
    pub(crate) what: What,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A record changed.
    Topic(TopicEvent),
    /// One or more records changed.
    Change(Box<ChangeEvent>),
    /// Somebody published an event.
    Platform(PlatformEvent),
    /// Somebody pushed a text.
    Generic(GenericEvent),
    /// Nobody knows.
    Unreadable(Unreadable),
}

/// A message of an unknown shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// What cannot be read, in one sentence.
    pub(crate) reason: String,
    /// The message's content as it came.
    pub(crate) raw: String,
}

/// The place of an event, whatever else its text holds.
#[derive(Deserialize)]
struct Placed {
    event: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    replay_id: i64,
}

/// The part of an event that is missing or has another shape; a path such as `data.event.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missing(&'static str);

impl Event {
    /// Reads the `data` of a message on `channel`, which was received at `received` by our clock and `at` by the org's.
    pub(crate) fn read(channel: &str, data: Option<&RawValue>, received: Instant, at: Moment) -> Self {
        let channel = Channel::named(channel);
        let text = data.map_or("null", RawValue::get);
        if channel.family() == Some(Family::Topic)
            && let Some((id, created, what)) = push_topic::read_text(text)
        {
            return Self { channel, replay_id: Some(id), received, created, what };
        }
        let mut data: Value = match serde_json::from_str(text) {
            Ok(data) => data,
            Err(error) => return Self::of_odd_text(channel, text, &error, received, at),
        };
        let replay_id = replay_id(&data);
        let read = replay_id.and_then(|id| Ok((id, what(channel.family(), &mut data)?)));
        match read {
            Ok((id, (created, what))) => Self { channel, replay_id: Some(id), received, created, what },
            Err(missing) => {
                let unreadable = Unreadable { reason: missing.to_string(), raw: text.to_owned() };
                let created = told(&data).map_or(at, |told| told.min(at));
                let what = What::Unreadable(unreadable);
                Self { channel, replay_id: replay_id.ok(), received, created, what }
            }
        }
    }

    /// An event whose text is no JSON once it is looked into, such as one with half a character.
    fn of_odd_text(
        channel: Channel,
        text: &str,
        error: &dyn fmt::Display,
        received: Instant,
        at: Moment,
    ) -> Self {
        let replay_id =
            serde_json::from_str::<Placed>(text).ok().map(|placed| ReplayId(placed.event.replay_id));
        let reason = format!("its text cannot be read: {error}");
        let what = What::Unreadable(Unreadable { reason, raw: text.to_owned() });
        Self { channel, replay_id, received, created: at, what }
    }

    /// An update of one record, on the channel of this PushTopic.
    #[cfg(test)]
    pub(crate) fn sample(push_topic: &str, replay_id: i64) -> Self {
        let id = orgstream_salesforce::SalesforceId::parse("0015g00000QwErTAAV").expect("it is well-formed");
        let what =
            TopicEvent { kind: orgstream_api::EventType::Updated, id, fields: Fields::from(&Row::new()) };
        Self {
            channel: Channel::of_push_topic(push_topic),
            replay_id: Some(ReplayId(replay_id)),
            received: Instant::now(),
            created: Moment(0),
            what: What::Topic(what),
        }
    }

    /// Its content in words of its own, where it is readable and yet of no use.
    pub(crate) fn raw(&self) -> String {
        let content = match &self.what {
            What::Topic(topic) => json!({"sobject": topic.fields}),
            What::Change(change) => json!({"schema": change.schema, "payload": change.fields}),
            What::Platform(platform) => json!({"schema": platform.schema, "payload": platform.fields}),
            What::Generic(generic) => json!({"payload": generic.payload}),
            What::Unreadable(unreadable) => return unreadable.raw.clone(),
        };
        content.to_string()
    }

    /// How many records it changes, or is itself.
    pub(crate) fn records(&self) -> usize {
        match &self.what {
            What::Change(change) => change.header.ids.records().len(),
            What::Topic(_) | What::Platform(_) | What::Generic(_) => 1,
            What::Unreadable(_) => 0,
        }
    }
}

/// When an event was raised, and what it says. The fields are taken out of `data`, which stays whole where it is not
/// understood.
fn what(family: Option<Family>, data: &mut Value) -> Result<(Moment, What), Missing> {
    match family {
        Some(Family::Topic) => push_topic::read(data),
        Some(Family::Change) => change::read(data),
        Some(Family::Platform) => platform::read(data),
        Some(Family::Generic) => generic::read(data),
        None => Err(Missing("channel")),
    }
}

/// When an event says that it was raised, whatever else of it is odd.
fn told(data: &Value) -> Option<Moment> {
    let committed = data.pointer("/payload/ChangeEventHeader/commitTimestamp").and_then(Value::as_i64);
    let created = || {
        ["/event/createdDate", "/payload/CreatedDate"]
            .into_iter()
            .find_map(|pointer| moment(data, pointer, "").ok())
    };
    committed.map(Moment).or_else(created)
}

fn replay_id(data: &Value) -> Result<ReplayId, Missing> {
    let id = data.pointer("/event/replayId").and_then(Value::as_i64);
    id.map(ReplayId).ok_or(Missing("data.event.replayId"))
}

/// The object at `pointer`, called `path` in messages.
fn object<'a>(data: &'a Value, pointer: &str, path: &'static str) -> Result<&'a Row, Missing> {
    data.pointer(pointer).and_then(Value::as_object).ok_or(Missing(path))
}

/// Takes the object at `pointer` out of `data`.
fn take(data: &mut Value, pointer: &str) -> Row {
    match data.pointer_mut(pointer).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Row::new(),
    }
}

/// The point in time at `pointer`, called `path` in messages.
fn moment(data: &Value, pointer: &str, path: &'static str) -> Result<Moment, Missing> {
    let text = data.pointer(pointer).and_then(Value::as_str);
    text.and_then(|text| datetime::parse_datetime(text).ok()).map(Moment).ok_or(Missing(path))
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it has no usable `{}`", self.0)
    }
}

#[cfg(test)]
pub(crate) use tests::fixture;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: Moment = Moment(1_767_262_830_000);

    /// The message of a fixture, read as it would be off the wire.
    pub(crate) fn fixture(name: &str) -> Event {
        let path = format!("{}/tests/fixtures/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let message: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let channel = message["channel"].as_str().unwrap();
        read(channel, &message["data"])
    }

    fn read(channel: &str, data: &Value) -> Event {
        Event::read(channel, Some(&serde_json::value::to_raw_value(data).unwrap()), Instant::now(), AT)
    }

    #[test]
    fn every_fixture_but_the_unreadable_ones_is_read() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/events");
        let mut read = 0;
        for file in std::fs::read_dir(directory).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let name = name.strip_suffix(".json").unwrap();
            let event = fixture(name);
            let unreadable = matches!(event.what, What::Unreadable(_));
            assert_eq!(unreadable, name.starts_with("unreadable_"), "{name}: {event:?}");
            read += 1;
        }
        assert!(read >= 20, "only {read} fixtures were found");
    }

    #[test]
    fn what_cannot_be_read_keeps_its_place_and_its_text() {
        let event = fixture("unreadable_type");
        assert_eq!((event.replay_id, event.created), (Some(ReplayId(44)), AT));
        let What::Unreadable(unreadable) = &event.what else { panic!("{event:?}") };
        assert_eq!(unreadable.reason, "it has no usable `data.event.type`");
        let raw: Value = serde_json::from_str(&unreadable.raw).unwrap();
        assert_eq!(raw["event"]["type"], "merged");
        assert_eq!(event.records(), 0);

        let event = fixture("unreadable_replay_id");
        assert_eq!(event.replay_id, None);
        let event = json!({"event": {"replayId": 3, "createdDate": "2025-01-01T10:20:30.456Z"}});
        let event = read("/topic/x", &event);
        assert_eq!(event.created, Moment(1_735_726_830_456), "it says when it was raised");
        assert_eq!(fixture("unreadable_date").created, AT);
        let event = Event::read("/topic/x", None, Instant::now(), AT);
        assert!(matches!(event.what, What::Unreadable(_)), "a message without content is one too");
        let event = read("/odd/x", &json!({"event": {"replayId": 1}}));
        assert!(matches!(&event.what, What::Unreadable(it) if it.reason.contains("channel")));
    }

    #[test]
    fn a_text_with_half_a_character_keeps_its_place_and_its_text() {
        let data = r#"{"event":{"replayId":7,"createdDate":"2026-01-01T10:20:30.456Z","type":"updated"},
            "sobject":{"Id":"0015g00000QwErTAAV","Name":"\ud83d"}}"#;
        let raw = RawValue::from_string(data.to_owned()).unwrap();
        let event = Event::read("/topic/x", Some(&raw), Instant::now(), AT);
        assert_eq!(event.replay_id, Some(ReplayId(7)));
        let What::Unreadable(unreadable) = &event.what else { panic!("{event:?}") };
        assert!(unreadable.reason.starts_with("its text cannot be read: "), "{}", unreadable.reason);
        assert_eq!(unreadable.raw, data);
    }

    proptest! {
        /// Whatever single part of a readable message is missing or of another type: it is read, or kept with its text.
        #[test]
        fn no_message_is_lost_whatever_part_of_it_is_odd(
            fixture in prop::sample::select(vec!["cdc_update", "cdc_gap_update", "platform", "generic", "created"]),
            part in prop::sample::select(vec![
                "/event", "/event/replayId", "/event/type", "/event/createdDate", "/sobject", "/sobject/Id", "/payload",
                "/payload/ChangeEventHeader", "/payload/ChangeEventHeader/recordIds",
                "/payload/ChangeEventHeader/changeType", "/payload/ChangeEventHeader/commitTimestamp",
                "/payload/ChangeEventHeader/entityName", "/payload/ChangeEventHeader/changedFields",
                "/payload/CreatedDate", "/schema",
            ]),
            odd in prop::sample::select(vec![json!(null), json!(7), json!("x"), json!([]), json!({}), json!([1])]),
        ) {
            let path = format!("{}/tests/fixtures/events/{fixture}.json", env!("CARGO_MANIFEST_DIR"));
            let mut message: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            if let Some(place) = message.pointer_mut(&format!("/data{part}")) {
                *place = odd;
            }
            let data = message["data"].clone();
            let event = read(message["channel"].as_str().unwrap(), &data);
            if let What::Unreadable(unreadable) = event.what {
                prop_assert_eq!(serde_json::from_str::<Value>(&unreadable.raw).unwrap(), data);
            } else {
                prop_assert!(event.replay_id.is_some());
            }
        }
    }
}
