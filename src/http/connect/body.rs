//! What is sent to make or change a connector, read as Kafka Connect reads it.
//!
//! What cannot be read is answered with 500 there, in the words of its JSON library; scripts may know them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::connectors::Initial;
use crate::control::Rest;
use crate::http::answer::Refusal;

/// Properties, some of them perhaps without a value.
pub(super) type Properties = BTreeMap<String, Option<String>>;

/// A connector that is to be made.
#[derive(Debug)]
pub(super) struct Create {
    /// Its name, without the blanks around it.
    pub(super) name: String,
    /// Its properties.
    pub(super) config: Properties,
    /// How it begins.
    pub(super) initial: Initial,
}

/// What stands in the error of a part of a request's body.
const REQUEST: &str = "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest";

impl Create {
    /// Reads `{"name", "config", "initial_state"}`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let all = object(&json(body)?, REQUEST, "")?;
        let (mut name, mut config, mut initial) = (String::new(), None, None);
        for (key, value) in &all {
            let chain = format!("{REQUEST}[\"{key}\"]");
            match key.as_str() {
                "name" => scalar(value, &chain)?.unwrap_or_default().trim().clone_into(&mut name),
                "config" if value.is_null() => {}
                "config" => config = Some(properties(value, &format!("{chain}->"))?),
                "initial_state" => {
                    initial = match scalar(value, &chain)? {
                        Some(state) => self::initial(&state)?,
                        None => None,
                    }
                }
                _ => {
                    return Err(unreadable(format!(
                        "Unrecognized field \"{key}\" (class {REQUEST}), not marked as ignorable (3 known properties: \"config\", \
                         \"name\", \"initial_state\"])"
                    )));
                }
            }
        }
        let config = config.ok_or_else(|| bad("the request has no `config`, the connector's properties"))?;
        Ok(Self { name, config, initial })
    }
}

/// Reads an object of properties.
pub(super) fn flat(body: &[u8]) -> Result<Properties, Refusal> {
    properties(&json(body)?, "")
}

/// Properties that all have a value.
pub(super) fn filled(properties: Properties) -> Result<BTreeMap<String, String>, Refusal> {
    let filled = properties.into_iter().map(|(name, value)| Some((name, value?))).collect::<Option<_>>();
    filled.ok_or_else(|| {
        let message = "Connector configuration is invalid and contains the following 1 error(s):\nNull value can not be supplied as the \
                       configuration value.\nYou can also find the above list of errors at the endpoint \
                       `/connector-plugins/{connectorType}/config/validate`";
        bad(message)
    })
}

fn initial(state: &str) -> Result<Initial, Refusal> {
    match state.to_uppercase().as_str() {
        "RUNNING" => Ok(None),
        "PAUSED" => Ok(Some(Rest::Paused)),
        "STOPPED" => Ok(Some(Rest::Stopped)),
        _ => Err(unreadable(format!(
            "Cannot construct instance of `{REQUEST}$InitialState`, problem: No enum constant for this `initial_state`; there are RUNNING, \
             PAUSED and STOPPED"
        ))),
    }
}

/// An empty body is none, where Kafka Connect answers with an error of its own program.
pub(super) fn json(body: &[u8]) -> Result<Value, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(bad("the request has no body; send the connector as JSON"));
    }
    // The library's words may quote what was sent.
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        unreadable(format!("the body is not JSON: line: {}, column: {}", error.line(), error.column()))
    })?;
    if value.is_null() {
        Err(bad("the request's body is null; send the connector as JSON"))
    } else {
        Ok(value)
    }
}

fn properties(value: &Value, chain: &str) -> Result<Properties, Refusal> {
    let map = "java.util.LinkedHashMap";
    let all =
        object(value, &format!("{map}<java.lang.String,java.lang.String>"), chain.trim_end_matches("->"))?;
    let property = |(name, value): (&String, &Value)| {
        Ok((name.clone(), scalar(value, &format!("{chain}{map}[\"{name}\"]"))?))
    };
    all.iter().map(property).collect()
}

fn object(value: &Value, class: &str, chain: &str) -> Result<Map<String, Value>, Refusal> {
    value.as_object().cloned().ok_or_else(|| mismatch(class, value, chain))
}

/// A text, a number or a truth, as text.
fn scalar(value: &Value, chain: &str) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(mismatch("java.lang.String", value, chain)),
    }
}

fn mismatch(class: &str, value: &Value, chain: &str) -> Refusal {
    let (kind, token) = match value {
        Value::Array(_) => ("Array", "START_ARRAY"),
        Value::Object(_) => ("Object", "START_OBJECT"),
        Value::String(_) => ("String", "VALUE_STRING"),
        Value::Number(_) => ("Number", "VALUE_NUMBER"),
        Value::Bool(_) => ("Boolean", "VALUE_BOOLEAN"),
        Value::Null => ("Null", "VALUE_NULL"),
    };
    let place = if chain.is_empty() { String::new() } else { format!(" (through reference chain: {chain})") };
    let hint = match chain {
        "java.util.LinkedHashMap[\"config\"]" => "; send what stands in `config` alone",
        _ => "",
    };
    unreadable(format!(
        "Cannot deserialize value of type `{class}` from {kind} value (token `JsonToken.{token}`){place}{hint}"
    ))
}

fn unreadable(message: String) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refused<T: std::fmt::Debug>(read: Result<T, Refusal>) -> (u16, String) {
        let refusal = read.unwrap_err();
        (refusal.status.as_u16(), refusal.message)
    }

    #[test]
    fn a_connector_is_read_as_kafka_connect_reads_it() {
        let body = json!({ "name": " a ", "config": { "tasks.max": 1, "x": true, "y": "z", "n": null }, "initial_state": "stopped" });
        let Create { name, config, initial } = Create::read(body.to_string().as_bytes()).unwrap();
        assert_eq!((name.as_str(), initial), ("a", Some(Rest::Stopped)));
        let text = |name: &str| config[name].as_deref();
        assert_eq!(
            [text("tasks.max"), text("x"), text("y"), text("n")],
            [Some("1"), Some("true"), Some("z"), None]
        );
    }

    #[test]
    fn what_cannot_be_read_is_answered_as_there() {
        // What the documentation of Confluent's connector sends to `PUT …/config`: the whole of what it sends to `POST`.
        let (status, message) = refused(flat(br#"{"name": "a", "config": {"name": "a"}}"#));
        assert_eq!(status, 500);
        assert!(
            message.starts_with(
                "Cannot deserialize value of type `java.lang.String` from Object value (token `JsonToken.START_OBJECT`)"
            ) && message.contains("(through reference chain: java.util.LinkedHashMap[\"config\"])")
                && message.ends_with("send what stands in `config` alone"),
            "{message}"
        );
        for (body, status, part) in [
            (r#"{"name": "x", "config": [1]}"#, 500, "from Array value"),
            (r#"{"name": "x", "bogus": 1, "config": {}}"#, 500, "Unrecognized field \"bogus\""),
            (r#"{"name": "x", "config": {}, "initial_state": "NOPE"}"#, 500, "No enum constant"),
            (r#"{"name":"#, 500, "line: 1, column: 8"),
            (r"[]", 500, "from Array value"),
            (r#""x""#, 500, "from String value"),
            ("", 400, "no body"),
            ("null", 400, "null"),
            (r#"{"name": "x"}"#, 400, "no `config`"),
        ] {
            let (answered, message) = refused(Create::read(body.as_bytes()));
            assert_eq!(answered, status, "{body}: {message}");
            assert!(message.contains(part), "{body}: {message}");
        }
        assert_eq!(refused(flat(br#"{"x": null}"#).and_then(filled)).0, 400);
    }

    proptest! {
        #[test]
        fn no_bytes_do_anything_else_and_none_are_repeated(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for refusal in [Create::read(&bytes).err(), flat(&bytes).err()].into_iter().flatten() {
                prop_assert!(matches!(refusal.status.as_u16(), 400 | 500));
            }
        }
    }
}
