//! `GET /services/oauth2/authorize`: the web server and the user-agent flow. The user is there and agrees, so the
//! redirection comes at once.

use serde_json::{Map, Value as Json};
use url::Url;

use super::client::UNKNOWN_CLIENT;
use super::grant::{Granted, Refresh, WITH_REFRESH, WITHOUT_REFRESH};
use super::parameters::{OAuthError, Parameters, urlencoded};
use super::policy::Flow;
use super::token;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// Scopes the connected app has.
const SCOPES: [&str; 6] = ["api", "id", "web", "full", "refresh_token", "offline_access"];

/// Sends the browser back with a code, a token or an error.
pub(crate) fn authorize(tenant: &Tenant, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    // An error of app or address is shown, not sent: nobody knows whose address it is.
    let target = match target(tenant, &parameters) {
        Ok(target) => target,
        Err((error, description)) => {
            let members = pairs([("error", error), ("error_description", description)]);
            return Answer::text(400, &urlencoded(&members));
        }
    };
    let in_fragment = parameters.get("response_type") == Some("token");
    let mut members = match sent(tenant, call, &parameters) {
        Ok(members) => members,
        Err((error, description)) => pairs([("error", error), ("error_description", description)]),
    };
    if let Some(state) = parameters.get("state") {
        members.insert("state".to_owned(), Json::from(state));
    }
    Answer::empty(302).with("location", location(target, &urlencoded(&members), in_fragment))
}

fn target(tenant: &Tenant, parameters: &Parameters) -> Result<Url, OAuthError> {
    let client = parameters.required("client_id", ("invalid_request", "must supply client_id"))?;
    if client != tenant.identity.credentials.client_id {
        return Err(UNKNOWN_CLIENT);
    }
    let uri = parameters.required("redirect_uri", ("redirect_uri_missing", "must supply redirect_uri"))?;
    // The app takes any callback address that is one.
    Url::parse(uri).map_err(|_| ("redirect_uri_mismatch", "redirect_uri must match configuration"))
}

fn sent(tenant: &Tenant, call: &Call, parameters: &Parameters) -> Result<Map<String, Json>, OAuthError> {
    let asked: Vec<&str> = parameters.get("scope").unwrap_or_default().split_whitespace().collect();
    if !asked.iter().all(|scope| SCOPES.contains(scope)) {
        return Err(("invalid_scope", "the requested scope is not allowed"));
    }
    let offline = asked.is_empty()
        || asked.iter().any(|scope| ["refresh_token", "offline_access", "full"].contains(scope));
    let policy = tenant.state().logins.policy.clone();
    policy.allows(Flow::WebServer)?;
    policy.admits(Flow::WebServer)?;
    match parameters.get("response_type") {
        Some("code") => {
            let challenge = parameters.get("code_challenge");
            if challenge.is_some() && parameters.get("code_challenge_method").is_some_and(|m| m != "S256") {
                return Err(("invalid_request", "code_challenge_method must be S256"));
            }
            let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
            let now = tenant.clock.now();
            let code = tenant.state().logins.issue_code(now, redirect_uri, challenge, offline);
            Ok(pairs([("code", code.as_str())]))
        }
        Some("token") => {
            let refresh_token = if offline { Refresh::New } else { Refresh::None };
            let scope = Some(if offline { WITH_REFRESH } else { WITHOUT_REFRESH });
            let granted = Granted { scope, refresh_token, flow: Flow::WebServer };
            Ok(token::members(tenant, &call.base_url(tenant.url()), granted))
        }
        _ => Err(("unsupported_response_type", "response type not supported")),
    }
}

fn location(mut target: Url, answer: &str, in_fragment: bool) -> String {
    if in_fragment {
        target.set_fragment(Some(answer));
    } else {
        let query = target.query().map_or_else(|| answer.to_owned(), |query| format!("{query}&{answer}"));
        target.set_query(Some(&query));
    }
    target.into()
}

fn pairs<const N: usize>(members: [(&str, &str); N]) -> Map<String, Json> {
    members.into_iter().map(|(name, value)| (name.to_owned(), Json::from(value))).collect()
}
