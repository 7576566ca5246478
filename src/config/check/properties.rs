//! `kafka.properties`, `producer_properties` and `consumer_properties`: properties of the client under their own names.

use orgstream_api::Secret;

use super::Report;
use crate::config::raw::Properties;
use crate::kafka::{Clients, Setting, properties};

/// The settings of the section `key` of `kafka`; what cannot be set is reported with the reason. `security` are those of
/// `kafka.security`, where that is there.
pub(super) fn properties(
    key: &str,
    clients: Clients,
    raw: Option<Properties>,
    security: Option<&[Setting]>,
    report: &mut Report<'_>,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (name, value) in raw.unwrap_or_default() {
        match properties::read(clients, &name, value.0.reveal()) {
            Ok(pairs) if pairs.iter().any(|(told, _)| is_secured(told, security)) => report.fault(
                &["kafka", key, &name],
                "cannot be set beside `kafka.security`, which it would undo: write it in `kafka.security`",
            ),
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

/// Whether `kafka.security` says this already, by librdkafka's name `told` or by another name for it.
fn is_secured(told: &str, security: Option<&[Setting]>) -> bool {
    let Some(security) = security else { return false };
    // These it says even where it is silent: without them TLS, or the broker's name, would no longer be looked at.
    let always = ["security.protocol", "ssl.endpoint.identification.algorithm"];
    // A file beside the text of another one is taken as well.
    let told = told.replace(".location", ".pem");
    always.contains(&told.as_str())
        || security.iter().any(|setting| setting.name == told)
        || properties::known(&told).is_some_and(|property| {
            property.names().any(|name| security.iter().any(|setting| setting.name == name))
        })
}
