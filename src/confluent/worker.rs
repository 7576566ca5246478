//! What a worker's properties say of the whole file: the brokers, the state, the HTTP server.

use super::clients::{overrides, security};
use super::document::{Map, Origin};
use super::finding::{Finding, Verdict};
use super::given::Given;
use super::kind::Kind;
use super::listeners::listeners;
use super::part::Making;
use super::settings::listed;

/// Where brokers are named, in the order in which they are asked where there is no worker's file.
const BROKERS: [&str; 2] = ["reporter.bootstrap.servers", "confluent.topic.bootstrap.servers"];

/// Stands behind the name of the file that Kafka Connect keeps positions in.
const STATE: &str = ".orgstream";

/// What the worker's file says, on its way into `file`.
pub(super) fn worker(making: &mut Making<'_, '_>, kinds: &[Kind], file: &mut Map) {
    let servers = making.settings.list("bootstrap.servers").join(",");
    making.put(file.map("kafka"), "bootstrap_servers", servers.as_str(), "bootstrap.servers");
    security(making, file);
    if kinds.contains(&Kind::Sink) {
        overrides(making.settings, "consumer.", Some(making.settings.given), &servers);
    }
    if kinds.iter().any(|kind| kind.is_source()) {
        overrides(making.settings, "producer.", Some(making.settings.given), &servers);
    }
    if let Some(positions) = making.settings.filled("offset.storage.file.filename") {
        making.put(file, "state", format!("{positions}{STATE}"), "offset.storage.file.filename");
    }
    listeners(making, file);
}

/// The brokers where there is no worker's file: those that connectors name for something else.
pub(super) fn without_worker(connectors: &[Given], file: &mut Map, found: &mut Vec<Finding>) {
    let named = connectors.iter().enumerate().find_map(|(number, given)| {
        let property =
            BROKERS.into_iter().find(|property| given.get(property).is_some_and(|text| !text.is_empty()))?;
        Some((number, property))
    });
    let servers = brokers(None, connectors);
    let from: Option<Origin> = named.map(|(number, property)| (number, property.to_owned()));
    let is_registered = file.get("schema_registry").is_some();
    file.map("kafka").put("bootstrap_servers", servers.as_str(), from);
    let Some(first) = connectors.first() else { return };
    let message = format!(
        "stands in a worker's file, and none was given: `kafka.bootstrap_servers` is {servers}. Give the worker's file as well, or write \
         the brokers into the file"
    );
    found.push(first.finding("bootstrap.servers", Verdict::Differs, message));
    let silent = connectors.iter().find(|given| given.get("value.converter").is_none());
    if let Some(silent) = silent.filter(|_| !is_registered) {
        let message = "stands in a worker's file, and none was given: records have schemas of a registry, and the registry is the one inside \
                       the process, which nobody else who reads or writes at these brokers knows. Give the worker's file as well, or write \
                       `schema_registry.url`, or the `output` of sources and the `input` of sinks, into the file";
        found.push(silent.finding("value.converter", Verdict::Differs, message));
    }
}

/// The brokers that the file names.
pub(super) fn brokers(worker: Option<&Given>, connectors: &[Given]) -> String {
    let named = match worker {
        Some(worker) => worker.get("bootstrap.servers"),
        None => connectors.iter().find_map(|given| {
            BROKERS.into_iter().filter_map(|property| given.get(property)).find(|text| !text.is_empty())
        }),
    };
    listed(named.unwrap_or("localhost:9092")).join(",")
}
