//! Connectors that are made, changed and taken away.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{HOST, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::body::{Create, filled, flat};
use super::connector::Connector;
use super::{Connect, not_found, unknown};
use crate::confluent::Kind;
use crate::connectors::{NotDone, Update, shown};
use crate::http::answer::Refusal;

type Answered = Result<Response, Refusal>;

pub(super) async fn create(State(connect): State<Connect>, headers: HeaderMap, body: Bytes) -> Answered {
    let Create { name, config, initial } = Create::read(&body)?;
    let config = checked(&name, filled(config)?)?;
    connect.update(&headers, name, Update::Create(config, initial)).await
}

pub(super) async fn replace(
    State(connect): State<Connect>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    connect.refuse_half(&name)?;
    let config = checked(&name, filled(flat(&body)?)?)?;
    connect.update(&headers, name, Update::Replace(config)).await
}

pub(super) async fn patch(
    State(connect): State<Connect>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    connect.refuse_half(&name)?;
    let changes = flat(&body)?;
    let sent = changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    same_name(&name, &sent.collect())?;
    connect.update(&headers, name, Update::Patch(changes)).await
}

pub(super) async fn delete(
    State(connect): State<Connect>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    connect.refuse_half(&name)?;
    connect.declared.remove(name).await.map_err(|refused| refusal(&refused))?;
    Ok(StatusCode::NO_CONTENT)
}

impl Connect {
    async fn update(&self, headers: &HeaderMap, name: String, update: Update) -> Answered {
        let begins = matches!(update, Update::Create(_, None) | Update::Replace(_));
        let is_new = self.declared.update(name.clone(), update).await.map_err(|refused| refusal(&refused))?;
        let mut info = self.with(&name, || unknown(&name), Connector::info)?;
        if is_new && begins {
            // It starts after this answer.
            info["tasks"] = self.with(&name, || unknown(&name), |connector, _| connector.planned())?;
        }
        let mut response = Json(info).into_response();
        if is_new {
            *response.status_mut() = StatusCode::CREATED;
            response.headers_mut().insert(LOCATION, self.location(headers, &name));
        }
        Ok(response)
    }

    /// Where a connector is found, under the name by which the server was asked.
    fn location(&self, headers: &HeaderMap, name: &str) -> HeaderValue {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or(&self.worker);
        let location = format!("{}://{host}/connectors/{}", self.scheme, encoded(name));
        HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/connectors"))
    }
}

/// A name as a part of a path.
fn encoded(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(byte).collect()
}

/// What Kafka Connect looks at before anything else: the name, and the class.
fn checked(name: &str, mut config: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    same_name(name, &config)?;
    if let Some(wrong) = wrong_name(name) {
        let error = format!("Invalid value {} for configuration name: {wrong}", name.escape_debug());
        return Err(refusal(&NotDone::Invalid(vec![error])));
    }
    config.insert("name".to_owned(), name.to_owned());
    let Some(class) = config.get("connector.class") else {
        let shown = shown(None, &config);
        let pairs: Vec<String> = shown.iter().map(|(name, value)| format!("{name}={value}")).collect();
        return Err(bad(format!("Connector config {{{}}} contains no connector type", pairs.join(", "))));
    };
    if let Err(instead) = Kind::of_class(class) {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.class()).collect();
        return Err(bad(format!(
            "Failed to find any class that implements Connector and which name matches {class}, available connectors are: {}; {instead}",
            known.join(", ")
        )));
    }
    Ok(config)
}

fn same_name(name: &str, config: &BTreeMap<String, String>) -> Result<(), Refusal> {
    match config.get("name") {
        Some(other) if other != name => Err(bad(format!(
            "Connector name configuration ({other}) doesn't match connector name in the URL ({name})"
        ))),
        _ => Ok(()),
    }
}

fn wrong_name(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("String may not be empty".to_owned());
    }
    let control: Vec<String> =
        name.chars().filter(|c| c.is_control()).map(|c| u32::from(c).to_string()).collect();
    (!control.is_empty()).then(|| {
        format!(
            "String may not contain control sequences but had the following ASCII chars: {}",
            control.join(", ")
        )
    })
}

/// Why connectors stay as they are, in Kafka Connect's codes.
pub(super) fn refusal(refused: &NotDone) -> Refusal {
    let status = match refused {
        NotDone::Unknown(_) => return not_found(refused.to_string()),
        NotDone::Exists(_) | NotDone::ReadOnly(_) | NotDone::NotNow(_) => StatusCode::CONFLICT,
        NotDone::Invalid(_) | NotDone::Wrong(_) => StatusCode::BAD_REQUEST,
        NotDone::Failed(_) | NotDone::Unkept(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, orgstream_api::with_causes(refused))
}

fn bad(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_part_of_a_path_whatever_they_hold() {
        assert_eq!(encoded("a-b.c_d~1"), "a-b.c_d~1");
        assert_eq!(encoded("b/ü%"), "b%2F%C3%BC%25");
    }

    #[test]
    fn names_and_classes_are_checked_in_kafka_connects_words_and_no_secret_is_repeated() {
        let checked = |name: &str, pairs: &[(&str, &str)]| {
            let config =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            checked(name, config).map_err(|refusal| (refusal.status.as_u16(), refusal.message))
        };
        let (status, message) = checked("x", &[("name", "y")]).unwrap_err();
        assert_eq!(
            (status, &*message),
            (400, "Connector name configuration (y) doesn't match connector name in the URL (x)")
        );
        let (_, message) = checked("", &[]).unwrap_err();
        assert!(
            message.contains("Invalid value  for configuration name: String may not be empty"),
            "{message}"
        );
        let (_, message) = checked("a\nb", &[]).unwrap_err();
        assert!(message.contains("following ASCII chars: 10"), "{message}");
        let (_, message) = checked("x", &[("salesforce.password", "s3cr3t")]).unwrap_err();
        assert_eq!(
            message,
            "Connector config {name=x, salesforce.password=[hidden]} contains no connector type"
        );
        let (_, message) = checked("x", &[("connector.class", "Nope")]).unwrap_err();
        assert!(message.starts_with("Failed to find any class that implements Connector and which name matches Nope, available connectors are: io."), "{message}");
        let config = checked("x", &[("connector.class", "SalesforceSObjectSink")]).unwrap();
        assert_eq!(config["name"], "x");
    }
}
