//! What each kind of client is told, for people who ask why.

use std::time::Duration;

use orgstream_api::Capacity;
use rdkafka::ClientConfig;

use super::config::{Isolation, KafkaConfig};
use super::consumer::{GroupConfig, Starts};
use super::properties::is_secret;
use super::settings::Role;
use crate::config::effective::{HIDDEN, Setting};

/// The properties of each kind of client that are not librdkafka's defaults, with where they come from. What differs from pipeline to
/// pipeline, such as the group, is left out.
pub(crate) fn clients(config: &KafkaConfig) -> Vec<Setting> {
    let group = GroupConfig {
        group: String::new(),
        instance: String::new(),
        on_behalf_of: String::new(),
        topics: Vec::new(),
        starts: Starts::default(),
        session_timeout: Duration::from_secs(45),
        read_ahead: Capacity { records: 0, bytes: 0 },
    };
    [
        ("asking", Role::Asks, config.query_config(Isolation::ReadUncommitted)),
        ("producer", Role::Writes, config.producer_config()),
        ("reader", Role::Reads, config.reader_config()),
        ("consumer", Role::Reads, config.member_config(&group)),
    ]
    .into_iter()
    .flat_map(|(kind, role, client)| of_client(config, kind, role, &client))
    .collect()
}

fn of_client(config: &KafkaConfig, kind: &str, role: Role, client: &ClientConfig) -> Vec<Setting> {
    let of_pipeline = [
        "group.id",
        "group.instance.id",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
    ];
    let told: Vec<_> = config.settings.of(role).collect();
    let setting = |(name, value): (&str, &str)| {
        let from = told.iter().rev().find(|setting| setting.name == name);
        let layer = match from {
            Some(setting) => setting.key.clone(),
            None if name == "bootstrap.servers" => "kafka.bootstrap_servers".to_owned(),
            None => "orgstream".to_owned(),
        };
        let value = if is_secret(name) { HIDDEN } else { value };
        let value =
            value.trim_end().split_once('\n').map_or(value.to_owned(), |(first, _)| format!("{first} …"));
        Setting { key: format!("librdkafka.{kind}.{name}"), value, layer }
    };
    client.config_map().into_iter().filter(|(name, _)| !of_pipeline.contains(name)).map(setting).collect()
}
