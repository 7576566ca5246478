//! How records are written.

use std::time::Duration;

use orgstream_api::Secret;

use super::Report;
use super::values::duration;
use crate::config::raw;
use crate::kafka::{Clients, Setting};
use crate::worker::source::Again;

/// The longest time that the client knows for an acknowledgement.
const LONGEST_REQUEST: Duration = Duration::from_mins(15);
/// The longest pause that it knows before a connection.
const LONGEST_BACKOFF: Duration = Duration::from_hours(1);

/// What the clients that write are told, and what is done when a transaction is aborted.
pub(super) fn producer(raw: raw::Producer, report: &mut Report<'_>) -> (Vec<Setting>, Again) {
    let at = |key| ["kafka", "producer", key];
    if raw.wait_for_ack == Some(false) {
        let message = "records and positions are one transaction, which is committed when the brokers have acknowledged all of it; \
                       without that a record could be missing behind a position that has passed it. Remove the key";
        report.fault(&at("wait_for_ack"), message);
    }
    let default = Again::default();
    let again = Again {
        times: raw.retries.and_then(|text| count(&text, &at("retries"), report)),
        pause: duration(raw.retry_delay.as_deref(), default.pause, &at("retry_delay"), report),
    };
    let mut settings = Vec::new();
    let mut tell = |key: &str, name: &str, value: String| {
        let (name, key) = (name.to_owned(), format!("kafka.producer.{key}"));
        settings.push(Setting { clients: Clients::Producers, name, value: Secret::new(value), key });
    };
    if let Some(retries) = raw.send_retries {
        tell("send_retries", "message.send.max.retries", retries.to_string());
    }
    for (key, name, text, longest) in [
        ("request_timeout", "request.timeout.ms", raw.request_timeout, LONGEST_REQUEST),
        ("reconnect_backoff_max", "reconnect.backoff.max.ms", raw.reconnect_backoff_max, LONGEST_BACKOFF),
    ] {
        let Some(text) = text else { continue };
        let time = duration(Some(&text), longest, &at(key), report);
        if time > longest {
            report.fault(
                &at(key),
                format!("`{text}` is longer than the client knows, {} s", longest.as_secs()),
            );
        }
        tell(key, name, time.as_millis().to_string());
    }
    for (key, name, value) in raw.compression.into_iter().flat_map(|raw| compression(&raw, report)) {
        tell(key, name, value);
    }
    (settings, again)
}

/// Which addresses of brokers all clients use.
pub(super) fn address_family(raw: raw::AddressFamily) -> Setting {
    let value = match raw {
        raw::AddressFamily::Any => "any",
        raw::AddressFamily::V4 => "v4",
        raw::AddressFamily::V6 => "v6",
    };
    Setting {
        clients: Clients::All,
        name: "broker.address.family".to_owned(),
        value: Secret::new(value),
        key: "kafka.broker_address_family".to_owned(),
    }
}

fn count(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<u32> {
    if text == "unlimited" {
        return None;
    }
    text.parse().map_err(|_| report.fault(path, format!("`{text}` is neither a number nor `unlimited`"))).ok()
}

/// The settings of a codec that knows its level. librdkafka would take the nearest level without a word.
fn compression(raw: &raw::Compression, report: &mut Report<'_>) -> Vec<(&'static str, &'static str, String)> {
    let (codec, levels) = match raw.codec.unwrap_or(raw::Codec::Zstd) {
        raw::Codec::None => ("none", None),
        raw::Codec::Gzip => ("gzip", Some(0..=9)),
        raw::Codec::Snappy => ("snappy", None),
        raw::Codec::Lz4 => ("lz4", Some(0..=12)),
        raw::Codec::Zstd => ("zstd", Some(1..=12)),
    };
    let mut settings = vec![("compression.type", "compression.type", codec.to_owned())];
    if let Some(level) = raw.level {
        let path = ["kafka", "producer", "compression", "level"];
        match levels {
            None => report.fault(&path, format!("`{codec}` has no levels; remove the key")),
            Some(levels) if !levels.contains(&level) => {
                let (least, most) = (levels.start(), levels.end());
                report.fault(
                    &path,
                    format!("{level} is not a level of `{codec}`, which are {least} to {most}"),
                );
            }
            Some(_) => settings.push(("compression.level", "compression.level", level.to_string())),
        }
    }
    settings
}
