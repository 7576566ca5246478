//! One login: a POST to the token endpoint.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::auth::{Token, client_credentials, jwt_bearer, password};
use crate::catalogue;
use crate::config::{Auth, OrgConfig};
use crate::error::{ApiError, CallName, Executed, RecordError};
use crate::id::{OrgId, SalesforceId};

const PATH: &str = "/services/oauth2/token";
const TIMEOUT: Duration = Duration::from_secs(30);

/// Everything a login needs, so that it can be done again at any time.
pub(super) struct Login {
    org: Arc<str>,
    url: Url,
    auth: Auth,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    instance_url: String,
    /// The identity URL: `…/id/{org id}/{user id}`.
    id: String,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Login {
    pub(super) fn new(config: OrgConfig, org: Arc<str>, http: reqwest::Client) -> Self {
        Self { org, url: config.url, auth: config.auth, http }
    }

    /// Logs in, and says which org answered.
    pub(super) async fn token(&self) -> Result<(Token, OrgId), ApiError> {
        let started = Instant::now();
        let mut url = self.url.clone();
        url.set_path(PATH);
        url.set_query(None);
        let sent = self.http.post(url).form(&self.form()?).timeout(TIMEOUT).send().await;
        let response =
            sent.map_err(|error| self.trouble(started, "the login host did not answer", Some(error)))?;
        let status = response.status().as_u16();
        let body = response
            .bytes()
            .await
            .map_err(|error| self.trouble(started, "its answer was cut off", Some(error)))?;
        match status {
            200 => {
                let granted = serde_json::from_slice::<Granted>(&body).ok();
                granted
                    .and_then(|granted| {
                        let token = Token::new(&granted.access_token, &granted.instance_url)?;
                        Some((token.of_user(user_of(&granted.id)), org_of(&granted.id)?))
                    })
                    .ok_or_else(|| self.trouble(started, "its answer is no token reply", None))
            }
            // 420 is Salesforce's edge without a route to the org, as during a move of the org.
            408 | 420 | 429 | 500.. => {
                Err(self.trouble(started, format!("the login host answered {status}"), None))
            }
            _ => Err(self.denied(started, status, serde_json::from_slice(&body).ok())),
        }
    }

    /// An error for an org that answers the login with another id than before.
    pub(super) fn another_org(&self, before: &OrgId, now: &OrgId) -> ApiError {
        self.refused(
            "another_org".to_owned(),
            format!("the login leads to org {now}, and led to org {before} before"),
            "restart orgstream if the org was replaced on purpose",
        )
    }

    /// An error for a login that ended without an outcome, as at the end of the process.
    pub(super) fn given_up(&self) -> ApiError {
        self.trouble(Instant::now(), "the login was given up", None)
    }

    fn denied(&self, started: Instant, status: u16, denied: Option<Denied>) -> ApiError {
        let Some(Denied { error, error_description }) = denied else {
            let message = format!("the answer is {status} and not Salesforce's");
            return self.refused(
                catalogue::status_code(status),
                message,
                "check the org's url: use its My Domain URL",
            );
        };
        match error.as_str() {
            // Salesforce's own words for a fault of its login service.
            "unknown_error" | "server_error" | "temporarily_unavailable" => {
                self.trouble(started, format!("{error}: {error_description}"), None)
            }
            "rate_limit_exceeded" => ApiError::Answer {
                call: self.call_name(),
                status,
                errors: vec![RecordError { code: error, message: error_description, fields: Vec::new() }],
            },
            _ => self.refused(error, error_description, self.advice()),
        }
    }

    fn trouble(&self, started: Instant, what: impl Into<String>, source: Option<reqwest::Error>) -> ApiError {
        ApiError::Trouble {
            call: self.call_name(),
            what: what.into(),
            started,
            executed: Executed::No,
            // Its text repeats the URL, which the call's name has already.
            source: source.map(|error| Arc::new(error.without_url())),
        }
    }

    fn call_name(&self) -> CallName {
        CallName { org: Arc::clone(&self.org), method: Method::POST, path: format!("{}{PATH}", self.host()) }
    }

    fn refused(&self, code: String, message: String, advice: &'static str) -> ApiError {
        ApiError::Refused { org: Arc::clone(&self.org), url: self.host(), code, message, advice }
    }

    fn form(&self) -> Result<Vec<(&'static str, String)>, ApiError> {
        match &self.auth {
            Auth::ClientCredentials { client_id, client_secret } => {
                Ok(client_credentials::form(client_id, client_secret))
            }
            Auth::Password { client_id, client_secret, username, password } => {
                Ok(password::form(client_id, client_secret, username, password))
            }
            Auth::JwtBearer { client_id, username, private_key, audience } => {
                let audience = audience.clone().unwrap_or_else(|| self.host());
                jwt_bearer::form(client_id, username, private_key, &audience).map_err(|error| {
                    self.refused(
                        "private_key".to_owned(),
                        error.to_string(),
                        "give an RSA private key as PEM text, PKCS#1 or PKCS#8",
                    )
                })
            }
        }
    }

    fn advice(&self) -> &'static str {
        match &self.auth {
            Auth::ClientCredentials { .. } => client_credentials::advice(),
            Auth::JwtBearer { .. } => jwt_bearer::advice(),
            Auth::Password { .. } => password::advice(),
        }
    }

    /// Scheme, host and port, without a slash at the end: what `aud` must be.
    fn host(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// The org id in an identity URL.
fn org_of(identity: &str) -> Option<OrgId> {
    let (_, ids) = identity.rsplit_once("/id/")?;
    let org = ids.split('/').next()?;
    // In the reply it has 18 characters always; another length means another kind of reply.
    (org.len() == 18).then(|| OrgId::parse(org).ok()).flatten()
}

/// The user's id in an identity URL.
fn user_of(identity: &str) -> Option<SalesforceId> {
    let (_, ids) = identity.rsplit_once("/id/")?;
    SalesforceId::parse(ids.split('/').nth(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_read_from_the_identity_url() {
        let user = user_of("https://login.salesforce.com/id/00D5g000004XyzEEAS/0055g00000AbCdEAAV");
        assert_eq!(user, SalesforceId::parse("0055g00000AbCdE").ok());
        assert_eq!(user_of("https://login.salesforce.com/id/00D5g000004XyzEEAS"), None);
    }

    #[test]
    fn the_org_is_read_from_the_identity_url() {
        let org = org_of("https://login.salesforce.com/id/00D5g000004XyzEEAS/0055g00000AbCdEAAV");
        assert_eq!(org, Some(OrgId::parse("00D5g000004XyzE").unwrap()));
        assert_eq!(org_of("https://login.salesforce.com/00D5g000004XyzEEAS"), None);
        assert_eq!(org_of("https://login.salesforce.com/id/0055g00000AbCdEAAV/x"), None);
    }
}
