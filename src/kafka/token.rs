//! Tokens for brokers that ask for OAUTHBEARER: one is asked for by the client credentials flow when a client needs it, and again
//! before it ends.
//!
//! librdkafka hands the text that it was given as `sasl.oauthbearer.config` to whoever makes the token, so the settings travel in it,
//! as JSON. It is a secret to librdkafka too.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use reqwest::{Certificate, Url};
use serde::Deserialize;
use serde_json::Value as Json;

use super::settings::Setting;
use crate::clock;

/// The mechanism.
pub(crate) const MECHANISM: &str = "OAUTHBEARER";

/// librdkafka's names of the settings that are made tokens of here.
pub(super) const SETTINGS: [&str; 5] = [ENDPOINT, CLIENT_ID, CLIENT_SECRET, SCOPE, CA];
pub(crate) const ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";
pub(crate) const CLIENT_ID: &str = "sasl.oauthbearer.client.id";
pub(crate) const CLIENT_SECRET: &str = "sasl.oauthbearer.client.secret";
pub(crate) const SCOPE: &str = "sasl.oauthbearer.scope";
pub(crate) const CA: &str = "https.ca.pem";

/// How long the endpoint may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a token is good for that does not say so.
const LIFETIME: i64 = 300_000;

/// Words of errors by which [`super::refusal`] tells them apart.
pub(super) const REFUSES: &str = "refuses to give a token";
pub(super) const UNASKED: &str = "no token can be asked for";

/// What goes wrong. Its words are all that librdkafka hands on, so they say everything.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("{UNASKED}: `{0}` is missing")]
    Setting(&'static str),
    #[error("{UNASKED}: `{ENDPOINT}` is no URL")]
    Url,
    #[error("{UNASKED}: `https.ca.pem` holds no certificate that can be read")]
    Authority,
    #[error("the token endpoint {endpoint} does not answer ({reason})")]
    Away { endpoint: String, reason: String },
    #[error("the token endpoint {endpoint} {REFUSES} (status {status}{reason})")]
    Refused { endpoint: String, status: u16, reason: String },
    #[error("the token endpoint {endpoint} answers without a token")]
    NoToken { endpoint: String },
}

/// The answer of a token endpoint.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// In seconds.
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<f64>,
}

/// Some endpoints write the number as text. What is no number says nothing.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let said = Json::deserialize(deserializer)?;
    Ok(said.as_f64().or_else(|| said.as_str()?.trim().parse().ok()))
}

/// What is written where an endpoint refuses.
#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
}

/// What a client is told by `settings`, if they are about tokens.
pub(super) fn config<'a>(settings: impl Iterator<Item = &'a Setting>) -> Option<String> {
    let told: BTreeMap<&str, &str> = settings
        .filter(|setting| SETTINGS.contains(&setting.name.as_str()))
        .map(|setting| (setting.name.as_str(), setting.value.reveal()))
        .collect();
    (!told.is_empty()).then(|| serde_json::to_string(&told).unwrap_or_default())
}

/// A token for a client that was given `config`. Blocks, on whatever thread librdkafka's events are served.
pub(super) fn of(config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
    let settings: BTreeMap<String, String> =
        config.and_then(|config| serde_json::from_str(config).ok()).unwrap_or_default();
    // That thread may belong to a runtime, within which no other one can be waited for.
    let asked = thread::Builder::new().name("kafka token".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .map_err(|error| error.to_string())
            .and_then(|runtime| runtime.block_on(ask(&settings)).map_err(|error| error.to_string()))
    })?;
    let token = asked.join().map_err(|_| "asking for a token ended without a word")??;
    Ok(token)
}

async fn ask(settings: &BTreeMap<String, String>) -> Result<OAuthToken, TokenError> {
    let needed = |name: &'static str| settings.get(name).ok_or(TokenError::Setting(name));
    let endpoint: Url = needed(ENDPOINT)?.parse().map_err(|_| TokenError::Url)?;
    let (client_id, client_secret) = (needed(CLIENT_ID)?, needed(CLIENT_SECRET)?);
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(settings.get(SCOPE).map(|scope| ("scope", scope.as_str())));
    let shown = shown(&endpoint);
    let away = |error: reqwest::Error| {
        let reason = orgstream_api::with_causes(&error.without_url());
        TokenError::Away { endpoint: shown.clone(), reason }
    };
    let mut client = reqwest::Client::builder().timeout(ANSWER);
    if let Some(ca) = settings.get(CA) {
        let authorities = Certificate::from_pem_bundle(ca.as_bytes()).map_err(|_| TokenError::Authority)?;
        client = client.tls_certs_only(authorities);
    }
    let client = client.build().map_err(away)?;
    let asked = client.post(endpoint.clone()).basic_auth(client_id, Some(client_secret)).form(&form);
    let answer = asked.send().await.map_err(away)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(away)?;
    if status.is_client_error() && !matches!(status.as_u16(), 408 | 429) {
        let refusal: Option<Refusal> = serde_json::from_slice(&body).ok();
        let words = refusal.into_iter().flat_map(|refusal| [refusal.error, refusal.error_description]);
        let reason = words.flatten().fold(String::new(), |said, words| format!("{said}, {words}"));
        return Err(TokenError::Refused { endpoint: shown, status: status.as_u16(), reason });
    }
    if !status.is_success() {
        return Err(TokenError::Away { endpoint: shown, reason: format!("status {status}") });
    }
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|_| TokenError::NoToken { endpoint: shown })?;
    Ok(token(answer, client_id, clock::now_ms()))
}

fn token(answer: Answer, client_id: &str, now: i64) -> OAuthToken {
    let claims = claims(&answer.access_token);
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name)).cloned();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a span in seconds is far from the ends of what fits"
    )]
    let after = |seconds: f64| now.saturating_add((seconds * 1_000.0) as i64);
    let ends = claim("exp").and_then(|at| at.as_i64()).map(|seconds| seconds.saturating_mul(1_000));
    let principal = claim("sub").and_then(|sub| sub.as_str().map(str::to_owned));
    OAuthToken {
        lifetime_ms: answer.expires_in.map(after).or(ends).unwrap_or(now + LIFETIME),
        principal_name: principal.filter(|name| !name.is_empty()).unwrap_or_else(|| client_id.to_owned()),
        token: answer.access_token,
    }
}

/// What a token says of itself, where it is one that can be read.
fn claims(token: &str) -> Option<Json> {
    let part = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
}

/// The address without a password and without what follows the path, for messages.
fn shown(endpoint: &Url) -> String {
    let mut shown = endpoint.clone();
    // Fails only for URLs that cannot have a password.
    shown.set_password(None).ok();
    shown.set_query(None);
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(claims: &str, expires_in: Option<f64>) -> Answer {
        let access_token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims));
        Answer { access_token, expires_in }
    }

    #[test]
    fn a_lifetime_may_be_a_number_or_its_text() {
        let read = |text: &str| serde_json::from_str::<Answer>(text).expect("an answer").expires_in;
        assert_eq!(read("{\"access_token\":\"t\",\"expires_in\":3599}"), Some(3_599.0));
        assert_eq!(read("{\"access_token\":\"t\",\"expires_in\":\"3599\"}"), Some(3_599.0));
        assert_eq!(read("{\"access_token\":\"t\",\"expires_in\":null}"), None);
        assert_eq!(read("{\"access_token\":\"t\"}"), None);
    }

    #[test]
    fn a_token_ends_when_its_endpoint_says_or_else_when_it_says_itself() {
        let ends = |claims, expires_in| token(answer(claims, expires_in), "app", 1_000).lifetime_ms;
        assert_eq!(ends("{\"exp\":90}", Some(5.0)), 6_000);
        assert_eq!(ends("{\"exp\":90}", None), 90_000);
        assert_eq!(ends("no claims", None), 1_000 + LIFETIME);
    }

    #[test]
    fn a_token_is_its_subjects_or_else_the_clients() {
        let whose = |claims| token(answer(claims, None), "app", 0).principal_name;
        assert_eq!(whose("{\"sub\":\"alice\"}"), "alice");
        assert_eq!(whose("{\"sub\":\"\"}"), "app");
        assert_eq!(whose("no claims"), "app");
    }

    #[test]
    fn an_endpoint_is_shown_without_its_secrets() {
        let url: Url = "https://u:hunter2@idp.example/token?key=hunter2".parse().unwrap();
        assert_eq!(shown(&url), "https://u@idp.example/token");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = of(Some("{}")).map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "no token can be asked for: `sasl.oauthbearer.token.endpoint.url` is missing");
    }
}
