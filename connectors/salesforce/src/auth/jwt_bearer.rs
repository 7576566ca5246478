//! The JWT bearer flow: an assertion signed with the app's key stands for the user.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use orgstream_api::Secret;
use serde::Serialize;
use time::OffsetDateTime;

use crate::clock;

/// Salesforce takes assertions that end within three to five minutes.
const VALID_SECONDS: i64 = 180;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
}

/// What the token endpoint is sent. Fails only when `private_key` is not an RSA key.
pub(super) fn form(
    client_id: &str,
    username: &str,
    private_key: &Secret,
    audience: &str,
) -> Result<Vec<(&'static str, String)>, jsonwebtoken::errors::Error> {
    let key = EncodingKey::from_rsa_pem(private_key.reveal().as_bytes())?;
    let claims = Claims {
        iss: client_id,
        sub: username,
        aud: audience,
        exp: OffsetDateTime::from(clock::now()).unix_timestamp() + VALID_SECONDS,
    };
    let assertion = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)?;
    Ok(vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
        ("assertion", assertion),
    ])
}

/// What to do when the org refuses.
pub(super) fn advice() -> &'static str {
    "check client_id, username, audience and this machine's clock, that the key's certificate stands in the \
     connected app, and that the user is approved for it"
}
