//! The username-password flow.

use orgstream_api::Secret;

/// What the token endpoint is sent.
pub(super) fn form(
    client_id: &str,
    client_secret: &Secret,
    username: &str,
    password: &Secret,
) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "password".to_owned()),
        ("client_id", client_id.to_owned()),
        ("client_secret", client_secret.reveal().to_owned()),
        ("username", username.to_owned()),
        ("password", password.reveal().to_owned()),
    ]
}

/// What to do when the org refuses.
pub(super) fn advice() -> &'static str {
    "check username, password (with the security token appended), client_id and client_secret, and that the org \
     allows the username-password flow"
}
