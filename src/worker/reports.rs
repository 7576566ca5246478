//! Reports: what became of each record, on topics of their own, after Kafka Connect's reporter.
//!
//! Key: the record's key as plain JSON. Value: a JSON text that says what happened, or what the file's expression makes of
//! it. Headers: the record's place and time under the names of Kafka Connect's reporter. A report is acknowledged before
//! the ticket of its record settles (D3), so there is at least one for each record that was written or refused.

use std::sync::{Arc, LazyLock};

use orgstream_api::record::{field, header};
use orgstream_api::{Delivered, EventScope, Headers, Record, Rejection, Schema, Scope, Struct};
use serde_json::Value as Json;

use super::dead_letters::is_too_large;
use crate::config::Reports;
use crate::expression::Response;
use crate::kafka::{Consumed, Outgoing, Place, ProduceError, Producer};

/// The value of a success report, in the words of Confluent's sink.
const SUCCESS: &str = "Successfully delivered the record to salesforce";

/// The header of a report whose value could not be made.
const REPORT_ERROR: &str = "orgstream.report_error";

/// What is kept of a record for its report.
pub fn kept(reports: &Reports, record: &Record) -> Record {
    if reports.body.is_some() {
        return record.clone();
    }
    let headers = Headers::default();
    Record { key: record.key.clone(), value: None, headers, timestamp: record.timestamp }
}

/// The report of a record that was written; `None` where the file names no topic for it.
pub fn success(
    reports: &Reports,
    consumed: &Consumed,
    record: &Record,
    written: &Delivered,
) -> Option<Outgoing> {
    let topic = reports.success.as_ref()?;
    let response = Response::Written { id: written.target.as_deref(), created: written.created };
    Some(report(reports, topic, consumed, record, response))
}

/// The report of a record that was refused; `None` where the file names no topic for it.
pub fn error(
    reports: &Reports,
    consumed: &Consumed,
    record: &Record,
    refused: &Rejection,
) -> Option<Outgoing> {
    let topic = reports.error.as_ref()?;
    Some(report(reports, topic, consumed, record, Response::Refused(refused)))
}

/// Writes reports, and returns when all are acknowledged. One that is too large for its topic says so in place of its value.
pub async fn write_reports(producer: &Producer, reports: Vec<Outgoing>) -> Result<(), ProduceError> {
    let together = producer.send(reports.clone()).await;
    if !is_too_large(&together) {
        return together.map(drop);
    }
    // Nobody says which others were written; a report may be there twice, but none is missing.
    for mut report in reports {
        let alone = producer.send(vec![report.clone()]).await;
        if is_too_large(&alone) {
            let size = report.value.map_or(0, |value| value.len());
            report.headers.push(REPORT_ERROR, format!("the value, {size} bytes, is too large for the topic"));
            report.value = Some(b"null".to_vec());
            producer.send(vec![report]).await?;
        } else {
            alone?;
        }
    }
    Ok(())
}

fn report(
    reports: &Reports,
    topic: &str,
    consumed: &Consumed,
    record: &Record,
    response: Response<'_>,
) -> Outgoing {
    let mut headers = Headers::default();
    headers.push("input_record_offset", consumed.at.offset.to_string());
    headers.push("input_record_timestamp", consumed.timestamp.to_string());
    headers.push("input_record_partition", consumed.at.partition.partition.to_string());
    headers.push("input_record_topic", consumed.at.partition.topic.clone());
    let body = reports.body.as_ref();
    let value = match body.map(|body| in_scope(record, |scope| body.of(scope, &consumed.at, response))) {
        Some(Ok(value)) => value,
        Some(Err(error)) => {
            tracing::warn!(at = %consumed.at, %error, "The body of a report has no value; the report says what it says without one.");
            headers.push(REPORT_ERROR, error.to_string());
            plain(response)
        }
        None => plain(response),
    };
    let key = record.key.as_ref().map(|key| json(key).to_string().into_bytes());
    Outgoing {
        topic: topic.to_owned(),
        place: Place::Key(key.clone().unwrap_or_default()),
        key,
        value: Some(value.to_string().into_bytes()),
        headers,
        timestamp: None,
    }
}

fn plain(response: Response<'_>) -> Json {
    match response {
        Response::Written { .. } => Json::from(SUCCESS),
        Response::Refused(rejection) => Json::from(rejection.to_string()),
    }
}

fn json(value: &Struct) -> Json {
    value.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}

/// Asks with what the body may name of a record. One without a value has a value without fields.
fn in_scope<T>(record: &Record, ask: impl FnOnce(&Scope<'_>) -> T) -> T {
    static NOTHING: LazyLock<Struct> =
        LazyLock::new(|| Struct::new(Arc::new(Schema::new("Nothing", Vec::new()))));
    let in_key = || record.key.as_ref()?.value(field::ID)?.as_str();
    let headers = &record.headers;
    let carried = || -> Vec<&str> {
        headers.text(header::CARRIED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    ask(&Scope {
        value: record.value.as_ref().unwrap_or(&NOTHING),
        key: record.key.as_ref(),
        headers,
        event: EventScope {
            kind: record.text(field::EVENT_TYPE).and_then(|text| text.parse().ok()),
            object: record.text(field::OBJECT_TYPE).unwrap_or_default(),
            id: record.text(field::ID).or_else(in_key),
            replay_id: headers.text(header::REPLAY_ID).and_then(|text| text.parse().ok()),
            channel: headers.text(header::CHANNEL),
            time: record.timestamp,
            carried: &carried,
        },
        // The body is told its place with the response.
        at: None,
    })
}
