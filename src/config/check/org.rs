//! An org and its way to log in, or a simulated one.

use orgstream_api::Secret;
use orgstream_salesforce::{Auth, OrgConfig};

use super::Report;
use super::file::web_address;
use super::org_options::options;
use super::private_key::private_key;
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::text_file::read_text;
use crate::config::validated::{Org, Sandbox};

/// The org `name`; `None` when a part of it is missing or wrong.
pub(super) fn org(
    name: &str,
    raw: raw::Org,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Org> {
    let path = ["orgs", name];
    // Keys as they stand in the file: what is there but mistyped is reported already.
    let keys = report.keys(&path);
    if keys.contains(&"sandbox") {
        let of_others = ["url", "auth", "api_version", "proxy", "timeouts", "allowances"];
        for key in of_others.into_iter().filter(|key| keys.contains(key)) {
            report.fault(
                &["orgs", name, key],
                "a sandbox is simulated here and needs none; remove one of the two",
            );
        }
        if let Some(reason) = refused_directory(name) {
            report.fault(&path, reason);
        }
        return sandbox(name, raw.sandbox.unwrap_or_default(), from, report).map(Org::Sandbox);
    }
    for key in ["url", "auth"] {
        if !report.has(&path, key) && !report.has(&path, "sandbox") {
            let message =
                "this key is missing; an org is `url` and `auth`, or `sandbox: {}` for a simulated one";
            report.fault(&["orgs", name, key], message);
        }
    }
    let url = raw.url.and_then(|url| web_address(&url, &["orgs", name, "url"], report));
    let auth = raw.auth.and_then(|raw| auth(name, raw, from, report));
    let options = options(name, raw.api_version, raw.proxy, raw.timeouts, raw.allowances, report);
    Some(Org::Salesforce(OrgConfig { options: options?, ..OrgConfig::new(name, url?, auth?) }))
}

/// A simulated org lies in a directory of its name.
fn refused_directory(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(plain)).then(|| {
        "a sandbox's name is a directory's name too: up to 100 letters, digits, `-`, `_` and `.`".to_owned()
    })
}

fn sandbox(
    name: &str,
    raw: raw::Sandbox,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Sandbox> {
    let objects = match raw.objects {
        None => None,
        Some(path) => {
            let path = from.resolve(&path);
            match read_text(&path) {
                Ok(text) => Some(text),
                Err(wrong) => {
                    let message = format!("`{}` {wrong}", path.display());
                    report.fault(&["orgs", name, "sandbox", "objects"], message);
                    return None;
                }
            }
        }
    };
    Some(Sandbox { objects, records: raw.records.unwrap_or(0) })
}

fn auth(org: &str, raw: raw::Auth, from: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Auth> {
    Some(match raw {
        raw::Auth::ClientCredentials { client_id, client_secret } => {
            Auth::ClientCredentials { client_id: client_id?, client_secret: client_secret? }
        }
        raw::Auth::JwtBearer { client_id, username, private_key, keystore, audience } => {
            let private_key = self::private_key(org, private_key, keystore, from, report);
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

/// Salesforce takes the security token at the end of the password.
fn with_token(password: &Secret, token: Option<&Secret>) -> Secret {
    let token = token.map_or("", Secret::reveal);
    Secret::new(format!("{}{token}", password.reveal()))
}
