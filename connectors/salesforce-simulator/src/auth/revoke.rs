//! `/services/oauth2/revoke`: the end of an access or refresh token, by form or query, by POST or GET.

use super::login::REFRESH_PREFIX;
use super::parameters::{OAuthError, Parameters};
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

const NO_TOKEN: OAuthError = ("invalid_request", "must supply token");
const UNKNOWN_TYPE: OAuthError = ("unsupported_token_type", "this token type is not supported");
const INVALID: OAuthError = ("invalid_token", "invalid token");

/// Ends a token.
pub(crate) fn revoke(tenant: &Tenant, call: &Call) -> Answer {
    let parameters = Parameters::of(call);
    let result = parameters.required("token", NO_TOKEN).and_then(|token| end(tenant, token));
    // A page of another origin may only load a script: the answer is a call of its function.
    match (parameters.get("callback"), result) {
        (Some(callback), _) if !is_function(callback) => {
            parameters.error(400, ("invalid_request", "invalid callback"))
        }
        (Some(callback), Ok(())) => script(&format!("{callback}();")),
        (Some(callback), Err((error, _))) => script(&format!("{callback}({{\"error\":\"{error}\"}});")),
        (None, Ok(())) => Answer::empty(200),
        (None, Err(error)) => parameters.error(400, error),
    }
}

fn end(tenant: &Tenant, token: &str) -> Result<(), OAuthError> {
    let org = tenant.identity.org_id.get(..15).unwrap_or_default();
    let known = if token.starts_with(REFRESH_PREFIX) {
        tenant.revoke_refresh_token(token)
    } else if token.starts_with(org) {
        tenant.state().logins.revoke(token)
    } else {
        return Err(UNKNOWN_TYPE);
    };
    // A held long poll of the token ends.
    tenant.changed.send_replace(());
    if known { Ok(()) } else { Err(INVALID) }
}

fn script(text: &str) -> Answer {
    Answer::raw(200, "text/javascript;charset=UTF-8", text.as_bytes().to_vec())
}

fn is_function(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_$.".contains(&b))
}
