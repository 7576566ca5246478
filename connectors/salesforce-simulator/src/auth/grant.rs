//! The flows of the token endpoint: what each asks for, and what it grants.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::client::{Client, UNKNOWN_CLIENT};
use super::jwt::{self, Validity};
use super::login::Taken;
use super::parameters::{OAuthError, Parameters};
use super::policy::Flow;
use crate::server::Call;
use crate::tenant::Tenant;

/// Scopes of a token that can be refreshed.
pub(crate) const WITH_REFRESH: &str = "refresh_token id api";
/// Scopes of a token that cannot.
pub(crate) const WITHOUT_REFRESH: &str = "id api";

const WRONG_LOGIN: OAuthError = ("invalid_grant", "authentication failure");
const EXPIRED: OAuthError = ("invalid_grant", "expired authorization code");
const BAD_CODE: OAuthError = ("invalid_grant", "invalid authorization code");
const BAD_VERIFIER: OAuthError = ("invalid_grant", "invalid code verifier");
const BAD_ASSERTION: OAuthError = ("invalid_grant", "invalid assertion");

/// What a token call has earned.
#[derive(Debug)]
pub(crate) struct Granted {
    /// Named in the answer; the password flow knows none.
    pub(crate) scope: Option<&'static str>,
    /// The refresh token behind the new access token.
    pub(crate) refresh_token: Refresh,
    /// Which of the optional members the answer has.
    pub(crate) flow: Flow,
}

/// The refresh token that a login comes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// None.
    None,
    /// One that is made once everything else is granted: a refused login leaves none behind.
    New,
    /// The one that was shown.
    Shown(String),
}

/// How one flow judges a call.
type Judge = fn(&Tenant, &Call, &Parameters) -> Result<Granted, OAuthError>;

/// Judges a token call.
pub(crate) fn grant(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    if call.method != axum::http::Method::POST {
        return Err(("invalid_request", "must use HTTP POST"));
    }
    let (flow, judge): (Flow, Judge) = match form.get("grant_type") {
        Some("password") => (Flow::Password, password),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => (Flow::JwtBearer, assertion),
        Some("client_credentials") => (Flow::ClientCredentials, client_credentials),
        Some("authorization_code") => (Flow::WebServer, authorization_code),
        Some("refresh_token") => (Flow::RefreshToken, refresh),
        // Also when there is none, as in a call whose body is no form.
        _ => return Err(("unsupported_grant_type", "grant type not supported")),
    };
    let granted = judge(tenant, call, form)?;
    let policy = tenant.state().logins.policy.clone();
    policy.allows(flow)?;
    policy.admits(flow)?;
    if tenant.user_is_inactive() {
        return Err(("invalid_grant", "inactive user"));
    }
    Ok(granted)
}

fn password(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    Client::of(call, form).check(tenant)?;
    let username = form.required("username", ("invalid_request", "must supply username"))?;
    let password = form.required("password", ("invalid_request", "must supply password"))?;
    if tenant.knows_user(username, password).is_ok() {
        Ok(Granted { scope: None, refresh_token: Refresh::None, flow: Flow::Password })
    } else {
        Err(WRONG_LOGIN)
    }
}

fn assertion(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    let credentials = &tenant.identity.credentials;
    let text = form.required("assertion", ("invalid_request", "must supply assertion"))?;
    let claims = jwt::claims(text).ok_or(BAD_ASSERTION)?;
    // Only who is known has a certificate to check the signature with.
    if claims.iss != credentials.client_id {
        return Err(UNKNOWN_CLIENT);
    }
    if !jwt::verifies(text, &tenant.key) {
        return Err(BAD_ASSERTION);
    }
    let audience = claims.aud.trim_end_matches('/');
    let known = ["https://login.salesforce.com", "https://test.salesforce.com", tenant.url()];
    let own = audience == call.base_url(tenant.url()) || jwt::is_my_domain(audience);
    if !known.contains(&audience) && !own {
        return Err(("invalid_grant", "audience is invalid"));
    }
    let ceiling = i64::from(tenant.state().logins.policy.assertion_lifetime_s);
    // Clients live in real time even when a test has moved the org's clock.
    match claims.validity(tenant.clock.real().millis() / 1000, ceiling) {
        Validity::Valid => {}
        Validity::Expired => return Err(EXPIRED),
        Validity::Unacceptable => return Err(BAD_ASSERTION),
    }
    if claims.sub != credentials.username {
        return Err(("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(Granted { scope: Some("api id"), refresh_token: Refresh::None, flow: Flow::JwtBearer })
}

fn client_credentials(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    let host = call.header("host").unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    if ["login.salesforce.com", "test.salesforce.com"].contains(&host) {
        return Err(("invalid_grant", "request not supported on this domain"));
    }
    Client::of(call, form).check(tenant)?;
    Ok(Granted { scope: Some("api id"), refresh_token: Refresh::None, flow: Flow::ClientCredentials })
}

fn authorization_code(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    let client = Client::of(call, form);
    client.check_key(tenant)?;
    let code = form.required("code", ("invalid_request", "must supply code"))?;
    let redirect_uri = form.required("redirect_uri", ("redirect_uri_missing", "must supply redirect_uri"))?;
    let now = tenant.clock.now();
    let taken = tenant.state().logins.take_code(code, now);
    let code = match taken {
        Taken::Good(code) => code,
        Taken::Expired => return Err(EXPIRED),
        Taken::Unknown => return Err(BAD_CODE),
    };
    if code.redirect_uri != redirect_uri {
        return Err(("redirect_uri_mismatch", "redirect_uri must match configuration"));
    }
    match (&code.challenge, form.get("code_verifier")) {
        // A proof of having asked stands in for the secret of an app that cannot keep one.
        (Some(challenge), Some(verifier)) => {
            let shown = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            if shown != challenge.trim_end_matches('=') {
                return Err(BAD_VERIFIER);
            }
        }
        (None, None) => client.check(tenant)?,
        _ => return Err(BAD_VERIFIER),
    }
    let refresh_token = if code.offline { Refresh::New } else { Refresh::None };
    let scope = if code.offline { WITH_REFRESH } else { WITHOUT_REFRESH };
    Ok(Granted { scope: Some(scope), refresh_token, flow: Flow::WebServer })
}

fn refresh(tenant: &Tenant, call: &Call, form: &Parameters) -> Result<Granted, OAuthError> {
    Client::of(call, form).check_key(tenant)?;
    let token = form.required("refresh_token", ("invalid_request", "must supply refresh_token"))?;
    if !tenant.state().logins.knows_refresh_token(token) {
        return Err(("invalid_grant", "expired access/refresh token"));
    }
    let refresh_token = Refresh::Shown(token.to_owned());
    Ok(Granted { scope: Some(WITH_REFRESH), refresh_token, flow: Flow::RefreshToken })
}
