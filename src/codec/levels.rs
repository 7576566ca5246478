//! What a registry promises the readers of a subject, for which its other client has no call.

use std::time::Duration;

use orgstream_api::Secret;
use serde::Deserialize;
use url::Url;

use super::registry_config::{RegistryConfig, RegistryLogin};
use crate::schema_store::Compatibility;

/// A client that asks for compatibility levels.
pub(super) struct Levels {
    http: reqwest::Client,
    url: Url,
    login: Option<RegistryLogin>,
}

/// A registry's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    compatibility_level: String,
}

impl Levels {
    /// A client of this registry, whose calls take no longer than `call`.
    pub(super) fn of(config: &RegistryConfig, call: Duration) -> Result<Self, String> {
        let http = config.client()?.timeout(call).build().map_err(|error| error.to_string())?;
        Ok(Self { http, url: config.url.clone(), login: config.login.clone() })
    }

    /// The level by which a subject's schemas are refused; `None` where the registry does not say.
    pub(super) async fn level(&self, subject: &str) -> Option<Compatibility> {
        let own = self.ask(&["config", subject]).await;
        // Some registries have "none" for a subject that has no level of its own.
        match own.filter(|level| *level != Compatibility::None) {
            Some(level) => Some(level),
            None => self.ask(&["config"]).await,
        }
    }

    async fn ask(&self, path: &[&str]) -> Option<Compatibility> {
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        let request = match &self.login {
            None => self.http.get(url),
            Some(RegistryLogin::Basic { username, password }) => {
                self.http.get(url).basic_auth(username, Some(password.reveal()))
            }
            Some(RegistryLogin::Bearer(token)) => self.http.get(url).bearer_auth(Secret::reveal(token)),
        };
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        let Answer { compatibility_level } = answer.json().await.ok()?;
        Compatibility::named(&compatibility_level)
    }
}
