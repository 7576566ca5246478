//! What other clients need to join in: the first line of a run, and the file `embedded.json` in its state directory.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use orgstream_api::Secret;
use orgstream_salesforce::{Auth, OrgConfig};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

const FILE: &str = "embedded.json";

/// The embedded parts and their addresses.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// `host:port` of the broker, for any Kafka client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_servers: Option<String>,
    /// Where the schema store's REST interface starts.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "bare_if_any")]
    pub schema_registry: Option<Url>,
    /// The simulated orgs by name, for any Salesforce client.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orgs: BTreeMap<String, EmbeddedOrg>,
}

/// How to log in to a simulated org.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedOrg {
    /// Login and instance URL.
    #[serde(serialize_with = "as_bare")]
    pub login_url: Url,
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// User name.
    pub username: String,
    /// Password, without the security token.
    pub password: String,
    /// Security token.
    pub security_token: String,
}

impl EmbeddedOrg {
    /// The org as the connectors know it.
    pub fn config(&self, name: &str) -> OrgConfig {
        let auth = Auth::ClientCredentials {
            client_id: self.client_id.clone(),
            client_secret: Secret::new(self.client_secret.clone()),
        };
        OrgConfig::new(name, self.login_url.clone(), auth)
    }
}

impl Announcement {
    /// Whether nothing is embedded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What there is, and its address; no credentials.
    pub fn addresses(&self) -> BTreeMap<String, String> {
        let broker = self.bootstrap_servers.iter().map(|servers| ("kafka".to_owned(), servers.clone()));
        let registry = self.schema_registry.iter().map(|url| ("schema_registry".to_owned(), bare(url)));
        let orgs = self.orgs.iter().map(|(name, org)| (format!("org {name}"), bare(&org.login_url)));
        broker.chain(registry).chain(orgs).collect()
    }

    /// The last announcement on the state directory `state`; its process may have ended.
    pub fn read(state: &Path) -> Option<Self> {
        let text = std::fs::read(state.join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps it for other commands and for the next start; when nothing is embedded, there is nothing to find.
    pub(super) fn write(&self, state: &Path) -> io::Result<()> {
        if self.is_empty() {
            return match std::fs::remove_file(state.join(FILE)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(self)?;
        // Beside and then in place, so that a reader finds the whole of one.
        let (new, path) = (state.join("embedded.json.new"), state.join(FILE));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&text)?;
        std::fs::rename(new, path)
    }
}

/// An address to put a path behind: without the slash that every URL without a path ends with.
pub fn bare(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn as_bare<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&bare(url))
}

/// Called with a URL only: what is not there is left out.
#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn bare_if_any<S: Serializer>(url: &Option<Url>, to: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(bare).serialize(to)
}

/// Addresses only: what is simulated has passwords too, and habits spread.
impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.addresses()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_finds_the_addresses_of_what_is_no_longer_embedded() {
        let state = tempfile::tempdir().unwrap();
        let broker =
            Announcement { bootstrap_servers: Some("127.0.0.1:9092".to_owned()), ..Announcement::default() };
        broker.write(state.path()).unwrap();
        assert_eq!(Announcement::read(state.path()), Some(broker));
        for _ in 0..2 {
            Announcement::default().write(state.path()).unwrap();
            assert_eq!(Announcement::read(state.path()), None);
        }
    }
}
