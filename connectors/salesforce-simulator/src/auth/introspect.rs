//! `POST /services/oauth2/introspect`: what a token is good for, told to the app it was given to.

use serde_json::{Value as Json, json};

use super::client::Client;
use super::grant::WITH_REFRESH;
use super::parameters::{OAuthError, Parameters};
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// Tells about a token.
pub(crate) fn introspect(tenant: &Tenant, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    match described(tenant, call, &parameters) {
        Ok(body) => parameters.answer(200, "OAuth", &body),
        Err(error) => parameters.error(400, error),
    }
}

fn described(tenant: &Tenant, call: &Call, parameters: &Parameters) -> Result<Json, OAuthError> {
    if call.method != axum::http::Method::POST {
        return Err(("invalid_request", "must use HTTP POST"));
    }
    Client::of(call, parameters).check(tenant)?;
    let token = parameters.required("token", ("invalid_request", "must supply token"))?;
    let lifetime = tenant.settings.session_lifetime;
    let state = tenant.state();
    let of_refresh = state.logins.knows_refresh_token(token);
    let session = state.logins.session(token, tenant.clock.now(), lifetime);
    // A plain session, without scopes, is none of the app's business.
    let (kind, scope, issued, ends) = match session.map(|session| (session, session.scope)) {
        _ if of_refresh => ("refresh_token", WITH_REFRESH, None, None),
        Some((session, Some(scope))) => {
            let ends =
                session.last_used.millis() / 1000 + i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 2);
            ("access_token", scope, Some(session.issued.millis() / 1000), Some(ends))
        }
        _ => return Ok(json!({"active": false})),
    };
    let mut body = json!({
        "active": true,
        "scope": scope,
        "client_id": tenant.identity.credentials.client_id,
        "username": tenant.identity.credentials.username,
        "sub": tenant.identity_url(&call.base_url(tenant.url())),
        "token_type": kind,
    });
    if let (Some(issued), Some(ends), Some(body)) = (issued, ends, body.as_object_mut()) {
        for (name, time) in [("exp", ends), ("iat", issued), ("nbf", issued)] {
            body.insert(name.to_owned(), json!(time));
        }
    }
    Ok(body)
}
