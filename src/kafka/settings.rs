//! What the file says of the clients, in librdkafka's names. It stands above orgstream's own defaults and below what
//! the delivery guarantees need, which no file can say otherwise ([`super::properties`]).

use orgstream_api::Secret;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::properties::{Property, Scope, known};
use super::token;

/// Which clients a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clients {
    /// All that know it.
    All,
    /// Those that write.
    Producers,
    /// Those that read.
    Consumers,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// For whom.
    pub clients: Clients,
    /// librdkafka's name.
    pub name: String,
    /// The value, which may be a password.
    pub value: Secret,
    /// The key of the file that it comes from, such as `kafka.security.username`.
    pub key: String,
}

/// All settings of a file. A later one stands above an earlier one of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(Vec<Setting>);

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It asks for topics and offsets.
    Asks,
    /// It writes.
    Writes,
    /// It reads.
    Reads,
}

impl Settings {
    /// These, in the order of the layers.
    pub fn new(settings: Vec<Setting>) -> Self {
        Self(settings)
    }

    /// The setting that lets any certificate of a broker pass, where a client speaks TLS.
    pub fn trusts_anyone(&self) -> Option<&Setting> {
        [Role::Asks, Role::Writes, Role::Reads].into_iter().find_map(|role| {
            let last = |name: &str| self.of(role).filter(|setting| setting.name == name).last();
            let speaks_tls = last("security.protocol")?.value.reveal().to_ascii_lowercase().ends_with("ssl");
            let verified = last("enable.ssl.certificate.verification")?;
            let is_off = ["false", "f", "0"]
                .iter()
                .any(|word| verified.value.reveal().trim().eq_ignore_ascii_case(word));
            (speaks_tls && is_off).then_some(verified)
        })
    }

    /// Whether clients show brokers a token.
    pub fn by_token(&self) -> bool {
        let mechanism = self
            .of(Role::Asks)
            .filter(|setting| matches!(setting.name.as_str(), "sasl.mechanism" | "sasl.mechanisms"));
        mechanism.last().is_some_and(|setting| setting.value.reveal() == token::MECHANISM)
    }

    /// Sets on `config` what a client of this role knows. What stands there already is replaced, under all its names.
    pub(super) fn apply(&self, config: &mut ClientConfig, role: Role) {
        if let Some(tokens) = token::config(self.of(role)) {
            config.set("sasl.oauthbearer.config", tokens);
        }
        for setting in self.of(role).filter(|setting| !token::SETTINGS.contains(&setting.name.as_str())) {
            for name in known(&setting.name).into_iter().flat_map(Property::names) {
                config.remove(name);
            }
            config.set(&setting.name, setting.value.reveal());
            if let Some(level) = log_level(&setting.name, setting.value.reveal()) {
                config.set_log_level(level);
            }
        }
    }

    /// What a client of this role is told, in the order of the layers.
    pub(crate) fn of(&self, role: Role) -> impl Iterator<Item = &Setting> {
        self.0.iter().filter(move |setting| {
            let meant = match setting.clients {
                Clients::All => true,
                Clients::Producers => role == Role::Writes,
                Clients::Consumers => role == Role::Reads,
            };
            // librdkafka warns of a property of the other half.
            let scope = known(&setting.name).map_or(Scope::All, |property| property.scope);
            meant
                && match scope {
                    Scope::All => true,
                    Scope::Producer => role == Role::Writes,
                    Scope::Consumer => role == Role::Reads,
                }
        })
    }
}

/// How much a client says from now on: librdkafka takes it from another place than the property.
fn log_level(name: &str, value: &str) -> Option<RDKafkaLogLevel> {
    match (name, value.trim()) {
        ("debug", contexts) => (!contexts.is_empty()).then_some(RDKafkaLogLevel::Debug),
        ("log_level", "0") => Some(RDKafkaLogLevel::Emerg),
        ("log_level", "1") => Some(RDKafkaLogLevel::Alert),
        ("log_level", "2") => Some(RDKafkaLogLevel::Critical),
        ("log_level", "3") => Some(RDKafkaLogLevel::Error),
        ("log_level", "4") => Some(RDKafkaLogLevel::Warning),
        ("log_level", "5") => Some(RDKafkaLogLevel::Notice),
        ("log_level", "6") => Some(RDKafkaLogLevel::Info),
        ("log_level", "7") => Some(RDKafkaLogLevel::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(clients: Clients, name: &str, value: &str) -> Setting {
        let (name, value) = (name.to_owned(), Secret::new(value));
        Setting { clients, key: format!("kafka.properties.{name}"), name, value }
    }

    #[test]
    fn a_client_gets_what_it_knows_and_the_nearest_layer_wins() {
        let settings = Settings::new(vec![
            setting(Clients::Producers, "client.id", "key"),
            setting(Clients::All, "client.id", "all"),
            setting(Clients::Producers, "client.id", "writer"),
            setting(Clients::All, "linger.ms", "7"),
            setting(Clients::All, "fetch.min.bytes", "9"),
        ]);
        let of = |role| {
            let mut config = ClientConfig::new();
            config.set("queue.buffering.max.ms", "5");
            settings.apply(&mut config, role);
            let get = |name: &str| config.get(name).map(str::to_owned);
            [get("client.id"), get("linger.ms"), get("queue.buffering.max.ms"), get("fetch.min.bytes")]
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(Role::Asks), [some("all"), None, some("5"), None]);
        assert_eq!(of(Role::Writes), [some("writer"), some("7"), None, None], "under all its names");
        assert_eq!(of(Role::Reads), [some("all"), None, some("5"), some("9")]);
    }

    #[test]
    fn a_layer_of_all_clients_stands_above_an_earlier_one_of_one_half() {
        let settings = Settings::new(vec![
            setting(Clients::Producers, "compression.type", "zstd"),
            setting(Clients::All, "compression.type", "gzip"),
        ]);
        let mut config = ClientConfig::new();
        settings.apply(&mut config, Role::Writes);
        assert_eq!(config.get("compression.type"), Some("gzip"));
    }

    #[test]
    fn who_trusts_anyone_is_known() {
        let with = |protocol, verification| {
            let settings = Settings::new(vec![
                setting(Clients::All, "security.protocol", protocol),
                setting(Clients::Consumers, "enable.ssl.certificate.verification", verification),
            ]);
            settings.trusts_anyone().is_some()
        };
        assert!(with("sasl_ssl", "false") && with("SSL", "0"));
        assert!(!with("sasl_ssl", "true") && !with("sasl_plaintext", "false"));
        assert!(Settings::default().trusts_anyone().is_none());
    }

    #[test]
    fn no_value_is_shown() {
        let settings = Settings::new(vec![setting(Clients::All, "sasl.password", "hunter2")]);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
