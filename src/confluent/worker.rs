//! What a worker's properties say of the whole file: the brokers, the registry, the state.

use super::document::{Map, Origin};
use super::finding::{Finding, Verdict};
use super::given::Given;
use super::settings::Settings;
use super::wire::{Named, Wires};

/// Where brokers are named, in the order in which they are asked where there is no worker's file.
const BROKERS: [&str; 2] = ["reporter.bootstrap.servers", "confluent.topic.bootstrap.servers"];

/// Stands behind the name of the file that Kafka Connect keeps positions in.
const STATE: &str = ".orgstream";

/// The brokers, and the state. Without a worker, the brokers that connectors name for something else.
pub(super) fn worker(
    worker: Option<(usize, &mut Settings<'_>)>,
    connectors: &[Given],
    file: &mut Map,
    found: &mut Vec<Finding>,
) {
    let Some((number, settings)) = worker else {
        let named = connectors.iter().enumerate().find_map(|(number, given)| {
            let property = BROKERS.into_iter().find(|property| given.get(property).is_some())?;
            Some((number, property, given.get(property)?))
        });
        let servers = named.map_or("localhost:9092", |(.., servers)| servers.trim());
        let from: Option<Origin> = named.map(|(number, property, _)| (number, property.to_owned()));
        file.map("kafka").put("bootstrap_servers", servers, from);
        if let Some(first) = connectors.first() {
            let message = format!(
                "stands in a worker's file, and none was given: `kafka.bootstrap_servers` is {servers}. Give the worker's file as well, \
                 or write the brokers into the file"
            );
            found.push(first.finding("bootstrap.servers", Verdict::Differs, message));
        }
        return;
    };
    let servers = settings.list("bootstrap.servers").join(",");
    file.map("kafka").put("bootstrap_servers", servers, Some((number, "bootstrap.servers".to_owned())));
    if let Some(positions) = settings.filled("offset.storage.file.filename") {
        let from = Some((number, "offset.storage.file.filename".to_owned()));
        file.put("state", format!("{}{STATE}", positions.trim()), from);
    }
}

/// The registry that all converters name; the second of two is refused.
pub(super) fn registry(
    all: &[(usize, &Given, &Wires)],
    worker: Option<(usize, &Given)>,
    file: &mut Map,
    found: &mut Vec<Finding>,
) {
    let mut first: Option<&Named> = None;
    for (number, given, wires) in all {
        let Some(named) = &wires.registry else { continue };
        let (number, given) = worker.filter(|_| named.in_worker).unwrap_or((*number, given));
        match first {
            None => {
                first = Some(named);
                // A list of addresses of one registry; the first is enough.
                let url = named.text.split(',').next().unwrap_or_default().trim();
                file.map("schema_registry").put("url", url, Some((number, named.property.clone())));
            }
            Some(known) if known.text != named.text => {
                let message = format!(
                    "another connector names `{}`; one process has one registry, so run two",
                    known.text
                );
                found.push(given.finding(&named.property, Verdict::Refused, message));
            }
            Some(_) => {}
        }
    }
}
