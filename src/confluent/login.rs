//! What connectors say of the orgs that they log in to, so that connectors of one org share it.

use std::collections::BTreeMap;

use super::catalog::{self, Default, Type};
use super::document::Map;
use super::kind::Kind;
use super::org::is_login;
use super::settings::Settings;

/// What is no part of a login, though it is said of an org.
const TIMEOUT: &str = "connection.timeout";
const URL: &str = "salesforce.instance";
const FLOW: &str = "salesforce.grant.type";
/// What only some flows look at.
const OF_FLOWS: [(&str, &[&str]); 6] = [
    ("salesforce.consumer.secret", &["password", "client_credentials"]),
    ("salesforce.username", &["password", "jwt_bearer"]),
    ("salesforce.password", &["password"]),
    ("salesforce.password.token", &["password"]),
    ("salesforce.jwt.keystore.path", &["jwt_bearer"]),
    ("salesforce.jwt.keystore.password", &["jwt_bearer"]),
];

/// An org that a connector has named.
pub(super) struct Known {
    /// Its name in the file.
    pub(super) name: String,
    /// Its keys.
    pub(super) keys: Map,
    /// How the connector logs in.
    pub(super) login: Login,
    /// The connector's file.
    pub(super) of: String,
}

/// How a connector logs in to its org, and how it reaches it: the values that count, by property. A property that a kind of connector
/// does not have is as it is without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    values: BTreeMap<&'static str, String>,
    /// Which is no reason to be another login.
    timeout: String,
}

impl Login {
    /// What `settings` say.
    pub(super) fn of(kind: Kind, settings: &Settings<'_>) -> Self {
        let flow = settings.word(FLOW);
        let mut values = BTreeMap::new();
        for known in catalog::connectors() {
            let is_said = matches!(known.fate, catalog::Fate::Same(key) if key.starts_with("orgs."));
            let is_idle =
                OF_FLOWS.iter().any(|(name, flows)| *name == known.name && !flows.contains(&&*flow));
            if !is_said || is_idle || known.name == TIMEOUT {
                continue;
            }
            let default = match known.default {
                Default::Is(text) => text,
                Default::Required | Default::Null => "",
            };
            let said = settings.text(known.name).filter(|_| known.of.contains(&kind));
            let text = said.unwrap_or_else(|| default.to_owned());
            values.insert(known.name, plain(known.name, known.kind, text));
        }
        Self { values, timeout: settings.text(TIMEOUT).unwrap_or_default() }
    }

    /// Whether both log in to the same org, as far as can be told: the address of an org is its own, and so is a user's name where all log
    /// in at one address.
    fn is_same_org(&self, other: &Self) -> bool {
        let value = |login: &Self, name: &str| login.values.get(name).cloned().unwrap_or_default();
        if value(self, URL) != value(other, URL) {
            return false;
        }
        let user = value(self, "salesforce.username");
        !is_login(&value(self, URL)) || (!user.is_empty() && user == value(other, "salesforce.username"))
    }

    /// The properties in which both differ.
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = self.values.iter().chain(&other.values).map(|(name, _)| *name);
        let mut names: Vec<_> = all.filter(|name| self.values.get(name) != other.values.get(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A value in one of the ways in which it may be written.
fn plain(name: &str, kind: Type, text: String) -> String {
    match (name, kind) {
        (_, Type::Word(_)) => text.to_lowercase(),
        (URL, _) => text.trim_end_matches('/').to_lowercase(),
        ("salesforce.version", _) => text.trim_end_matches(".0").to_lowercase(),
        _ => text,
    }
}

/// The place in `orgs` of the one that `login` is of. A login to one of them in another way is refused: a process knows each org once,
/// so that no change is written back to where it came from.
pub(super) fn known(orgs: &[Known], login: &Login, settings: &mut Settings<'_>) -> Option<usize> {
    let found = orgs.iter().position(|org| org.login.values == login.values);
    match found {
        Some(place) => {
            let first = &orgs[place];
            if first.login.timeout != login.timeout {
                let message = format!("connectors of one org have one; that of {} holds", first.of);
                settings.differs(TIMEOUT, message);
            }
        }
        None => {
            if let Some(other) = orgs.iter().find(|org| org.login.is_same_org(login)) {
                let names: Vec<_> =
                    other.login.differences(login).iter().map(|name| format!("`{name}`")).collect();
                let message = format!(
                    "{} logs in to the same org, and {} there: one process logs in to an org in one way. Write the same in both files, or \
                     run two processes",
                    other.of,
                    match &names[..] {
                        [one] => format!("{one} is another"),
                        all => format!("{} are others", all.join(", ")),
                    }
                );
                settings.refuse(URL, message);
            }
        }
    }
    found
}
