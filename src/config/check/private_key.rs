//! The private key of the JWT bearer flow: a PEM file, or a key in a PKCS#12 file. Either way the rest of the program has
//! it as PEM text.

use orgstream_api::Secret;
use orgstream_salesforce::keystore;

use super::Report;
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::text_file::read_text;

/// The key of the org; `None` when it cannot be had, which is reported.
pub(super) fn private_key(
    org: &str,
    pem: Option<String>,
    keystore: Option<raw::Keystore>,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Secret> {
    let auth = ["orgs", org, "auth"];
    let has = |key| report.keys(&auth).contains(&key);
    match (has("private_key"), has("keystore")) {
        (true, true) => {
            let path = [auth[0], auth[1], auth[2], "keystore"];
            report.fault(&path, "the key comes from one file; remove this or `private_key`");
            None
        }
        (false, false) => {
            let path = [auth[0], auth[1], auth[2], "private_key"];
            report.fault(&path, "this key is missing; name a PEM file, or a PKCS#12 file by `keystore`");
            None
        }
        (true, false) => of_pem(org, &pem?, from, report),
        (false, true) => of_keystore(org, keystore?, from, report),
    }
}

/// The text of the key file. Whether the key is one is for the login to say; here it must only look like PEM,
/// so that a wrong path is found before anything runs.
fn of_pem(org: &str, path: &str, from: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Secret> {
    let key = ["orgs", org, "auth", "private_key"];
    let path = from.resolve(path);
    match read_text(&path) {
        Ok(text) if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") => {
            Some(Secret::new(text))
        }
        Ok(_) => {
            report.fault(&key, format!("`{}` holds no private key in PEM form", path.display()));
            None
        }
        Err(wrong) => {
            report.fault(&key, format!("`{}` {wrong}", path.display()));
            None
        }
    }
}

fn of_keystore(
    org: &str,
    raw: raw::Keystore,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Secret> {
    let key = ["orgs", org, "auth", "keystore"];
    let (path, password) = (from.resolve(&raw.path?), raw.password?);
    let file = match std::fs::read(&path) {
        Ok(file) => file,
        Err(error) => {
            report.fault(&key, format!("`{}` cannot be read: {error}", path.display()));
            return None;
        }
    };
    let read = keystore::private_key(&file, &password, raw.alias.as_deref());
    read.map_err(|error| report.fault(&key, format!("`{}` {error}", path.display()))).ok()
}
