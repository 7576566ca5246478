//! The client-credentials flow: the app logs in as its own user.

use orgstream_api::Secret;

/// What the token endpoint is sent.
pub(super) fn form(client_id: &str, client_secret: &Secret) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", client_id.to_owned()),
        ("client_secret", client_secret.reveal().to_owned()),
    ]
}

/// What to do when the org refuses.
pub(super) fn advice() -> &'static str {
    "check client_id and client_secret, use the org's My Domain URL, and give the connected app a Run As user"
}
