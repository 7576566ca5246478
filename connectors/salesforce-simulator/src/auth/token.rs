//! `POST /services/oauth2/token`: what a granted login is answered with.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::grant::{Granted, Refresh, grant};
use super::parameters::Parameters;
use super::policy::Flow;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// Answers a token call.
pub(crate) fn token(tenant: &Tenant, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    match grant(tenant, call, &parameters) {
        Ok(granted) => {
            let members = members(tenant, &call.base_url(tenant.url()), granted);
            parameters.answer(200, "OAuth", &Json::Object(members))
        }
        Err(error) => parameters.error(400, error),
    }
}

/// An OAuth error as JSON.
pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

/// A new access token and what goes with it.
pub(crate) fn members(tenant: &Tenant, base: &str, granted: Granted) -> Map<String, Json> {
    let Granted { scope, refresh_token, flow } = granted;
    let refresh_token = match refresh_token {
        Refresh::None => None,
        Refresh::New => Some(tenant.new_refresh_token()),
        Refresh::Shown(token) => Some(token),
    };
    let now = tenant.clock.now();
    let id = tenant.identity_url(base);
    let issued_at = now.millis().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, tenant.identity.credentials.client_secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{id}{issued_at}").as_bytes()));
    // A refreshed answer does not repeat the refresh token; the token dies with it all the same.
    let shown = refresh_token.clone().filter(|_| flow == Flow::WebServer);
    let time = (now, tenant.settings.session_lifetime);
    let access_token = tenant.state().logins.issue(&tenant.identity.org_id, time, scope, refresh_token);
    let members = [
        ("access_token", Some(access_token)),
        ("refresh_token", shown),
        ("signature", Some(signature)),
        ("scope", scope.map(str::to_owned)),
        ("instance_url", Some(base.to_owned())),
        ("id", Some(id)),
        ("token_type", Some("Bearer".to_owned())),
        ("issued_at", Some(issued_at)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Json::String(value?)))).collect()
}
