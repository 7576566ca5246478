//! The connection to the brokers, and settings of single clients that would lead elsewhere.

use std::collections::BTreeSet;

use super::document::{Map, Value};
use super::given::Given;
use super::part::Making;
use super::settings::{Settings, listed};
use crate::kafka::properties::is_secret;

/// Whether a property says how the brokers are connected to.
fn is_security(name: &str) -> bool {
    name == "security.protocol" || name.starts_with("sasl.") || name.starts_with("ssl.")
}

/// What needs no word: librdkafka takes the newest version of TLS, and there are no Java classes to choose.
fn is_idle(name: &str) -> bool {
    matches!(name, "ssl.protocol" | "ssl.enabled.protocols" | "ssl.provider")
        || (name.starts_with("ssl.") && name.ends_with("manager.algorithm"))
        || name.rsplit('.').next() == Some("ms")
}

/// Puts what a worker says of its connection into `kafka.properties`, which takes Java's names.
pub(super) fn security(making: &mut Making<'_, '_>, file: &mut Map) {
    let given = making.settings.given;
    let mut properties = Map::default();
    for name in given.properties.keys().filter(|name| is_security(name) && !is_idle(name)) {
        let value = given.get(name).unwrap_or_default();
        for told in in_pem(given, name).unwrap_or_else(|| vec![name.as_str()]) {
            let value = if is_secret(name) {
                Value::Text(making.secrets.hide(&making.name, name, value))
            } else {
                Value::Text(making.secrets.plain(&making.name, name, value))
            };
            making.put(&mut properties, told, value, name);
        }
    }
    if !properties.is_empty() {
        file.map("kafka").put("properties", properties, None);
    }
}

/// The names of librdkafka's for what Java says of stores that are no stores of Java's; `None` for what has the same name.
fn in_pem(given: &Given, name: &str) -> Option<Vec<&'static str>> {
    let kind = |store: &str| given.get(&format!("ssl.{store}.type")).unwrap_or_default().to_uppercase();
    match (name, &*kind("truststore"), &*kind("keystore")) {
        ("ssl.truststore.location", "PEM", _) => Some(vec!["ssl.ca.location"]),
        ("ssl.truststore.type", "PEM", _) | ("ssl.keystore.type", _, "PEM" | "PKCS12") => Some(Vec::new()),
        ("ssl.keystore.location", _, "PEM") => Some(vec!["ssl.certificate.location", "ssl.key.location"]),
        _ => None,
    }
}

/// Says of reports that they go where Kafka Connect would send them, where that is so.
pub(super) fn reports(settings: &mut Settings<'_>, servers: &str) {
    let property = "reporter.bootstrap.servers";
    let set = |text: &str| listed(text).into_iter().collect::<BTreeSet<_>>();
    if settings.given.get(property).is_some_and(|named| set(named) == set(servers)) {
        settings.same(property, "`kafka.bootstrap_servers`");
    }
}

/// Refuses settings of clients (`prefix`) that say from where or to where records go otherwise than the worker does. `servers` are the
/// brokers.
pub(super) fn overrides(settings: &mut Settings<'_>, prefix: &str, worker: Option<&Given>, servers: &str) {
    let given = settings.given;
    let named = given.properties.keys().filter_map(|name| Some((name, name.strip_prefix(prefix)?)));
    for (name, rest) in named {
        let value = given.get(name).unwrap_or_default();
        let set = |text: &str| listed(text).into_iter().collect::<BTreeSet<_>>();
        match rest {
            "bootstrap.servers" if set(value) == set(servers) => settings.same(name, "`kafka.bootstrap_servers`"),
            "bootstrap.servers" => settings.refuse(
                name,
                "names other brokers than `bootstrap.servers` of the worker, and one process has those alone: run a process of its own for \
                 them",
            ),
            "auto.offset.reset" if value.eq_ignore_ascii_case("earliest") => {
                settings.same(name, "a sink without offsets begins at the beginning of its topics");
            }
            "auto.offset.reset" if prefix.starts_with("consumer") => settings.refuse(
                name,
                "a sink without offsets begins at the beginning of its topics, and never passes records over. To begin elsewhere, commit \
                 offsets for its group in Kafka Connect and take them over with `--offsets`; or leave this out",
            ),
            "group.id" => settings.differs(
                name,
                "the group is `orgstream.PIPELINE`; the offsets of this one are taken over with `--offsets`",
            ),
            _ if !is_security(rest) || is_idle(rest) => {}
            _ if worker.is_some_and(|worker| worker.get(rest) == Some(value)) => {
                settings.same(name, "all clients connect as the worker says");
            }
            _ => {
                let message = format!(
                    "all clients of a process connect in one way: write `{rest}` into the worker's file, with this value, and leave this \
                     out"
                );
                settings.refuse(name, message);
            }
        }
    }
}
