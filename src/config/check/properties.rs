//! `kafka.properties`, `producer_properties` and `consumer_properties`: properties of the client under their own names.

use orgstream_api::Secret;

use super::Report;
use crate::config::raw::Properties;
use crate::kafka::{Clients, Setting, properties};

/// The settings of the section `key` of `kafka`; what cannot be set is reported with the reason.
pub(super) fn properties(
    key: &str,
    clients: Clients,
    raw: Option<Properties>,
    report: &mut Report<'_>,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (name, value) in raw.unwrap_or_default() {
        match properties::read(clients, &name, value.0.reveal()) {
            Ok(pairs) => settings.extend(pairs.into_iter().map(|(told, value)| Setting {
                clients,
                name: told,
                value: Secret::new(value),
                key: format!("kafka.{key}.{name}"),
            })),
            Err(reason) => report.fault(&["kafka", key, &name], reason),
        }
    }
    settings
}
