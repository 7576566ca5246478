//! Which connected app calls: its consumer key and secret, in the body or in a `Basic` header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parameters::{OAuthError, Parameters};
use crate::server::Call;
use crate::tenant::Tenant;

/// Nobody has this consumer key.
pub(crate) const UNKNOWN_CLIENT: OAuthError = ("invalid_client_id", "client identifier invalid");
/// The secret is another one.
const WRONG_SECRET: OAuthError = ("invalid_client", "invalid client credentials");
const NO_CLIENT: OAuthError = ("invalid_request", "must supply client_id");

/// Consumer key and secret as a call names them.
#[derive(Debug)]
pub(crate) struct Client {
    id: Option<String>,
    secret: Option<String>,
}

impl Client {
    /// Reads them; a `Basic` header comes before the body.
    pub(crate) fn of(call: &Call, parameters: &Parameters) -> Self {
        let basic = call.header("authorization").and_then(basic);
        let part = |name| parameters.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        match basic {
            Some((id, secret)) => Self { id: Some(id), secret: Some(secret) },
            None => Self { id: part("client_id"), secret: part("client_secret") },
        }
    }

    /// The key must be the app's own. The secret may be missing, but not wrong.
    pub(crate) fn check_key(&self, tenant: &Tenant) -> Result<(), OAuthError> {
        let app = &tenant.identity.credentials;
        match (&self.id, &self.secret) {
            (None, _) => Err(NO_CLIENT),
            (Some(id), _) if *id != app.client_id => Err(UNKNOWN_CLIENT),
            (_, Some(secret)) if *secret != app.client_secret => Err(WRONG_SECRET),
            _ => Ok(()),
        }
    }

    /// Key and secret must be the app's own.
    pub(crate) fn check(&self, tenant: &Tenant) -> Result<(), OAuthError> {
        self.check_key(tenant)?;
        if self.secret.is_none() { Err(WRONG_SECRET) } else { Ok(()) }
    }
}

/// `Basic` with what it encodes. Key and secret are form-encoded inside it where a client follows RFC 6749; neither
/// ever holds a character that this would change.
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, text) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
