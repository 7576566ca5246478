//! `kafka.security` as settings of the client.

use orgstream_api::Secret;
use url::Url;

use super::Report;
use super::pem::{self, Pem};
use crate::config::raw::{Mechanism, OAuth, Protocol, Security};
use crate::config::substitute::Surroundings;
use crate::kafka::{Clients, Setting, token};

const SECTION: [&str; 2] = ["kafka", "security"];

/// The settings that the section stands for; what cannot be is reported.
pub(super) fn security(raw: Security, from: &Surroundings<'_>, report: &mut Report<'_>) -> Vec<Setting> {
    let keys = report.keys(&SECTION);
    let has = |key: &str| keys.contains(&key);
    let login = has("username") || has("password") || has("oauth");
    let tls: Vec<_> = ["ca", "certificate", "key", "key_password", "verify_host"]
        .into_iter()
        .filter(|key| has(key))
        .collect();
    let protocol = raw.protocol.unwrap_or(match (login, tls.is_empty()) {
        (true, _) => Protocol::SaslSsl,
        (false, false) => Protocol::Ssl,
        (false, true) => Protocol::Plaintext,
    });
    pairs(&has, raw.mechanism, report);
    tokens(raw.oauth.as_ref(), raw.mechanism, &has, report);
    unused(protocol, raw.protocol.is_some(), &tls, &has, report);

    let mut settings = Vec::new();
    let mut set = |name: &str, value: Secret, key: &str| {
        let (name, key) = (name.to_owned(), format!("kafka.security.{key}"));
        settings.push(Setting { clients: Clients::All, name, value, key });
    };
    set("security.protocol", Secret::new(protocol.word()), "protocol");
    if protocol.asks_for_login() {
        let default = if has("oauth") { Mechanism::OAuthBearer } else { Mechanism::Plain };
        let mechanism = raw.mechanism.unwrap_or(default);
        set("sasl.mechanism", Secret::new(mechanism.word()), "mechanism");
    }
    if let Some(username) = raw.username {
        set("sasl.username", Secret::new(username), "username");
    }
    if let Some(password) = raw.password {
        set("sasl.password", password, "password");
    }
    if let Some(oauth) = &raw.oauth {
        for (name, value, of) in [
            (token::ENDPOINT, Some(Secret::new(&*oauth.token_url)), "oauth.token_url"),
            (token::CLIENT_ID, Some(Secret::new(&*oauth.client_id)), "oauth.client_id"),
            (token::CLIENT_SECRET, Some(oauth.client_secret.clone()), "oauth.client_secret"),
            (token::SCOPE, oauth.scope.as_deref().map(Secret::new), "oauth.scope"),
        ] {
            if let Some(value) = value {
                set(name, value, of);
            }
        }
        let place = [SECTION[0], SECTION[1], "oauth", "ca"];
        let ca = oauth.ca.as_deref();
        if let Some(ca) = ca.and_then(|ca| pem::text(ca, &place, Pem::Certificates, from, report)) {
            set(token::CA, ca, "oauth.ca");
        }
    }
    let mut pem = |given: Option<&str>, key: &'static str, kind: Pem| {
        pem::text(given?, &[SECTION[0], SECTION[1], key], kind, from, report)
    };
    let ca = pem(raw.ca.as_deref(), "ca", Pem::Certificates);
    let certificate = pem(raw.certificate.as_deref(), "certificate", Pem::Certificates);
    let key = pem(raw.key.as_ref().map(Secret::reveal), "key", Pem::Key);
    if let Some(key) = &key
        && pem::is_encrypted(key)
        && !has("key_password")
    {
        report
            .fault(&[SECTION[0], SECTION[1], "key"], "the private key has a password: write `key_password`");
    }
    for (name, value, of) in [
        ("ssl.ca.pem", ca, "ca"),
        ("ssl.certificate.pem", certificate, "certificate"),
        ("ssl.key.pem", key, "key"),
        ("ssl.key.password", raw.key_password, "key_password"),
    ] {
        if let Some(value) = value {
            set(name, value, of);
        }
    }
    if raw.verify_host == Some(false) {
        set("ssl.endpoint.identification.algorithm", Secret::new("none"), "verify_host");
    }
    settings
}

/// Reports keys that need each other.
fn pairs(has: &dyn Fn(&str) -> bool, mechanism: Option<Mechanism>, report: &mut Report<'_>) {
    for (one, other, why) in [
        ("username", "password", "a login needs both"),
        ("password", "username", "a login needs both"),
        ("certificate", "key", "a certificate is proved by its private key"),
        ("key", "certificate", "the brokers ask for the certificate of the key"),
        ("key_password", "key", "there is no private key that it is for"),
        ("mechanism", "username", "there is nobody to log in"),
    ] {
        if one == "mechanism" && (has("oauth") || mechanism == Some(Mechanism::OAuthBearer)) {
            continue;
        }
        if has(one) && !has(other) && !report.has(&SECTION, other) {
            let message = format!("`{other}` is missing beside it: {why}");
            report.fault(&[SECTION[0], SECTION[1], one], message);
        }
    }
}

/// Reports a login by token that is none.
fn tokens(
    oauth: Option<&OAuth>,
    mechanism: Option<Mechanism>,
    has: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) {
    let by_token = mechanism == Some(Mechanism::OAuthBearer);
    let Some(oauth) = oauth else {
        if by_token && has("username") {
            let message = "a token is shown in place of user and password: write `oauth` in place of them";
            report.fault(&[SECTION[0], SECTION[1], "mechanism"], message);
        } else if by_token {
            report.fault(
                &[SECTION[0], SECTION[1], "mechanism"],
                "`oauth` is missing beside it: it says who gives the tokens",
            );
        }
        return;
    };
    if mechanism.is_some() && !by_token {
        let message = "tokens are for `OAUTHBEARER` only: write that, or remove `oauth`";
        report.fault(&[SECTION[0], SECTION[1], "mechanism"], message);
    }
    if has("username") || has("password") {
        let message = "a token is shown in place of user and password: remove either of them";
        report.fault(&[SECTION[0], SECTION[1], "oauth"], message);
    }
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !oauth.token_url.parse::<Url>().is_ok_and(|url| is_web(&url)) {
        report.fault(
            &[SECTION[0], SECTION[1], "oauth", "token_url"],
            "is no URL that begins with `https://` or `http://`",
        );
    }
}

/// Reports keys that the protocol has no use for, and a login that the protocol asks for and nobody gives.
fn unused(
    protocol: Protocol,
    given: bool,
    tls: &[&str],
    has: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) {
    if !given {
        return;
    }
    let word = protocol.word();
    if !protocol.is_tls() {
        for key in tls {
            let secure = if protocol.asks_for_login() { "sasl_ssl" } else { "ssl" };
            let message = format!("`{word}` has no TLS; write `protocol: {secure}`, or remove this key");
            report.fault(&[SECTION[0], SECTION[1], key], message);
        }
    }
    if protocol.asks_for_login() && !has("username") && !has("password") && !has("oauth") {
        let message = format!("`{word}` asks for a login: write `username` and `password`, or `oauth`");
        report.fault(&[SECTION[0], SECTION[1], "protocol"], message);
    }
    if !protocol.asks_for_login() && has("oauth") {
        let message = format!("`{word}` asks for no login; write `protocol: sasl_ssl`, or remove this key");
        report.fault(&[SECTION[0], SECTION[1], "oauth"], message);
    }
    if !protocol.asks_for_login() && has("username") {
        let secure = if protocol.is_tls() { "sasl_ssl" } else { "sasl_plaintext" };
        let message = format!("`{word}` asks for no login; write `protocol: {secure}`, or remove this key");
        report.fault(&[SECTION[0], SECTION[1], "username"], message);
    }
}

impl Protocol {
    fn word(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    fn is_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn asks_for_login(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl Mechanism {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram256 => "SCRAM-SHA-256",
            Self::Scram512 => "SCRAM-SHA-512",
            Self::OAuthBearer => token::MECHANISM,
        }
    }
}
