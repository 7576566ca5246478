//! Properties under their own names: librdkafka's, which a file may set beside its keys, and Java's, which working files
//! of other clients have.
//!
//! [`read`] answers for each with what librdkafka is told, or with the reason why it cannot be set.

use std::sync::LazyLock;

use rdkafka::ClientConfig;

use super::settings::Clients;

mod jaas;
mod java;
mod kept;

/// librdkafka's properties that mean something here: name, `P`roducer, `C`onsumer or `*`, and another name for it.
/// Callbacks are not among them, nor what only this program can say.
const KNOWN: &str = include_str!("properties/known.txt");

/// Which clients know a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All.
    All,
    /// Those that write.
    Producer,
    /// Those that read.
    Consumer,
}

/// A property of librdkafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    name: &'static str,
    /// Who knows it.
    pub(crate) scope: Scope,
    other_name: Option<&'static str>,
}

impl Property {
    /// All its names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.other_name)
    }
}

static TABLE: LazyLock<Vec<Property>> = LazyLock::new(|| {
    let lines = KNOWN.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, scope) = (words.next()?, words.next()?);
        let scope = match scope {
            "P" => Scope::Producer,
            "C" => Scope::Consumer,
            _ => Scope::All,
        };
        Some(Property { name, scope, other_name: words.next() })
    });
    let mut table: Vec<Property> = lines.collect();
    let aliases: Vec<_> = table.iter().filter_map(|row| Some((row.other_name?, row.name))).collect();
    for (name, alias) in aliases {
        for row in table.iter_mut().filter(|row| row.name == name) {
            row.other_name = Some(alias);
        }
    }
    table
});

/// The property of this name.
pub(crate) fn known(name: &str) -> Option<&'static Property> {
    TABLE.iter().find(|property| property.name == name)
}

/// Whether the value of this property, librdkafka's or Java's, is nobody's business.
pub(crate) fn is_secret(name: &str) -> bool {
    name.ends_with("password")
        || name.ends_with("secret")
        || name.contains("passphrase")
        || matches!(name, "ssl.key.pem" | "ssl.keystore.key" | "sasl.jaas.config" | "sasl.oauthbearer.config")
}

/// What librdkafka is told by `name: value`, which stands in a file for these clients; or why it cannot be set. Quoted
/// parts of `value` stand between backquotes, and none of one that [`is_secret`].
pub(crate) fn read(clients: Clients, name: &str, value: &str) -> Result<Vec<(String, String)>, String> {
    if let Some(reason) = kept::reason(name, value) {
        return Err(reason);
    }
    let pairs = match java::translated(name, value) {
        Some(translated) => translated?,
        None => vec![(name.to_owned(), value.to_owned())],
    };
    for (name, value) in &pairs {
        if super::token::SETTINGS.contains(&name.as_str()) {
            continue;
        }
        let Some(property) = known(name) else {
            return Err(format!(
                "librdkafka, the Kafka client of orgstream, has no property of this name{}",
                nearest(name)
            ));
        };
        match (clients, property.scope) {
            (Clients::Producers, Scope::Consumer) => {
                return Err("is a property of consumers; write it under `consumer_properties`".to_owned());
            }
            (Clients::Consumers, Scope::Producer) => {
                return Err("is a property of producers; write it under `producer_properties`".to_owned());
            }
            _ => refuse_value(name, value)?,
        }
    }
    Ok(pairs)
}

fn nearest(name: &str) -> String {
    match crate::config::hint(name, TABLE.iter().map(|property| property.name)) {
        hint if hint.starts_with("; did you mean") => hint,
        _ => "; they are listed in its CONFIGURATION.md".to_owned(),
    }
}

/// Asks librdkafka whether it takes the value.
fn refuse_value(name: &str, value: &str) -> Result<(), String> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    let Err(error) = config.create_native_config() else { return Ok(()) };
    if is_secret(name) {
        return Err("librdkafka refuses the value".to_owned());
    }
    let rdkafka::error::KafkaError::ClientConfig(_, said, ..) = error else {
        return Err(format!("librdkafka refuses `{value}`"));
    };
    Err(format!("librdkafka refuses `{value}`: {}", without(&said, value)))
}

/// Its words repeat the value, which may have come from outside the file.
fn without(said: &str, value: &str) -> String {
    if value.is_empty() { said.to_owned() } else { said.replace(value, "it").replace("\"it\"", "it") }
}

#[cfg(test)]
mod tests;
