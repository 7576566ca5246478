//! Which properties of a connector are shown to those who ask, and which are not.

use std::collections::BTreeMap;

use crate::confluent::Kind;
use crate::confluent::catalog::{self, Type};

/// What stands in an answer for a value that is not shown. Whoever sends it back means the value that is kept.
pub(super) const HIDDEN: &str = "[hidden]";

/// Parts of the names of properties whose values are not shown, also where nobody knows the property.
const TELLING: [&str; 7] = ["password", "secret", "token", "jaas", "credential", "user.info", "private"];

/// Properties that are shown though their names look so, or are among many of which some hold a secret.
const PLAIN: [&str; 4] = [
    "salesforce.auth.retries.time.ms",
    "confluent.topic",
    "confluent.topic.bootstrap.servers",
    "confluent.topic.replication.factor",
];

/// `properties` as they are shown.
pub(crate) fn shown(kind: Option<Kind>, properties: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |(name, value): (&String, &String)| {
        let value = if is_hidden(kind, name, value) { HIDDEN } else { value };
        (name.clone(), value.to_owned())
    };
    properties.iter().map(shown).collect()
}

/// Whether a value is not shown. An empty one, and the name of a place where the value stands, tell nothing.
pub(super) fn is_hidden(kind: Option<Kind>, name: &str, value: &str) -> bool {
    let lower = name.to_lowercase();
    if value.is_empty() || is_place(value) || PLAIN.contains(&lower.as_str()) {
        return false;
    }
    let known = kind.and_then(|kind| catalog::of_connector(kind, name));
    known.is_some_and(|known| known.kind == Type::Secret) || TELLING.iter().any(|part| lower.contains(part))
}

/// Whether `value` is `${provider:place}` and nothing else.
fn is_place(value: &str) -> bool {
    let inside = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.contains(':') && !inside.contains(['$', '{', '}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_by_their_type_and_by_their_names_also_where_nobody_knows_them() {
        let hidden = |name: &str, value: &str| is_hidden(Some(Kind::Sink), name, value);
        for name in [
            "salesforce.password",
            "salesforce.password.token",
            "salesforce.consumer.secret",
            "salesforce.jwt.keystore.password",
            "salesforce.passwrod.secret",
            "Salesforce.Password",
            "consumer.override.sasl.jaas.config",
            "value.converter.basic.auth.user.info",
            "value.converter.schema.registry.ssl.keystore.password",
            "http.proxy.password",
            "confluent.topic.sasl.jaas.config",
            "confluent.topic.ssl.keystore.key",
            "confluent.license",
        ] {
            assert!(hidden(name, "x"), "{name}");
        }
        for name in [
            "name",
            "topics",
            "salesforce.username",
            "salesforce.consumer.key",
            "salesforce.object",
            "salesforce.auth.retries.time.ms",
            "confluent.topic.bootstrap.servers",
            "confluent.topic.replication.factor",
        ] {
            assert!(!hidden(name, "x"), "{name}");
        }
        assert!(!hidden("salesforce.password", "${file:/run/secrets.properties:password}"));
        assert!(hidden("salesforce.password", "${a}b${c:d}"));
        assert!(is_hidden(None, "salesforce.password", "x"), "of an unknown class too");
    }
}
