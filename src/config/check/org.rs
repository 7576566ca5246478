//! An org and its way to log in.

use orgstream_api::Secret;
use orgstream_salesforce::{Auth, OrgConfig};

use super::Report;
use super::file::web_address;
use crate::config::raw;
use crate::config::substitute::Surroundings;

/// The org `name`; `None` when a part of it is missing or wrong.
pub(super) fn org(
    name: &str,
    raw: raw::Org,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<OrgConfig> {
    let url = raw.url.and_then(|url| web_address(&url, &["orgs", name, "url"], report));
    let auth = raw.auth.and_then(|raw| auth(name, raw, from, report));
    Some(OrgConfig { name: name.to_owned(), url: url?, auth: auth? })
}

fn auth(org: &str, raw: raw::Auth, from: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Auth> {
    Some(match raw {
        raw::Auth::ClientCredentials { client_id, client_secret } => {
            Auth::ClientCredentials { client_id: client_id?, client_secret: client_secret? }
        }
        raw::Auth::JwtBearer { client_id, username, private_key, audience } => {
            let private_key = private_key.and_then(|path| private_key_text(org, &path, from, report));
            Auth::JwtBearer {
                client_id: client_id?,
                username: username?,
                private_key: private_key?,
                audience,
            }
        }
        raw::Auth::Password { client_id, client_secret, username, password, security_token } => {
            Auth::Password {
                client_id: client_id?,
                client_secret: client_secret?,
                username: username?,
                password: with_token(&password?, security_token.as_ref()),
            }
        }
    })
}

/// The text of the key file. Whether the key is one is for the login to say; here it must only look like PEM,
/// so that a wrong path is found before anything runs.
fn private_key_text(
    org: &str,
    path: &str,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Secret> {
    let key = ["orgs", org, "auth", "private_key"];
    let path = from.resolve(path);
    match std::fs::read_to_string(&path) {
        Ok(text) if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") => {
            Some(Secret::new(text))
        }
        Ok(_) => {
            report.fault(&key, format!("`{}` holds no private key in PEM form", path.display()));
            None
        }
        Err(error) => {
            report.fault(&key, format!("`{}` cannot be read: {error}", path.display()));
            None
        }
    }
}

/// Salesforce takes the security token at the end of the password.
fn with_token(password: &Secret, token: Option<&Secret>) -> Secret {
    let token = token.map_or("", Secret::reveal);
    Secret::new(format!("{}{token}", password.reveal()))
}
