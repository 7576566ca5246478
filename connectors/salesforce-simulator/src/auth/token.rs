//! `POST /services/oauth2/token`: username-password, JWT bearer, client credentials; and what goes with it: revoking,
//! and the identity URL of the answer.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::jwt::{self, Validity};
use super::login::bearer;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// An OAuth error: `error` and `error_description`.
type OAuthError = (&'static str, &'static str);

const UNKNOWN_CLIENT: OAuthError = ("invalid_client_id", "client identifier invalid");
const WRONG_SECRET: OAuthError = ("invalid_client", "invalid client credentials");
const WRONG_LOGIN: OAuthError = ("invalid_grant", "authentication failure");

/// Answers a token call.
pub(crate) fn token(tenant: &Tenant, call: &Call) -> Answer {
    let form = Form { fields: call.form().into_iter().chain(call.query.clone()).collect() };
    let granted = match form.get("grant_type") {
        Some("password") => password(tenant, &form),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => assertion(tenant, call, &form),
        Some("client_credentials") => client_credentials(tenant, call, &form),
        Some(_) => Err(("unsupported_grant_type", "grant type not supported")),
        None => Err(("invalid_request", "must supply grant_type")),
    };
    let scope = match granted {
        Ok(scope) => scope,
        Err((error, description)) => return oauth_error(400, error, description),
    };
    let now = tenant.clock.now();
    let base = call.base_url(tenant.url());
    let id = identity_url(tenant, &base);
    let issued_at = now.millis().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, tenant.identity.credentials.client_secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{id}{issued_at}").as_bytes()));
    let mut body = json!({
        "access_token": tenant.state().logins.issue(&tenant.identity.org_id, now),
        "instance_url": base,
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "signature": signature,
    });
    if let (Some(scope), Some(body)) = (scope, body.as_object_mut()) {
        body.insert("scope".to_owned(), json!(scope));
    }
    Answer::json(200, &body).with("cache-control", "no-cache, no-store").with("pragma", "no-cache")
}

/// An OAuth error as JSON.
pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

/// `/services/oauth2/revoke`, by form or query.
pub(crate) fn revoke(tenant: &Tenant, call: &Call) -> Answer {
    let form = Form { fields: call.form().into_iter().chain(call.query.clone()).collect() };
    if form.get("token").is_some_and(|token| tenant.state().logins.revoke(token)) {
        return Answer::empty(200);
    }
    oauth_error(400, "invalid_token", "invalid token")
}

/// The identity URL: who the token belongs to.
pub(crate) fn identity(tenant: &Tenant, call: &Call) -> Answer {
    let token = bearer(call).or_else(|| call.param("oauth_token"));
    if !token.is_some_and(|token| tenant.token_is_good(token)) {
        return Answer::text(403, "Bad_OAuth_Token");
    }
    let base = call.base_url(tenant.url());
    let identity = &tenant.identity;
    Answer::json(
        200,
        &json!({
            "id": identity_url(tenant, &base),
            "asserted_user": true,
            "user_id": identity.user_id,
            "organization_id": identity.org_id,
            "username": identity.credentials.username,
            "nick_name": "ops",
            "display_name": "Ops Bot",
            "email": identity.credentials.username,
            "active": true,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 3_600_000,
            "urls": {
                "rest": format!("{base}/services/data/v{{version}}/"),
                "sobjects": format!("{base}/services/data/v{{version}}/sobjects/"),
                "query": format!("{base}/services/data/v{{version}}/query/"),
                "partner": format!("{base}/services/Soap/u/{{version}}/{}", identity.org_id.get(..15).unwrap_or_default()),
            },
        }),
    )
}

/// The fields of a token call.
struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn password(tenant: &Tenant, form: &Form) -> Result<Option<&'static str>, OAuthError> {
    check_client(tenant, form.get("client_id"), form.get("client_secret"))?;
    let (username, password) = (form.get("username"), form.get("password"));
    if tenant.knows_user(username.unwrap_or_default(), password.unwrap_or_default()) {
        // This flow knows no scopes.
        Ok(None)
    } else {
        Err(WRONG_LOGIN)
    }
}

fn assertion(tenant: &Tenant, call: &Call, form: &Form) -> Result<Option<&'static str>, OAuthError> {
    let credentials = &tenant.identity.credentials;
    let claims = form.get("assertion").and_then(|assertion| jwt::read(assertion, &tenant.key));
    let claims = claims.ok_or(("invalid_grant", "invalid assertion"))?;
    if claims.iss != credentials.client_id {
        return Err(UNKNOWN_CLIENT);
    }
    let audience = claims.aud.trim_end_matches('/');
    let known = ["https://login.salesforce.com", "https://test.salesforce.com", tenant.url()];
    if !known.contains(&audience) && audience != call.base_url(tenant.url()) {
        return Err(("invalid_grant", "audience is invalid"));
    }
    // Clients live in real time even when a test has moved the org's clock.
    let real_now = (tenant.clock.now().millis() - tenant.clock.offset_millis()) / 1000;
    match claims.validity(real_now) {
        Validity::Valid => {}
        Validity::Expired => return Err(("invalid_grant", "expired authorization code")),
        Validity::Unacceptable => return Err(("invalid_grant", "invalid assertion")),
    }
    if claims.sub != credentials.username {
        return Err(("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(Some("api id refresh_token"))
}

fn client_credentials(tenant: &Tenant, call: &Call, form: &Form) -> Result<Option<&'static str>, OAuthError> {
    let basic = call.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|text| String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok());
    let (id, secret) = match basic.as_deref().and_then(|text| text.split_once(':')) {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (form.get("client_id"), form.get("client_secret")),
    };
    check_client(tenant, id, secret)?;
    Ok(Some("api id"))
}

fn check_client(tenant: &Tenant, id: Option<&str>, secret: Option<&str>) -> Result<(), OAuthError> {
    let credentials = &tenant.identity.credentials;
    match (id, secret) {
        (None, _) => Err(("invalid_request", "must supply client_id")),
        (Some(id), _) if id != credentials.client_id => Err(UNKNOWN_CLIENT),
        (_, Some(secret)) if secret == credentials.client_secret => Ok(()),
        _ => Err(WRONG_SECRET),
    }
}

fn identity_url(tenant: &Tenant, base: &str) -> String {
    format!("{base}/id/{}/{}", tenant.identity.org_id, tenant.identity.user_id)
}
