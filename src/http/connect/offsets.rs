//! Where connectors are in Kafka and in their orgs, shown, and set while they are stopped.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use orgstream_api::TopicPartition;
use serde_json::{Value, json};

use super::body::json;
use super::configured::refusal;
use super::{Answer, Connect, unknown};
use crate::connectors::Offsets;
use crate::control::Kind;
use crate::http::answer::Refusal;

/// The path of the offsets.
pub(super) fn router() -> Router<Connect> {
    Router::new().route("/connectors/{name}/offsets", get(shown).patch(alter).delete(reset))
}

async fn shown(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    let (kind, pipelines, positions) = connect.with(
        &name,
        || unknown(&name),
        |connector, tasks| {
            let positions = tasks.iter().flat_map(|task| &task.positions).map(|position| json!(position));
            (connector.kind, connector.pipelines.clone(), positions.collect::<Vec<_>>())
        },
    )?;
    let offsets: Vec<Value> = match kind {
        Kind::Source => positions,
        Kind::Sink => {
            let committed = connect.declared.committed(&pipelines).await;
            committed.map_err(|refused| refusal(&refused))?.into_iter().map(place).collect()
        }
    };
    Ok(Json(json!({ "offsets": offsets })))
}

fn place((place, offset): (TopicPartition, i64)) -> Value {
    json!({
        "partition": { "kafka_topic": place.topic, "kafka_partition": place.partition },
        "offset": { "kafka_offset": offset },
    })
}

async fn alter(State(connect): State<Connect>, Path(name): Path<String>, body: Bytes) -> Answer {
    let sent = json(&body)?;
    let sent = sent["offsets"].as_array().cloned().unwrap_or_default();
    if sent.is_empty() {
        return Err(bad("Partitions / offsets need to be provided for an alter offsets request"));
    }
    connect.set(&name, || places(&sent)).await?;
    Ok(Json(json!({ "message": "The offsets for this connector have been altered successfully" })))
}

async fn reset(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    connect.set(&name, || Ok(Offsets::Reset)).await?;
    Ok(Json(json!({ "message": "The offsets for this connector have been reset successfully" })))
}

impl Connect {
    /// Sets the offsets of a sink that is stopped, which are read only then, as Kafka Connect does.
    async fn set(
        &self,
        name: &str,
        offsets: impl FnOnce() -> Result<Offsets, Refusal>,
    ) -> Result<(), Refusal> {
        let found =
            self.with(name, || unknown(name), |connector, _| (connector.kind, connector.pipelines.clone()));
        let (kind, pipelines) = found?;
        if kind == Kind::Source {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                format!(
                    "the positions of {name} are not set: they are the org's, which alone knows what came before and after them. \
                     `orgstream snapshot` has it bring every record again"
                ),
            ));
        }
        let is_stopped = self.declared.must_be_stopped(name, &pipelines);
        is_stopped.map_err(|refused| refusal(&refused))?;
        let set = self.declared.set_offsets(name, pipelines, offsets()?).await;
        set.map_err(|refused| refusal(&refused))
    }
}

/// What is sent of each partition; the last word counts.
fn places(sent: &[Value]) -> Result<Offsets, Refusal> {
    let mut places = BTreeMap::new();
    for one in sent {
        let (partition, offset) = (&one["partition"], &one["offset"]);
        let (Some(topic), Some(number)) =
            (text(&partition["kafka_topic"]), text(&partition["kafka_partition"]))
        else {
            return Err(bad(
                "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
            ));
        };
        let partition = number.parse().map_err(|_| unparsed("Kafka partition", &number, "Partition"))?;
        let offset = match text(&offset["kafka_offset"]) {
            Some(sent) => Some(sent.parse().map_err(|_| unparsed("Kafka offset", &sent, "Offset"))?),
            None if offset.is_null() => None,
            None => {
                return Err(bad(
                    "The offset for a sink connector should either be null or contain the key 'kafka_offset'",
                ));
            }
        };
        places.insert(TopicPartition { topic, partition }, offset);
    }
    Ok(Offsets::Places(places))
}

/// A text, or a number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn unparsed(what: &str, value: &str, kind: &str) -> Refusal {
    bad(&format!(
        "Failed to parse the following {what} value in the provided offsets: '{value}'. {kind} values for sink connectors need to be \
         integers."
    ))
}

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(partition: &Value, offset: &Value) -> Vec<Value> {
        vec![json!({ "partition": partition, "offset": offset })]
    }

    #[test]
    fn offsets_are_read_as_numbers_and_as_texts_and_null_is_the_beginning() {
        let all = [
            sent(&json!({ "kafka_topic": "t", "kafka_partition": 0 }), &json!({ "kafka_offset": 5 })),
            sent(&json!({ "kafka_topic": "t", "kafka_partition": "1" }), &json!({ "kafka_offset": "6" })),
            sent(&json!({ "kafka_topic": "t", "kafka_partition": 2 }), &Value::Null),
        ]
        .concat();
        let at = |partition| TopicPartition { topic: "t".to_owned(), partition };
        let expected = BTreeMap::from([(at(0), Some(5)), (at(1), Some(6)), (at(2), None)]);
        assert_eq!(places(&all).unwrap(), Offsets::Places(expected));
    }

    #[test]
    fn what_is_missing_or_no_number_is_said_in_kafka_connects_words() {
        let at = || json!({ "kafka_topic": "t", "kafka_partition": 0 });
        for (sent, part) in [
            (
                sent(&json!({ "x": "t" }), &Value::Null),
                "must contain the keys 'kafka_topic' and 'kafka_partition'",
            ),
            (sent(&Value::Null, &Value::Null), "must contain the keys 'kafka_topic' and 'kafka_partition'"),
            (sent(&at(), &json!({ "x": 1 })), "should either be null or contain the key 'kafka_offset'"),
            (
                sent(&at(), &json!({ "kafka_offset": 1.5 })),
                "Kafka offset value in the provided offsets: '1.5'",
            ),
            (
                sent(&json!({ "kafka_topic": "t", "kafka_partition": "z" }), &Value::Null),
                "Kafka partition value in the provided offsets: 'z'. Partition values",
            ),
        ] {
            let refusal = places(&sent).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
            assert!(refusal.message.contains(part), "{}", refusal.message);
        }
    }

    proptest! {
        #[test]
        fn whatever_number_is_sent_is_taken_as_it_is_or_refused(number: i128) {
            let sent = sent(&json!({ "kafka_topic": "t", "kafka_partition": 0 }), &json!({ "kafka_offset": number.to_string() }));
            let read = places(&sent).ok();
            let taken = i64::try_from(number).ok().map(|offset| {
                let at = TopicPartition { topic: "t".to_owned(), partition: 0 };
                Offsets::Places(BTreeMap::from([(at, Some(offset))]))
            });
            prop_assert_eq!(read, taken);
        }
    }
}
