//! The access token a call carries, and where each API looks for it.

use crate::data::Refusal;
use crate::server::Call;

/// The token for the streaming API: `Bearer t`, `OAuth t`, or `t` alone, which one client sends.
pub(crate) fn bearer(call: &Call) -> Option<&str> {
    let value = call.header("authorization")?.trim();
    Some(scheme(value).unwrap_or(value))
}

/// The token for REST: `Bearer t` or `OAuth t`, else the parameter `oauth_token`, else `X-SFDC-Session`. A header of
/// any other form is refused before anybody looks at what it holds.
pub(crate) fn rest_token(call: &Call) -> Result<Option<&str>, Refusal> {
    match call.header("authorization") {
        Some(value) => scheme(value.trim())
            .map(Some)
            .ok_or_else(|| Refusal::new(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")),
        None => Ok(call.param("oauth_token").or_else(|| call.header("x-sfdc-session"))),
    }
}

/// What stands behind `Bearer` or `OAuth`, in any letter case.
fn scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim())
}
