//! The section `kafka`.

use super::Report;
use super::producer::{address_family, producer};
use super::properties::properties;
use super::security::security;
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::validated::{Brokers, Kafka};
use crate::kafka::{Clients, Settings};

const DEFAULT_PARTITIONS: i32 = 6;
const DEFAULT_REPLICATION_FACTOR: i32 = -1;

pub(super) fn kafka(raw: raw::Kafka, from: &Surroundings<'_>, report: &mut Report<'_>) -> Kafka {
    let topics = raw.topics.unwrap_or_default();
    let path = ["kafka", "topics", "replication_factor"];
    if topics.replication_factor == Some(0) {
        report.fault(&path, "0 copies keep nothing; write -1 for the cluster's default");
    }
    if topics.partitions == Some(0) {
        let message = "0 partitions keep nothing; write -1 for the cluster's default";
        report.fault(&["kafka", "topics", "partitions"], message);
    }
    for server in raw.bootstrap_servers.iter().flat_map(|servers| servers.split(',')) {
        if let Some(reason) = refused_server(server.trim()) {
            report.fault(&["kafka", "bootstrap_servers"], reason);
        }
    }
    if !report.has(&["kafka"], "bootstrap_servers") && report.keys(&["kafka"]).contains(&"security") {
        report.fault(
            &["kafka", "security"],
            "is for a cluster, and none is named: write `kafka.bootstrap_servers`. The broker inside the process asks for no login",
        );
    }
    let secured = raw.security.map(|raw| security(raw, from, report));
    let mut settings = secured.clone().unwrap_or_default();
    let (writing, again) = producer(raw.producer.unwrap_or_default(), report);
    settings.extend(writing);
    settings.extend(raw.broker_address_family.map(address_family));
    for (key, clients, raw) in [
        ("properties", Clients::All, raw.properties),
        ("producer_properties", Clients::Producers, raw.producer_properties),
        ("consumer_properties", Clients::Consumers, raw.consumer_properties),
    ] {
        settings.extend(properties(key, clients, raw, secured.as_deref(), report));
    }
    Kafka {
        brokers: raw.bootstrap_servers.map_or(Brokers::Embedded, Brokers::At),
        partitions: topics.partitions.unwrap_or(DEFAULT_PARTITIONS),
        replication_factor: topics.replication_factor.unwrap_or(DEFAULT_REPLICATION_FACTOR),
        settings: Settings::new(settings),
        again,
    }
}

fn refused_server(server: &str) -> Option<String> {
    let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
    let whole = !server.contains("://") && port.is_some_and(|port| port > 0);
    (!whole).then(|| format!("`{server}` is not of the form host:port"))
}
