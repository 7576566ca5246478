//! The section `schema_registry`.

use orgstream_api::Secret;

use super::Report;
use super::file::web_address;
use super::pem::{self, Pem};
use crate::codec::{RegistryConfig, RegistryLogin};
use crate::config::raw;
use crate::config::substitute::Surroundings;

const SECTION: &str = "schema_registry";

/// The registry; `None` when a part of it is missing or wrong.
pub(super) fn registry(
    raw: raw::SchemaRegistry,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<RegistryConfig> {
    let keys = report.keys(&[SECTION]);
    let has = |key: &str| keys.contains(&key);
    if has("basic_auth") && has("bearer_token") {
        report.fault(&[SECTION, "bearer_token"], "there is one way to log in; remove this or `basic_auth`");
    }
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if has(one) && !has(other) {
            let message =
                format!("`{other}` is missing beside it: a certificate is proved by its private key");
            report.fault(&[SECTION, one], message);
        }
    }
    let url = raw.url.and_then(|url| web_address(&url, &[SECTION, "url"], report));
    let secured = url.as_ref().is_none_or(|url| url.scheme() == "https");
    for key in ["ca", "certificate", "key"] {
        if has(key) && !secured {
            report.fault(
                &[SECTION, key],
                "is for TLS, and the URL begins with http://; write https://, or remove this key",
            );
        }
    }
    let mut pem =
        |given: Option<&str>, key: &str, kind: Pem| pem::text(given?, &[SECTION, key], kind, from, report);
    let ca = pem(raw.ca.as_deref(), "ca", Pem::Certificates);
    let certificate = pem(raw.certificate.as_deref(), "certificate", Pem::Certificates);
    let key = pem(raw.key.as_ref().map(Secret::reveal), "key", Pem::Key);
    if key.as_ref().is_some_and(pem::is_encrypted) {
        report.fault(
            &[SECTION, "key"],
            "the private key has a password, which is for Kafka alone: `openssl pkcs8 -in KEY -out PLAIN` takes it off",
        );
    }
    let identity = certificate
        .zip(key)
        .map(|(certificate, key)| Secret::new(format!("{}\n{}", certificate.reveal(), key.reveal())));
    let login = match (raw.basic_auth, raw.bearer_token) {
        (Some(raw::BasicAuth { username: Some(username), password: Some(password) }), _) => {
            Some(RegistryLogin::Basic { username, password })
        }
        (_, Some(token)) => Some(RegistryLogin::Bearer(token)),
        _ => None,
    };
    Some(RegistryConfig { url: url?, login, ca, identity })
}
